"""Which depots together hold what is needed: nearest first, walking up the tiers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from registry.domain.resource import Tier
from registry.domain.values import Code

TIERS: tuple[Tier | None, ...] = ("community", "town", "district", None)
"""The way up; a depot whose tier nobody stated comes last."""
PARTNER_STEP = len(TIERS)


class Need(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """So much of one item, in the unit in which depots count it."""

    code: Code
    quantity: Annotated[float, Meta(gt=0, le=1e12)]
    scheme: Code = "gbt38565"


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
    """What no depot is known to hold, and how many depots hold an uncounted amount of it."""

    scheme: str
    code: str
    missing: float
    uncounted_depots: int


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
    left: dict[tuple[str, str], float] = {}
    for need in needs:
        left[need.scheme, need.code] = left.get((need.scheme, need.code), 0.0) + need.quantity
    draws = []
    for stock in ordered:
        wanted = left.get((stock.scheme, stock.code), 0.0)
        take = min(wanted, stock.quantity or 0.0)
        if take > 0:
            left[stock.scheme, stock.code] = wanted - take
            holds = stock.quantity or 0.0
            draws.append(
                Draw(stock.depot, stock.scheme, stock.code, take, holds, stock.unit, stock.counted_at)
            )
    return draws, [
        Shortfall(scheme, code, missing, _uncounted(stocks, scheme, code))
        for (scheme, code), missing in left.items()
        if missing > 0
    ]


def _uncounted(stocks: Sequence[Stock], scheme: str, code: str) -> int:
    return sum(s.quantity is None and (s.scheme, s.code) == (scheme, code) for s in stocks)
