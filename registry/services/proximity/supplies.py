"""The depots that together hold what an incident needs."""

from collections.abc import Sequence
from typing import Any

import msgspec

from registry.domain.access.sight import Sight
from registry.domain.proximity.figures import hit
from registry.domain.proximity.origin import Origin
from registry.domain.proximity.supplies import Draw, Need, Shortfall, Stock, allot, mixed_units
from registry.services.proximity.answer import ResourceQuestion, hit_context, of_kind, require_place
from registry.services.proximity.start import start_of
from registry.store.database.pool import Reader, Row
from registry.store.proximity import stocks


class Supplies(msgspec.Struct, frozen=True):
    """What to take from which depot, lower tiers and nearer ones first, and what is missing."""

    satisfied: bool
    depots: list[msgspec.Raw]
    shortfall: list[Shortfall]
    mixed_units: list[str]
    complete: bool
    origin: dict[str, Any]


async def supplies(
    reader: Reader,
    sight: Sight,
    question: ResourceQuestion,
    origin: Origin,
    needs: Sequence[Need],
    max_m: float | None,
) -> Supplies:
    """The depots within `max_m` that together hold the items, by tier and distance, and the shortfall."""
    wanted = of_kind(question.filter, "supply_depot", "only depots hold supplies")
    question = msgspec.structs.replace(question, filter=wanted)
    async with reader.snapshot(one_plan=True) as snapshot:
        start = await start_of(snapshot, origin)
        lines = await stocks.holding(snapshot, sight, wanted, start, needs, max_m)
        await require_place(snapshot, wanted, lines)
        draws, shortfall = allot(needs, [_stock(line) for line in lines])
        draws_of = _by_depot(draws)
        depots = {str(line["id"]): line for line in lines if str(line["id"]) in draws_of}
    context = hit_context(question, start)
    return Supplies(
        not shortfall,
        [hit(depots[depot], context, takes=takes) for depot, takes in draws_of.items()],
        shortfall,
        mixed_units(needs, draws),
        len(lines) < stocks.MOST_LINES,
        start.described,
    )


def _stock(line: Row) -> Stock:
    return Stock(
        depot=str(line["id"]),
        tier=line["tier"],
        partner=line["partner_of"] is not None,
        distance_m=line["distance_m"],
        scheme=line["scheme"],
        code=line["item_code"],
        quantity=line["quantity"],
        unit=line["unit"],
        counted_at=line["counted_at"],
    )


def _by_depot(draws: Sequence[Draw]) -> dict[str, list[dict[str, Any]]]:
    """What to take, by depot, in the order of the first draw from each."""
    takes: dict[str, list[dict[str, Any]]] = {}
    for draw in draws:
        take = msgspec.structs.asdict(draw)
        takes.setdefault(take.pop("depot"), []).append(take)
    return takes
