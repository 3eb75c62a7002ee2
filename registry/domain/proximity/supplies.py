"""Which depots together hold what is needed: nearest first, walking up the tiers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from registry.domain.records.resource import Tier
from registry.domain.values import Code, ShortText

TIERS: tuple[Tier | None, ...] = ("community", "town", "district", None)
"""The way up; a depot whose tier nobody stated comes last."""
PARTNER_STEP = len(TIERS)


Item = tuple[str, str, str | None]
"""Scheme, code and unit of what is asked for."""


class Need(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """So much of one item, in this unit; without one in whatever unit depots count it."""

    code: Code
    quantity: Annotated[float, Meta(gt=0, le=1e12)]
    scheme: Code = "gbt38565"
    unit: ShortText | None = None


class Stock(Struct, frozen=True, kw_only=True):
    """One item in one depot, as last counted; `quantity` None was never counted."""

    depot: str
    tier: Tier | None
    partner: bool
    distance_m: float | None
    scheme: str
    code: str
    quantity: float | None
    unit: str | None = None
    counted_at: datetime | None = None


class Draw(Struct, frozen=True):
    """What to take from one depot."""

    depot: str
    scheme: str
    code: str
    take: float
    holds: float
    unit: str | None
    counted_at: datetime | None


class Shortfall(Struct, frozen=True):
    """What no depot is known to hold; how many hold an uncounted amount, or count it in another unit."""

    scheme: str
    code: str
    unit: str | None
    missing: float
    uncounted_depots: int
    other_unit_depots: int


def step_of(stock: Stock) -> int:
    """How far up the way a depot stands: community, town, district, unknown, then partners alike."""
    return TIERS.index(stock.tier) + (PARTNER_STEP if stock.partner else 0)


def allot(needs: Sequence[Need], stocks: Sequence[Stock]) -> tuple[list[Draw], list[Shortfall]]:
    """What to take where: lower tiers first, then nearer ones; unlocated ones last in their tier."""
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
        holds = stock.quantity or 0.0
        for item in dict.fromkeys((_item(stock, stock.unit), _item(stock, None))):
            take = min(left.get(item, 0.0), holds)
            if take > 0:
                left[item] -= take
                draws.append(_draw(stock, take, holds))
                holds -= take
    return draws, [_shortfall(item, missing, stocks) for item, missing in left.items() if missing > 0]


def mixed_units(needs: Sequence[Need], draws: Sequence[Draw]) -> list[str]:
    """Items asked for without a unit of which amounts in several units were added up."""
    units: dict[tuple[str, str], set[str | None]] = {}
    for draw in draws:
        units.setdefault((draw.scheme, draw.code), set()).add(draw.unit)
    loose = {(need.scheme, need.code) for need in needs if need.unit is None}
    return sorted(f"{scheme}:{code}" for scheme, code in loose if len(units.get((scheme, code), ())) > 1)


def _item(stock: Stock, unit: str | None) -> Item:
    return stock.scheme, stock.code, unit


def _draw(stock: Stock, take: float, holds: float) -> Draw:
    return Draw(stock.depot, stock.scheme, stock.code, take, holds, stock.unit, stock.counted_at)


def _shortfall(item: Item, missing: float, stocks: Sequence[Stock]) -> Shortfall:
    scheme, code, unit = item
    same = [stock for stock in stocks if (stock.scheme, stock.code) == (scheme, code)]
    fits = [stock for stock in same if unit in (None, stock.unit)]
    uncounted = sum(stock.quantity is None for stock in fits)
    return Shortfall(scheme, code, unit, missing, uncounted, len(same) - len(fits))
