"""Which depots together hold what is needed: lower tiers first, then nearer depots."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from registry.domain.records.resource import Tier
from registry.domain.values import Code, ItemCode, ShortText

TIERS: tuple[Tier | None, ...] = ("community", "town", "district", None)
"""From the lowest tier; a depot without a stated tier comes last."""
PARTNER_STEP = len(TIERS)
"""Depots of partner places come after all others."""


Item = tuple[str, str, str | None]
"""Scheme, code and unit of a needed item."""


class Need(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A quantity of one item; without a unit, in any unit that depots count it in."""

    code: ItemCode
    """Code of the item."""
    quantity: Annotated[float, Meta(gt=0, le=1e12)]
    scheme: Code = "gbt38565"
    unit: ShortText | None = None


class Stock(Struct, frozen=True, kw_only=True):
    """One item in one depot as last counted; None was never counted, what is expired is not available."""

    depot: str
    tier: Tier | None
    partner: bool
    distance_m: float | None
    scheme: str
    code: str
    quantity: float | None
    unit: str | None = None
    counted_at: datetime | None = None
    expired: bool = False


class Draw(Struct, frozen=True):
    """A quantity to take from one depot."""

    depot: str
    scheme: str
    code: str
    take: float
    holds: float
    unit: str | None
    counted_at: datetime | None


class Shortfall(Struct, frozen=True, kw_only=True):
    """A quantity that no depot is known to hold: as listed, at least and at most.

    Depots may hold it that never counted it or count it in another unit; `expired` is not available.
    """

    scheme: str
    code: str
    unit: str | None
    missing: float
    """How much is missing by what is listed."""
    missing_min: float
    missing_max: float
    uncounted_depots: int
    other_unit_depots: int
    expired: float


def step_of(stock: Stock) -> int:
    """The rank of a depot: community, town, district, unstated, then partners in the same order."""
    return TIERS.index(stock.tier) + (PARTNER_STEP if stock.partner else 0)


def allot(needs: Sequence[Need], stocks: Sequence[Stock]) -> tuple[list[Draw], dict[Item, float]]:
    """What to take from which depot, and what is missing then, by item.

    Lower tiers come first, then nearer depots; unlocated ones are the last of their tier.
    """
    far = float("inf")
    ordered = sorted(
        stocks,
        key=lambda s: (step_of(s), far if s.distance_m is None else s.distance_m, s.depot, s.scheme, s.code),
    )
    left: dict[Item, float] = {}
    for need in needs:
        item = (need.scheme, need.code, need.unit)
        left[item] = left.get(item, 0.0) + need.quantity
    draws = []
    for stock in ordered:
        holds = 0.0 if stock.expired else stock.quantity or 0.0
        for item in dict.fromkeys((_item(stock, stock.unit), _item(stock, None))):
            take = min(left.get(item, 0.0), holds)
            if take > 0:
                left[item] -= take
                draws.append(_draw(stock, take, holds))
                holds -= take
    return draws, left


def shortfalls(
    needs: Sequence[Need], listed: Sequence[Stock], certain: Sequence[Stock], *, unlisted: bool
) -> list[Shortfall]:
    """What is missing of each item as listed, and at most: counted in what is certainly within reach.

    With `unlisted` there may be more than is listed, so that nothing need be missing.
    """
    missing, most = allot(needs, listed)[1], allot(needs, certain)[1]
    return [_shortfall(item, missing[item], most[item], listed, unlisted) for item in most if most[item] > 0]


def mixed_units(needs: Sequence[Need], draws: Sequence[Draw]) -> list[str]:
    """Items needed without a unit for which quantities in several units were added up."""
    units: dict[tuple[str, str], set[str | None]] = {}
    for draw in draws:
        units.setdefault((draw.scheme, draw.code), set()).add(draw.unit)
    loose = {(need.scheme, need.code) for need in needs if need.unit is None}
    return sorted(f"{scheme}:{code}" for scheme, code in loose if len(units.get((scheme, code), ())) > 1)


def _item(stock: Stock, unit: str | None) -> Item:
    return stock.scheme, stock.code, unit


def _draw(stock: Stock, take: float, holds: float) -> Draw:
    return Draw(stock.depot, stock.scheme, stock.code, take, holds, stock.unit, stock.counted_at)


def _shortfall(item: Item, missing: float, most: float, stocks: Sequence[Stock], unlisted: bool) -> Shortfall:
    scheme, code, unit = item
    same = [stock for stock in stocks if (stock.scheme, stock.code) == (scheme, code)]
    fits = [stock for stock in same if unit in (None, stock.unit)]
    left = [stock for stock in same if not stock.expired]
    fitting = [stock for stock in left if unit in (None, stock.unit)]
    uncounted = {stock.depot for stock in fitting if stock.quantity is None}
    other_units = {stock.depot for stock in left} - {stock.depot for stock in fitting}
    may_be_there = unlisted or bool(uncounted) or len(left) > len(fitting)
    return Shortfall(
        scheme=scheme,
        code=code,
        unit=unit,
        missing=missing,
        missing_min=0.0 if may_be_there else missing,
        missing_max=most,
        uncounted_depots=len(uncounted),
        other_unit_depots=len(other_units),
        expired=sum(stock.quantity or 0.0 for stock in fits if stock.expired),
    )
