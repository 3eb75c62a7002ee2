"""The depots that together hold what an incident needs."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from registry.domain.access.sight import Sight
from registry.domain.completeness import SetAnswer, unlisted_at_most, why_none
from registry.domain.incidents.cordon import CordonInForce
from registry.domain.plans.provision import Words
from registry.domain.proximity.figures import hit, is_certain
from registry.domain.proximity.origin import Origin, Start
from registry.domain.proximity.supplies import Draw, Need, Shortfall, Stock, allot, mixed_units, shortfalls
from registry.domain.proximity.undecided import name_undecided, places_of
from registry.services.completeness import completeness_of
from registry.services.incidents.cordons_near import cordons_of
from registry.services.proximity.answer import ResourceQuestion, hit_context, of_kind, require_place
from registry.services.proximity.start import start_of
from registry.services.proximity.undecided import doubt_of
from registry.store.database.pool import Reader, Row
from registry.store.proximity import stocks
from registry.store.proximity.possible import extents
from registry.store.proximity.undecided import SearchBound


class Supplies(SetAnswer, frozen=True, kw_only=True):
    """What to take from which depot, lower tiers and nearer ones first, and what is missing.

    `satisfied` is unknown where depots that are undecided, or not listed, may hold what is missing.
    """

    satisfied: Literal["yes", "no", "unknown"]
    depots: list[msgspec.Raw]
    shortfall: list[Shortfall]
    mixed_units: list[str]
    complete: bool
    origin: Mapping[str, Any]
    cordons: list[CordonInForce]
    """Cordons in force in which or behind which some of the depots lie."""
    none: Words | UnsetType = UNSET


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
        listing = await completeness_of(snapshot, sight, wanted)
        rows = await stocks.may_hold(snapshot, sight, wanted, start, needs, max_m)
        undecided = name_undecided(rows, start, await extents(snapshot, places_of(rows)), max_m)
        bound = SearchBound(wanted, max_m)
        excluded = (await doubt_of(snapshot, sight, start, bound)).excluded
        cordons = await cordons_of(snapshot, sight, start, [*{line["id"]: line for line in lines}.values()])
    listed = [_stock(line) for line in lines]
    certain = [_stock(line) for line in lines if _is_certain(line, start, max_m)]
    draws, _ = allot(needs, listed)
    unlisted = undecided.count > 0 or unlisted_at_most(listing) != 0 or len(lines) >= stocks.MOST_LINES
    missing = shortfalls(needs, listed, certain, unlisted=unlisted)
    context = hit_context(question, start, bound_m=max_m)
    by_depot = {str(line["id"]): line for line in lines}
    answer = Supplies(
        satisfied=_satisfied(missing),
        depots=[
            hit(by_depot[depot], context, takes=takes, **cordons.figures(by_depot[depot]))
            for depot, takes in _by_depot(draws).items()
        ],
        cordons=cordons.in_force,
        shortfall=missing,
        mixed_units=mixed_units(needs, draws),
        complete=len(lines) < stocks.MOST_LINES,
        origin=start.described,
        completeness=listing,
        undecided=undecided,
        excluded=excluded,
    )
    return answer if answer.depots else msgspec.structs.replace(answer, none=why_none(answer))


def _satisfied(missing: Sequence[Shortfall]) -> Literal["yes", "no", "unknown"]:
    if not missing:
        return "yes"
    return "no" if any(short.missing_min > 0 for short in missing) else "unknown"


def _is_certain(line: Row, start: Start, max_m: float | None) -> bool:
    return max_m is None or is_certain(line, start, max_m)


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
        expired=line["expired"],
    )


def _by_depot(draws: Sequence[Draw]) -> dict[str, list[dict[str, Any]]]:
    """What to take, by depot, in the order of the first draw from each."""
    takes: dict[str, list[dict[str, Any]]] = {}
    for draw in draws:
        take = msgspec.structs.asdict(draw)
        takes.setdefault(take.pop("depot"), []).append(take)
    return takes
