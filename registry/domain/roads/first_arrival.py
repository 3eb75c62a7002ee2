"""When the first of many arrives at each of many spots: a search from all of them at once."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from registry.domain.proximity.edges import GEOD
from registry.domain.roads.leg import FOOT_M_PER_S, RoadSpot, Traffic, UnknownLeg
from registry.domain.roads.network import BACKWARD, FORWARD
from registry.domain.roads.search import (
    SAME_M,
    Area,
    RoadSearch,
    Seconds,
    SnappedSpot,
    Starts,
    part_of,
    snapped_spot,
)
from registry.domain.roads.snapping import Snapped, snap

MOST_UNCERTAIN = 200
"""Uncertain origins whose least favourable place is looked for; the rest prove no upper end."""


class FirstArrivals(NamedTuple):
    """Seconds until the first arrives at each target; infinite where none does.

    `low` from the most favourable places of all, `free_flow` from where they are recorded, `high` with the
    factors of the condition from the least favourable places of those that are `sure`.
    """

    low: Seconds
    free_flow: Seconds
    high: Seconds
    unknown: list[UnknownLeg | None]
    """Why a target has no time at all."""


class _Origin(NamedTuple):
    spot: RoadSpot
    own: SnappedSpot
    area: Area
    sure: bool


def first_arrivals(
    search: RoadSearch,
    origins: Sequence[tuple[RoadSpot, bool]],
    targets: Sequence[RoadSpot],
    traffic: Traffic,
) -> FirstArrivals:
    """When the first of the origins, each with whether it is sure to count, arrives at each target.

    Origins too far from every road are left out, and uncertain targets count as where they are recorded.
    """
    spots = [spot for spot, _ in origins]
    snapped = snap(search.network, spots, search.offroad_limits(spots))
    met = []
    for n, (spot, sure) in enumerate(origins):
        own = snapped_spot(snapped, n)
        area = search.area_of(spot, own)
        if area is not None:
            met.append(_Origin(spot, own, area, sure))
    places = [target._replace(radius_m=0.0) for target in targets]
    there = snap(search.network, places, search.offroad_limits(places))
    unknown = [None if there.piece[n] >= 0 else search.off_roads(spot) for n, spot in enumerate(places)]
    costs = search.costs(traffic)
    recorded = [(one, 0.0) for one in met]
    free_flow = _arrivals(search, recorded, places, there, costs)
    vague = [one for one in met if one.spot.radius_m]
    low = np.minimum(free_flow, _from_anywhere(search, vague, there, costs)) if vague else free_flow
    high = np.full(len(places), np.inf)
    if traffic.condition is not None:
        slow = search.costs(traffic, slow=True)
        high = _arrivals(search, _surely(search, met, slow), places, there, slow)
    return FirstArrivals(low, free_flow, high, unknown)


def _arrivals(
    search: RoadSearch, origins: Sequence[tuple[_Origin, float]], targets: Sequence[RoadSpot], there: Snapped,
    costs: Seconds,
) -> Seconds:  # fmt: skip
    """The first arrival from where the origins are recorded, each later by its own seconds."""
    if not origins:
        return np.full(len(targets), np.inf)
    parts = [search.leaving(one.own, costs) for one, _ in origins]
    later = [np.full(len(part.junctions), more) for part, (_, more) in zip(parts, origins, strict=True)]
    starts = Starts(
        np.concatenate([part.junctions for part in parts]),
        np.concatenate([part.seconds for part in parts]) + np.concatenate(later),
    )
    times = _at(search, search.run("out", starts, costs, None), there, costs)
    return _along_own_piece(search, origins, targets, there, costs, times)


def _at(search: RoadSearch, reached: Seconds, there: Snapped, costs: Seconds) -> Seconds:
    """The seconds at each target by the ends of its piece, with the way on foot."""
    network, piece = search.network, np.maximum(there.piece, 0)
    cost, ways = costs[piece], network.ways[piece]
    ahead = np.where(ways & FORWARD, reached[network.begin[piece]] + part_of(there.share, cost), np.inf)
    back = np.where(ways & BACKWARD, reached[network.end[piece]] + part_of(1 - there.share, cost), np.inf)
    return np.where(there.piece >= 0, np.minimum(ahead, back) + there.away_m / FOOT_M_PER_S, np.inf)


def _along_own_piece(
    search: RoadSearch, origins: Sequence[tuple[_Origin, float]], targets: Sequence[RoadSpot], there: Snapped,
    costs: Seconds, times: Seconds,
) -> Seconds:  # fmt: skip
    """The times with those of origins on the very piece of a target."""
    on_piece: dict[int, list[tuple[_Origin, float]]] = defaultdict(list)
    for one, more in origins:
        on_piece[one.own.piece].append((one, more))
    best = times.copy()
    for n, target in enumerate(targets):
        piece = int(there.piece[n])
        for one, more in on_piece.get(piece, ()) if piece >= 0 else ():
            if _is_here(one.spot, target) and not more:
                best[n] = 0.0
            elif np.isfinite(costs[piece]):
                along = float((there.share[n] - one.own.share) * costs[piece])
                way = FORWARD if along >= 0 else BACKWARD
                if search.network.ways[piece] & way or along == 0:
                    foot_s = (one.own.away_m + float(there.away_m[n])) / FOOT_M_PER_S
                    best[n] = min(best[n], abs(along) + foot_s + more)
    return best


def _is_here(spot: RoadSpot, target: RoadSpot) -> bool:
    away_m: float = GEOD.inv(spot.lon, spot.lat, target.lon, target.lat)[2]
    return away_m <= SAME_M


def _from_anywhere(search: RoadSearch, vague: Sequence[_Origin], there: Snapped, costs: Seconds) -> Seconds:
    """The first arrival from the most favourable places of uncertain origins."""
    network = search.network
    junctions, seconds = [], []
    on_piece: dict[int, float] = {}
    for one in vague:
        foot_s = one.area.least_m / FOOT_M_PER_S
        pieces = one.area.pieces[np.isfinite(costs[one.area.pieces])]
        ends = np.unique(np.concatenate([network.begin[pieces], network.end[pieces]]))
        junctions.append(ends)
        seconds.append(np.full(len(ends), foot_s))
        for piece in pieces.tolist():
            on_piece[piece] = min(foot_s, on_piece.get(piece, foot_s))
    starts = Starts(np.concatenate(junctions), np.concatenate(seconds))
    times = _at(search, search.run("out", starts, costs, None), there, costs)
    own: Any = [on_piece.get(int(piece), np.inf) for piece in there.piece]
    return np.minimum(times, np.asarray(own) + there.away_m / FOOT_M_PER_S)


def _surely(search: RoadSearch, met: Sequence[_Origin], costs: Seconds) -> list[tuple[_Origin, float]]:
    """The sure origins, with how much later one of them leaves its least favourable place."""
    certain = [(one, 0.0) for one in met if one.sure and not one.spot.radius_m]
    vague = [one for one in met if one.sure and one.spot.radius_m][:MOST_UNCERTAIN]
    for one in vague:
        reached = search.run("in", search.arriving(one.own, costs), costs, None)
        spread_s = search.greatest(reached, one.area.pieces, costs, "in") + one.area.most_m / FOOT_M_PER_S
        if np.isfinite(spread_s):
            certain.append((one, spread_s))
    return certain
