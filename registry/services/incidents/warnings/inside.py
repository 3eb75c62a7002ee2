"""What lies inside a stored warning: resources, entries and whom to call, as one list."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.geometry import wkb
from registry.domain.incidents.call_list import IncidentCallList
from registry.domain.incidents.warning import StoredWarning
from registry.domain.plans.entry import Register, register_of
from registry.domain.plans.inside_entry import lies_in
from registry.domain.proximity.edges import disc_around
from registry.domain.proximity.origin import Start
from registry.domain.values import Name
from registry.services.incidents.call_list import call_list_at
from registry.services.incidents.warnings.receive import read_warning
from registry.store.database.pool import Reader
from registry.store.plans import located

LISTED: tuple[Register, ...] = (
    "hazard_point",
    "hazard_source",
    "incident",
    "hospital",
    "service_point",
    "water_source",
    "site",
    "cordon",
)
MOST_ENTRIES = 5_000


class InsideEntry(Struct, frozen=True, kw_only=True):
    """An entry that lies inside, or possibly does."""

    register: Register
    id: UUID
    name: Name | None
    type: str | None
    """What it is, by a code."""
    place: str | None
    inside: str
    contact: str | None


class InsideWarning(Struct, frozen=True, kw_only=True):
    """A warning with the entries inside it and whom to call; `complete` is false beyond 5,000 entries.

    `unplaced` counts the entries without a position, of which nobody can tell.
    """

    warning: StoredWarning
    entries: list[InsideEntry]
    unplaced: int
    call_list: IncidentCallList
    complete: bool


async def inside_warning(reader: Reader, sight: Sight, identity: UUID) -> InsideWarning:
    """What lies inside a warning; its resources are asked with `/v1/proximity/within`."""
    async with reader.snapshot() as snapshot:
        warning = await read_warning(snapshot, sight, identity)
        assert warning.geometry is not None
        shape = wkb(warning.geometry)
        entries, unplaced, complete = await entries_inside(snapshot, sight, LISTED, shape)
        hazard = warning.hazards[0] if warning.hazards else None
        return InsideWarning(
            warning=warning,
            entries=entries,
            unplaced=unplaced,
            call_list=await call_list_at(snapshot, sight, Start(shape=shape), hazard),
            complete=complete,
        )


async def entries_inside(
    reader: Reader, sight: Sight, registers: Sequence[Register], shape: bytes
) -> tuple[list[InsideEntry], int, bool]:
    """The entries of registers inside an area, how many have no position, and whether these are all."""
    lon, lat, reach_m = disc_around(shape)
    spot = Start(lon=lon, lat=lat)
    found = await located.near(reader, sight, registers, spot, reach_m, MOST_ENTRIES + 1, whole=False)
    loose, more = await located.unplaced(reader, sight, registers, whole=False)
    inside = [(one.entry, lies_in(one.entry, one.uncertainty_m, shape)) for one in found]
    listed = [_listed(entry, how) for entry, how in inside if how != "outside"]
    complete = len(found) <= MOST_ENTRIES and not more
    return sorted(listed, key=lambda one: (one.register, one.inside, str(one.id))), len(loose), complete


def _listed(entry: Any, how: str) -> InsideEntry:
    return InsideEntry(
        register=register_of(entry),
        id=entry.id,
        name=entry.name,
        type=getattr(entry, "type", None),
        place=entry.place,
        inside=how,
        contact=getattr(entry, "contact", None),
    )
