"""Which depots together can give what an incident needs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import post
from litestar.datastructures import State
from litestar.params import JSONBody
from msgspec import Meta

from registry.api.http.dependencies import ReaderDep, SightDep
from registry.domain.conditions import Conditions, filter_of
from registry.domain.errors import InvalidQuery
from registry.domain.proximity.origin import Origin, Start
from registry.domain.proximity.ranking import Ranking
from registry.domain.proximity.supplies import Draw, Need, Shortfall, Stock, allot, mixed_units
from registry.domain.values import Metres
from registry.services.proximity import start as starting
from registry.services.proximity.hits import check_place, describing, hit
from registry.store.proximity import stocks

Row = Mapping[str, Any]


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is needed, where."""

    origin: Origin
    items: Annotated[list[Need], Meta(min_length=1, max_length=100)]
    max_m: Metres | None = None
    where: Conditions = Conditions()


class Supplies(msgspec.Struct, frozen=True):
    """What to take from which depot, lower tiers and nearer ones first, and what is missing."""

    satisfied: bool
    depots: list[msgspec.Raw]
    shortfall: list[Shortfall]
    mixed_units: list[str]
    complete: bool
    origin: dict[str, Any]


@post("/supplies", status_code=200)
async def ask_supplies(state: State, reader: ReaderDep, sight: SightDep, data: JSONBody[Request]) -> Supplies:
    """The depots in service that together hold the items, by tier and distance; the shortfall is stated."""
    now = sight.as_of or datetime.now(UTC)
    if data.where.kind not in (None, "supply_depot") or data.where.kinds not in (None, ("supply_depot",)):
        raise InvalidQuery("only depots hold supplies", field="kind")
    where = msgspec.structs.replace(data.where, kind="supply_depot", kinds=None)
    wanted = filter_of(where, now)
    async with reader.snapshot(one_plan=True) as snapshot:
        start = await starting.start_of(snapshot, data.origin)
        rows = await stocks.holding(snapshot, sight, wanted, start, data.items, data.max_m)
        await check_place(snapshot, wanted, rows)
        draws, missing = allot(data.items, [_stock(row) for row in rows])
        chosen = {draw.depot for draw in draws}
        kept = {str(row["id"]): row for row in rows if str(row["id"]) in chosen}
        stale_days = state.settings.stale_after_days
        with_ = await describing(snapshot, start, Ranking(), wanted, now, stale_days, list(kept.values()))
    taken = _by_depot(draws)
    depots = [_depot(kept[depot], taken[depot], with_, start) for depot in taken]
    mixed = mixed_units(data.items, draws)
    return Supplies(not missing, depots, missing, mixed, len(rows) < stocks.MOST_LINES, start.described)


def _stock(row: Row) -> Stock:
    return Stock(
        depot=str(row["id"]),
        tier=row["tier"],
        partner=row["partner_of"] is not None,
        distance_m=row["distance_m"],
        scheme=row["scheme"],
        code=row["item_code"],
        quantity=row["quantity"],
        unit=row["unit"],
        counted_at=row["counted_at"],
    )


def _by_depot(draws: Sequence[Draw]) -> dict[str, list[dict[str, Any]]]:
    taken: dict[str, list[dict[str, Any]]] = {}
    for draw in draws:
        line = msgspec.structs.asdict(draw)
        taken.setdefault(line.pop("depot"), []).append(line)
    return taken


def _depot(row: Row, takes: list[dict[str, Any]], with_: Any, start: Start) -> msgspec.Raw:
    return hit(row, with_, takes=takes)
