"""How fit a team is for an alarm: ready before busy, of the specialty before comprehensive, then near."""

from typing import Any, Literal

import msgspec
from msgspec import Struct

from registry.domain.proximity.hazard import COMPREHENSIVE
from registry.domain.records.resource import Readiness
from registry.domain.values import Coded

READIEST: tuple[Readiness, ...] = ("available", "unknown", "off_duty", "committed", "unavailable")


class Fitness(Struct, frozen=True):
    """The readiness of a team, and whether it is there for this hazard, or for all.

    `any` is the specialty where no hazard is asked about.
    """

    readiness: Readiness
    specialty: Literal["specialist", "comprehensive", "any"]

    @property
    def rank(self) -> tuple[int, bool]:
        """The order of fitness, the fittest first."""
        return READIEST.index(self.readiness), self.specialty == "comprehensive"


class _TeamProperties(Struct):
    specialties: list[Coded] = []
    readiness: Readiness = "unknown"


class _Team(Struct):
    properties: _TeamProperties


_DECODER = msgspec.json.Decoder(_Team)


def fitness_of(feature: Any, specialties: tuple[str, ...] | None) -> Fitness:
    """The fitness of a rendered team for any of the specialties (scheme:code); None is no hazard."""
    team = _DECODER.decode(feature).properties
    if specialties is None:
        return Fitness(team.readiness, "any")
    own = {f"{code.scheme}:{code.code}" for code in team.specialties}
    specialist = any(code in own for code in specialties if code != COMPREHENSIVE)
    return Fitness(team.readiness, "specialist" if specialist else "comprehensive")
