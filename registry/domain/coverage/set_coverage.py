"""Set coverage: how many of the places of a level have a resource, and which have none."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from registry.domain.coverage.coverage import Estimate
from registry.domain.errors import InvalidQuery
from registry.domain.values import Name


class Unit(Struct, frozen=True):
    """A counted place."""

    code: str
    name: Name


class Membership(Struct, frozen=True):
    """The share of places that have a resource. `possible` may have one whose town is not certain."""

    denominator: str
    total: int
    covered: Estimate
    ratio: Estimate
    without: list[Unit]
    possible: list[Unit]


def membership(rows: Iterable[Mapping[str, Any]], within: Name | None, level: str) -> Membership:
    """Count the places; InvalidQuery when there is none to count."""
    units = [(Unit(r["code"], Name(r["name_zh"], r["name_en"])), r["certain"], r["possible"]) for r in rows]
    if not units:
        raise InvalidQuery(f"no place of level {level} there", field="level")
    sure = sum(certain for _, certain, _ in units)
    doubtful = [unit for unit, certain, possible in units if possible and not certain]
    without = [unit for unit, certain, possible in units if not certain and not possible]
    total = len(units)
    covered = Estimate(float(sure), float(sure), float(sure + len(doubtful)))
    ratio = Estimate(covered.lower / total, covered.nominal / total, covered.upper / total)
    return Membership(
        f"all {total} places of level {level} in {within}", total, covered, ratio, without, doubtful
    )
