"""Report how the borders of a territory fit together."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from registry.domain.access.actor import Actor, require
from registry.domain.places.boundaries import BoundaryFault, DrawnPlace, boundary_faults
from registry.domain.values import Name
from registry.services.clock import now
from registry.services.places.places import read_place
from registry.store.database.pool import Reader
from registry.store.places import places

MOST_FAULTS = 1_000


class BoundaryReport(Struct, frozen=True, kw_only=True):
    """What is wrong with the borders at and under a place; `compared` parents have drawn children.

    `counts` are all faults by code; of `faults` at most 1,000 are listed.
    """

    place: str
    compared: int
    counts: dict[str, int]
    """How many faults of each kind."""
    faults: list[BoundaryFault]


async def report_boundaries(reader: Reader, actor: Actor, code: str) -> BoundaryReport:
    """The faults of the borders in force today at and under a place, parent by parent; for planners."""
    require(actor, "planner")
    root = await read_place(reader, code)
    known: dict[str, DrawnPlace] = {}
    under: dict[str, list[DrawnPlace]] = {}
    for row in await places.borders(reader, root.id, now().date()):
        name = Name(row["name_zh"], row["name_en"])
        known[row["code"]] = drawn = DrawnPlace(code=row["code"], name=name, border=row["border"])
        if row["parent"] is not None:
            under.setdefault(row["parent"], []).append(drawn)
    families = {code: children for code, children in under.items() if code in known}
    faults = await asyncio.to_thread(_faults, known, families)
    compared = sum(any(one.border is not None for one in children) for children in families.values())
    counts = dict(Counter(fault.finding.code for fault in faults))
    return BoundaryReport(place=root.id, compared=compared, counts=counts, faults=faults[:MOST_FAULTS])


def _faults(
    known: Mapping[str, DrawnPlace], families: Mapping[str, Sequence[DrawnPlace]]
) -> list[BoundaryFault]:
    return [fault for code, children in families.items() for fault in boundary_faults(known[code], children)]
