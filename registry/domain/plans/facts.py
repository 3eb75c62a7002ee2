"""What the checks of a plan look at: counted resources, register entries, places, coverage, zones."""

from datetime import date
from typing import Any, TypeVar

from msgspec import Struct, field

from registry.domain.coverage.coverage import Coverage
from registry.domain.plans.entry import Denominator, Entry, Inventory, YesNoUnknown, matches
from registry.domain.plans.provision import ProvisionSubject
from registry.domain.records.resource import Kind, Lifecycle, Quality
from registry.domain.values import Name

LOCATED = ("surveyed", "approximate")
AT_WORK = ("in_service",)
EXISTING = ("in_service", "suspended")
E = TypeVar("E", bound=Entry)


class Tally(Struct, frozen=True, kw_only=True):
    """Resources that are alike in everything a check asks about, counted."""

    kind: Kind
    place: str | None
    lifecycle: Lifecycle
    quality: Quality
    verified: bool
    level: str | None = None
    tier: str | None = None
    form: str | None = None
    force: str | None = None
    watch_radius_m: float | None = None
    count: int = 1
    serves_persons: int = 0
    serves_unknown: int = 0
    examples: list[str] = field(default_factory=list)


class SpecialtyCount(Struct, frozen=True):
    """How many teams at work in a place have a specialty (scheme:code)."""

    specialty: str
    place: str | None
    count: int


class PlaceFact(Struct, frozen=True, kw_only=True):
    """A place of the jurisdiction."""

    code: str
    name: Name
    level: str
    flags: dict[str, str] = field(default_factory=dict)
    above: frozenset[str] = frozenset()


class StockMinimum(Struct, frozen=True):
    """A stock line against its minimum."""

    resource: str
    item_code: str
    quantity: float | None
    minimum: float


class CoverageShare(Struct, frozen=True):
    """A coverage answer and the name of the ground it was measured on."""

    coverage: Coverage
    ground: str | None


class ZoneFact(Struct, frozen=True):
    """A zone, whether it has a geometry, and the provisions whose rules measure from its kind."""

    id: str
    drawn: bool
    provisions: list[str]


class Facts(Struct, frozen=True, kw_only=True):
    """Everything known at one instant about one jurisdiction."""

    place: str
    today: date
    tallies: list[Tally] = field(default_factory=list)
    skills: list[SpecialtyCount] = field(default_factory=list)
    entries: list[Any] = field(default_factory=list)
    places: list[PlaceFact] = field(default_factory=list)
    stock: list[StockMinimum] = field(default_factory=list)
    zones: list[ZoneFact] = field(default_factory=list)
    share: CoverageShare | None = None

    def of(self, kind: type[E]) -> list[E]:
        """The entries of one register that are not retired."""
        return [entry for entry in self.entries if isinstance(entry, kind) and not entry.retired]

    def towns(self) -> list[PlaceFact]:
        """The towns of the jurisdiction."""
        return [place for place in self.places if place.level == "town"]

    def denominator(self, code: str | None) -> Denominator | None:
        """The named set, if it is loaded."""
        return next((entry for entry in self.of(Denominator) if entry.code == code), None)

    def tallied(self, subject: ProvisionSubject, lifecycles: tuple[str, ...] = AT_WORK) -> list[Tally]:
        """The resources a subject names, at work unless said otherwise."""
        return [
            tally
            for tally in self.tallies
            if tally.kind == subject.kind
            and tally.lifecycle in lifecycles
            and all(getattr(tally, name, None) in wanted for name, wanted in _columns(subject))
        ]

    def is_complete(self, subject: ProvisionSubject, place: str) -> bool:
        """Whether somebody stated that all such records of this place are listed."""
        above = next((known.above for known in self.places if known.code == place), frozenset({place}))
        return any(
            inventory.of == subject.register
            and inventory.kind == subject.kind
            and inventory.place in (above | {place})
            and all(set(subject.where.get(name, ())) <= set(seen) and name in subject.where
                    for name, seen in inventory.where.items())
            for inventory in self.of(Inventory)
        )  # fmt: skip

    def absence(self, subject: ProvisionSubject, place: str) -> YesNoUnknown:
        """What it means that a place has no such record: no where an inventory is complete, else unknown."""
        return "no" if self.is_complete(subject, place) else "unknown"

    def listed(self, subject: ProvisionSubject) -> list[Any]:
        """The entries a subject of a register other than resources names."""
        return [
            entry
            for entry in self.entries
            if not entry.retired
            and entry.__struct_config__.tag == subject.register
            and matches(entry, subject.where)
        ]


def _columns(subject: ProvisionSubject) -> list[tuple[str, list[str]]]:
    """The conditions that a tally can answer; specialties are counted apart."""
    return [(name, wanted) for name, wanted in subject.where.items() if name != "specialties"]
