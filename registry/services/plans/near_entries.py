"""The entries of registers near a spot, with how complete the registers are and what cannot be decided."""

from collections.abc import Sequence

from msgspec import structs

from registry.domain.access.sight import Sight
from registry.domain.completeness import Completeness, Declaration, state_of
from registry.domain.plans.entry import Inventory, Register
from registry.domain.plans.near_entry import (
    EntriesNear,
    Measured,
    hit_of,
    measure,
    undecided_among,
    why_no_entry,
)
from registry.domain.proximity.origin import Origin, Start, as_spot
from registry.services.clock import now
from registry.services.proximity.start import start_of
from registry.store.database.pool import Reader
from registry.store.places import places
from registry.store.plans import located
from registry.store.proximity.possible import extents


async def near_entries(
    reader: Reader,
    sight: Sight,
    registers: Sequence[Register],
    origin: Origin,
    radius_m: float,
    limit: int = 1000,
) -> EntriesNear:
    """The entries within a radius of an origin, nearest first; closed incidents are left out."""
    async with reader.snapshot() as snapshot:
        start = as_spot(await start_of(snapshot, origin))
        return await entries_near(snapshot, sight, registers, start, radius_m, limit)


async def entries_near(
    reader: Reader,
    sight: Sight,
    registers: Sequence[Register],
    start: Start,
    radius_m: float,
    limit: int = 1000,
) -> EntriesNear:
    """The same for a start that was looked up; an area is taken as the disc that holds it."""
    measured, more = await measured_near(reader, sight, registers, start, radius_m, limit + 1)
    hits = sorted(
        (hit for one in measured if (hit := hit_of(one, radius_m)) is not None),
        key=lambda hit: (hit.distance_m, str(hit.entry.id)),
    )
    answer = EntriesNear(
        origin=start.described,
        radius_m=radius_m,
        entries=hits[:limit],
        completeness=await completeness_of_registers(reader, sight, registers, start),
        undecided=undecided_among(measured, radius_m, more=more),
        excluded={},
        complete=len(hits) <= limit,
    )
    if answer.entries:
        return answer
    return structs.replace(answer, none=why_no_entry(answer.completeness, answer.undecided))


async def measured_near(
    reader: Reader,
    sight: Sight,
    registers: Sequence[Register],
    start: Start,
    radius_m: float,
    limit: int,
    *,
    whole: bool = False,
) -> tuple[list[Measured], bool]:
    """Entries that may lie within the radius, each measured, and whether more have no position."""
    spot = as_spot(start)
    placed = await located.near(reader, sight, registers, spot, radius_m, limit, whole=whole)
    loose, more = await located.unplaced(reader, sight, registers, whole=whole)
    known = await extents(reader, sorted({bound for one in loose for bound in one.bounds}))
    return [measure(one.entry, spot, one.uncertainty_m, one.bounds, known) for one in [*placed, *loose]], more


async def completeness_of_registers(
    reader: Reader, sight: Sight, registers: Sequence[Register], start: Start
) -> Completeness:
    """How complete the registers are around a spot: open until somebody declared them complete there."""
    held = await places.containing(reader, start.lon, start.lat, (sight.as_of or now()).date())
    return await completeness_listed(reader, sight, registers, held[0]["code"] if held else None)


async def completeness_listed(
    reader: Reader, sight: Sight, registers: Sequence[Register], place: str | None
) -> Completeness:
    """How complete the registers are for a place: open until somebody declared them complete there."""
    row = await located.counts(reader, sight, registers)
    declared = [
        _declaration(one, registers) for one in await located.inventories(reader, sight, registers, place)
    ]
    state = state_of(declared)
    return Completeness(
        state=state,
        listed=row["listed"],
        located=row["located"],
        placeholders=row["placeholders"],
        missing=0 if state == "complete" else None,
        declared=declared,
    )


def _declaration(inventory: Inventory, registers: Sequence[Register]) -> Declaration:
    by = next((source.reference for source in inventory.sources), None)
    whole = set(registers) == {inventory.of} and not inventory.where
    return Declaration(
        inventory=str(inventory.id), place=inventory.place, by=by, on=inventory.on, whole=whole
    )
