"""What a list of features asks, as far as its completeness, what is undecided and what is excluded go."""

from msgspec import Struct, structs

from registry.domain.completeness import Reason
from registry.domain.conditions import Bbox, Filter
from registry.domain.ogc.cql import CqlFilter, FilterShape
from registry.domain.records.resource import KINDS, Kind

HOLDING: dict[str, tuple[Kind, ...]] = {"footprints": ("fire_watch_point",), "stock": ("supply_depot",)}
COUNTED = ("force", "level", "tier", "form", "ownership")
"""Properties by which a listing is counted, where a parameter asks for them."""


class NamedCondition(Struct, frozen=True):
    """One condition under the name of its parameter; its values are those of the whole filter."""

    name: str
    shape: FilterShape


class SetQuestion(Struct, frozen=True, kw_only=True):
    """A question for the records of a collection.

    `conditions` narrow it, apart from the window and the place. `unlocated` is the same question for records
    without a position; None where those belong to the collection.
    """

    collection: str
    kinds: tuple[Kind, ...]
    place: str | None = None
    counted: tuple[tuple[str, str], ...] = ()
    window: Bbox | None = None
    conditions: tuple[NamedCondition, ...] = ()
    filter: CqlFilter
    """The conditions and that of the place, with their values."""
    within: FilterShape = ("and", ())
    """The condition of the place."""
    unlocated: CqlFilter | None = None

    @property
    def listing(self) -> Filter:
        """The listing that the question is about: of records in service, as everywhere else."""
        wanted = Filter(kinds=self.kinds, place=self.place, lifecycle="in_service")
        return structs.replace(wanted, **dict(self.counted))


class UnlocatedRecord(Struct, frozen=True):
    """A record without a position, and the boxes of the places where it may be; None: anywhere."""

    id: str
    kind: Kind
    name: dict[str, str | None]
    reason: Reason
    boxes: tuple[Bbox, ...] | None = None

    def may_meet(self, window: Bbox | None) -> bool:
        """Whether it may lie in the window."""
        return window is None or self.boxes is None or any(_meet(box, window) for box in self.boxes)


def kinds_of(holds: str, kind: Kind | None) -> tuple[Kind, ...]:
    """The kinds of the records in a collection; none for places and zones."""
    if kind is not None:
        return (kind,)
    return KINDS if holds == "unlocated" else HOLDING.get(holds, ())


def _meet(one: Bbox, window: Bbox) -> bool:
    west, south, east, north = window
    if one[3] < south or one[1] > north:
        return False
    spans = [(west, 180.0), (-180.0, east)] if west > east else [(west, east)]
    return any(one[0] <= right and one[2] >= left for left, right in spans)
