"""The facts that checks use: counted resources, register entries, places, coverage, zones."""

from datetime import date
from typing import Any, TypeVar

from msgspec import Struct, field

from registry.domain.coverage.coverage import Coverage
from registry.domain.plans.entry import Denominator, Entry, Inventory, matches
from registry.domain.plans.entry_base import YesNoUnknown
from registry.domain.plans.provision import ProvisionSubject
from registry.domain.records.resource import Kind, Lifecycle, Quality
from registry.domain.values import Name

LOCATED = ("surveyed", "approximate")
IN_SERVICE = ("in_service",)
EXISTING = ("in_service", "suspended")
E = TypeVar("E", bound=Entry)


class Tally(Struct, frozen=True, kw_only=True):
    """The number of resources that are alike in all attributes that checks use.

    `serves_persons` is their sum; `serves_unknown` counts the depots that state no number. `examples` are the
    identities of records that lack a position or that number, and of placeholders. A placeholder is made from
    a published total and proves nothing.
    """

    kind: Kind
    place: str | None
    lifecycle: Lifecycle
    quality: Quality
    verified: bool
    placeholder: bool = False
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
    """The number of teams in service at a place that have a specialty (scheme:code), without placeholders."""

    specialty: str
    place: str | None
    count: int


class PlaceFact(Struct, frozen=True, kw_only=True):
    """A place of the jurisdiction; `above` are its ancestors and itself."""

    code: str
    name: Name
    level: str
    flags: dict[str, str] = field(default_factory=dict)
    above: frozenset[str] = frozenset()


class StockMinimum(Struct, frozen=True):
    """A stock line that has a minimum; a quantity of None is not counted yet."""

    resource: str
    item_code: str
    quantity: float | None
    minimum: float


class CoverageShare(Struct, frozen=True):
    """The coverage of the jurisdiction, or of the polygon of the denominator named `ground`."""

    coverage: Coverage
    ground: str | None


class ZoneFact(Struct, frozen=True):
    """A zone, whether its geometry is loaded, and the provisions whose rules measure from its kind."""

    id: str
    drawn: bool
    provisions: list[str]


class Facts(Struct, frozen=True, kw_only=True):
    """All facts about one jurisdiction at one instant."""

    place: str
    today: date
    tallies: list[Tally] = field(default_factory=list)
    skills: list[SpecialtyCount] = field(default_factory=list)
    entries: list[Any] = field(default_factory=list)
    places: list[PlaceFact] = field(default_factory=list)
    stock: list[StockMinimum] = field(default_factory=list)
    zones: list[ZoneFact] = field(default_factory=list)
    share: CoverageShare | None = None
    unplaced: dict[Kind, int] = field(default_factory=dict)
    """How many records of a kind the reader sees without their place; each may lie in this jurisdiction."""

    def of(self, kind: type[E]) -> list[E]:
        """The entries of one type that are not retired."""
        return [entry for entry in self.entries if isinstance(entry, kind) and not entry.retired]

    def towns(self) -> list[PlaceFact]:
        """The places of level town."""
        return [place for place in self.places if place.level == "town"]

    def denominator(self, code: str | None) -> Denominator | None:
        """The denominator with this code, None when it is not loaded."""
        return next((entry for entry in self.of(Denominator) if entry.code == code), None)

    def tallied(self, subject: ProvisionSubject, lifecycles: tuple[str, ...] = IN_SERVICE) -> list[Tally]:
        """The tallies of a subject, by default of resources in service."""
        return [
            tally
            for tally in self.tallies
            if tally.kind == subject.kind
            and tally.lifecycle in lifecycles
            and all(getattr(tally, name, None) in values for name, values in tallied_attributes(subject))
        ]

    def declarations(self, subject: ProvisionSubject, place: str) -> list[Inventory]:
        """The inventories of this place, or of one above, which state that all such records are listed."""
        above = next((fact.above for fact in self.places if fact.code == place), frozenset({place}))
        return [
            inventory
            for inventory in self.of(Inventory)
            if inventory.of == subject.register
            and inventory.kind == subject.kind
            and inventory.place in (above | {place})
            and all(
                name in subject.where and set(subject.where[name]) <= set(seen)
                for name, seen in inventory.where.items()
            )
        ]

    def is_complete(self, subject: ProvisionSubject, place: str) -> bool:
        """Whether an inventory of this place, or of one above, states that all such records are listed.

        To a reader who sees some without their place the list stays open.
        """
        return not self.unplaced_of(subject) and bool(self.declarations(subject, place))

    def unplaced_of(self, subject: ProvisionSubject) -> int:
        """How many records of the subject's kind the reader sees without their place."""
        return 0 if subject.kind is None else self.unplaced.get(subject.kind, 0)

    def absence(self, subject: ProvisionSubject, place: str) -> YesNoUnknown:
        """What it means that a place has no such record: no where an inventory is complete, else unknown."""
        return "no" if self.is_complete(subject, place) else "unknown"

    def listed(self, subject: ProvisionSubject) -> list[Any]:
        """The entries of a subject whose register is not resources."""
        return [
            entry
            for entry in self.entries
            if not entry.retired
            and entry.__struct_config__.tag == subject.register
            and matches(entry, subject.where)
        ]


def tallied_attributes(subject: ProvisionSubject) -> list[tuple[str, list[str]]]:
    """The conditions that tallies are counted by; specialties are counted apart."""
    return [(name, values) for name, values in subject.where.items() if name != "specialties"]
