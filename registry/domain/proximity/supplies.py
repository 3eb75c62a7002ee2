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
    quantity: Annotated[float, Meta(gt=0, le=1e12)]
    scheme: Code = "gbt38565"
    unit: ShortText | None = None


class Stock(Struct, frozen=True, kw_only=True):
    """One item in one depot as last counted; a `quantity` of None was never counted."""

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
    """A quantity to take from one depot."""

    depot: str
    scheme: str
    code: str
    take: float
    holds: float
    unit: str | None
    counted_at: datetime | None


class Shortfall(Struct, frozen=True):
    """A quantity that no depot is known to hold, and how many depots may: uncounted, or in another unit."""

    scheme: str
    code: str
    unit: str | None
    missing: float
    uncounted_depots: int
    other_unit_depots: int


def step_of(stock: Stock) -> int:
    """The rank of a depot: community, town, district, unstated, then partners in the same order."""
    return TIERS.index(stock.tier) + (PARTNER_STEP if stock.partner else 0)


def allot(needs: Sequence[Need], stocks: Sequence[Stock]) -> tuple[list[Draw], list[Shortfall]]:
    """What to take from which depot: lower tiers first, then nearer; unlocated last in their tier."""
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


def _shortfall(item: Item, missing: float, stocks: Sequence[Stock]) -> Shortfall:
    scheme, code, unit = item
    same = [stock for stock in stocks if (stock.scheme, stock.code) == (scheme, code)]
    fits = [stock for stock in same if unit in (None, stock.unit)]
    uncounted = {stock.depot for stock in fits if stock.quantity is None}
    other_units = {stock.depot for stock in same} - {stock.depot for stock in fits}
    return Shortfall(scheme, code, unit, missing, len(uncounted), len(other_units))
