"""Shortest times over the arrays of a network, by Dijkstra's algorithm in `scipy`.

Turn restrictions are not known, and a start counts no waiting: times are the lower end.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from registry.domain.errors import InvalidQuery
from registry.domain.proximity.edges import GEOD
from registry.domain.roads.leg import (
    FOOT_M_PER_S,
    FREE,
    MAX_OFFROAD_M,
    Leg,
    RoadData,
    RoadSpot,
    Traffic,
    UnknownLeg,
)
from registry.domain.roads.network import BACKWARD, FORWARD, RoadNetwork
from registry.domain.roads.snapping import Snapped, pieces_within, snap

Seconds = NDArray[np.float64]
START_S = 1.0
"""Added to every start and taken off again: a cost of nothing is ambiguous in a sparse matrix."""
SAME_M = 1.0
"""Two spots this near to each other are one: nobody walks to the road and back."""
EDGE_M = 500.0
"""A junction this near to the border of the extract may have roads beyond it."""


class Starts(NamedTuple):
    """Where a search begins: junctions, and the seconds that each has cost already."""

    junctions: NDArray[np.int64]
    seconds: Seconds


class Area(NamedTuple):
    """The pieces on which an uncertain spot may meet the roads, and the metres on foot to there."""

    pieces: NDArray[np.int64]
    least_m: float
    most_m: float


class RoadSearch:
    """Travel times over one network: the one adapter of the port `Roads`."""

    def __init__(self, network: RoadNetwork) -> None:
        self.network = network

    def known(self) -> RoadData:
        """Version, date, extent and licence of the data."""
        return self.network.known()

    def seconds(
        self, origins: Sequence[RoadSpot], to: RoadSpot, *, limit_s: float | None = None,
        traffic: Traffic = FREE,
    ) -> list[Leg]:  # fmt: skip
        """The travel time from each origin to one spot: one search on the transposed graph prices all."""
        snapped = snap(self.network, [*origins, to], self.offroad_limits([*origins, to]))
        own = snapped_spot(snapped, len(origins))
        area = self.area_of(to, own)
        if area is None:
            return [Leg(unknown=self.off_roads(to))] * len(origins)
        return _Arrival(self, to, own, area, limit_s, traffic).legs(origins, snapped)

    def costs(self, traffic: Traffic, *, slow: bool = False) -> Seconds:
        """Seconds of each piece: infinite where it is closed, longer by the factors of the condition."""
        costs: Seconds = self.network.seconds
        if slow:
            costs = costs * self.factors(traffic.condition or "")
        if traffic.closed:
            costs = costs.copy()
            costs[np.asarray(traffic.closed)] = np.inf
        return costs

    def factors(self, condition: str) -> Seconds:
        """The factor of each piece under a condition; InvalidQuery where nobody gave any."""
        factors = self.network.head.speeds.factors_of(condition)
        if factors is None:
            known = ", ".join(one.condition for one in self.network.head.speeds.factors) or "none"
            raise InvalidQuery(f"there are no factors for {condition}; known: {known}", field="condition")
        return np.asarray(factors)[self.network.road_class]

    def run(self, way: str, starts: Starts, costs: Seconds, limit_s: float | None) -> Seconds:
        """The least seconds of every junction: from the starts (`out`), or to them (`in`)."""
        from scipy.sparse import csr_matrix  # of the optional extra `roads`
        from scipy.sparse.csgraph import dijkstra

        arrays = self.network.arrays
        count = len(self.network.lon)
        first, far = arrays[f"{way}_start"], arrays["out_to" if way == "out" else "in_from"]
        data = np.concatenate([costs[arrays[f"{way}_piece"]], starts.seconds + START_S])
        indices = np.concatenate([far, starts.junctions.astype(np.int32)])
        pointers = np.append(first, len(indices)).astype(np.int32)
        matrix = csr_matrix((data, indices, pointers), shape=(count + 1, count + 1))
        limit = np.inf if limit_s is None else limit_s + START_S
        reached: Seconds = dijkstra(matrix, directed=True, indices=count, limit=limit)[:count]
        return reached - START_S

    def leaving(self, spot: "SnappedSpot", costs: Seconds) -> Starts:
        """The ends of its piece that a spot may drive to, and the seconds to there."""
        return self._ends(spot, costs, ahead=self.network.end, back=self.network.begin, turned=True)

    def arriving(self, spot: "SnappedSpot", costs: Seconds) -> Starts:
        """The ends of its piece from which a spot is reached, and the seconds from there."""
        return self._ends(spot, costs, ahead=self.network.begin, back=self.network.end, turned=False)

    def _ends(self, spot: "SnappedSpot", costs: Seconds, *, ahead: Any, back: Any, turned: bool) -> Starts:
        ways, cost = self.network.ways[spot.piece], costs[spot.piece]
        share = 1 - spot.share if turned else spot.share
        ends = []
        if np.isfinite(cost):
            if ways & FORWARD:
                ends.append((ahead[spot.piece], share * cost))
            if ways & BACKWARD:
                ends.append((back[spot.piece], (1 - share) * cost))
        foot_s = spot.away_m / FOOT_M_PER_S
        return Starts(
            np.asarray([junction for junction, _ in ends], np.int64),
            np.asarray([seconds + foot_s for _, seconds in ends], float),
        )

    def greatest(self, reached: Seconds, pieces: Any, costs: Seconds, way: str) -> float:
        """An upper end of the seconds to (`out`) or from (`in`) any place on these pieces."""
        network = self.network
        ahead, back = (network.begin, network.end) if way == "out" else (network.end, network.begin)
        cost, ways = costs[pieces], network.ways[pieces]
        by_ahead = np.where(ways & FORWARD, reached[ahead[pieces]] + cost, np.inf)
        by_back = np.where(ways & BACKWARD, reached[back[pieces]] + cost, np.inf)
        return float(np.minimum(by_ahead, by_back).max(initial=0.0))

    def offroad_limits(self, spots: Sequence[RoadSpot]) -> Seconds:
        """How far each centre may be from a road, so that a place of the spot may be near enough."""
        return MAX_OFFROAD_M + np.asarray([spot.radius_m for spot in spots], float)

    def area_of(self, spot: RoadSpot, own: "SnappedSpot") -> Area | None:
        """Where a spot may meet the roads; None where no place of it is near enough to one.

        The nearest road of any place of the disc is within the distance of the centre's and two radii.
        """
        if own.piece < 0:
            return None
        if spot.radius_m == 0:
            return Area(np.asarray([own.piece]), own.away_m, own.away_m)
        reach_m = min(own.away_m + 2 * spot.radius_m, MAX_OFFROAD_M + spot.radius_m)
        pieces = pieces_within(self.network, spot, reach_m)
        most_m = own.away_m + spot.radius_m
        return Area(pieces, max(0.0, own.away_m - spot.radius_m), min(most_m, MAX_OFFROAD_M))

    def off_roads(self, spot: RoadSpot) -> UnknownLeg:
        """Why a spot meets no road: it is beyond the extract, or too far from every road in it."""
        west, south, east, north = self.network.head.extent
        inside = west <= spot.lon <= east and south <= spot.lat <= north
        return "too_far_from_road" if inside else "no_road_data"

    @cached_property
    def edge(self) -> NDArray[np.int64]:
        """The junctions near the border of the extract."""
        west, south, east, north = self.network.head.extent
        lon, lat = self.network.lon, self.network.lat
        by_lat = EDGE_M / 110_570
        by_lon = by_lat / max(0.05, float(np.cos(np.radians(np.abs(lat).max()))))
        near = (lon < west + by_lon) | (lon > east - by_lon) | (lat < south + by_lat) | (lat > north - by_lat)
        return np.flatnonzero(near)


class SnappedSpot(NamedTuple):
    """Where one spot meets the roads: piece, place on it from 0 to 1, metres on foot."""

    piece: int
    share: float
    away_m: float


def snapped_spot(snapped: Snapped, n: int) -> SnappedSpot:
    """Where the spot of a number meets the roads."""
    return SnappedSpot(int(snapped.piece[n]), float(snapped.share[n]), float(snapped.away_m[n]))


class Times(NamedTuple):
    """Seconds of every junction to the spot, at one cost, by the ways of its least and its surest places."""

    costs: Seconds
    least: Seconds
    own: Seconds
    """From the junction to the centre of the spot."""
    spread_s: float
    """By how much the least favourable place of the spot is beyond its centre."""


class _Arrival:
    """The searches to one spot, and what they say of origins."""

    def __init__(
        self, search: RoadSearch, to: RoadSpot, own: SnappedSpot, area: Area, limit_s: float | None,
        traffic: Traffic,
    ) -> None:  # fmt: skip
        self.search, self.network = search, search.network
        self.to, self.own, self.area, self.limit_s, self.traffic = to, own, area, limit_s, traffic
        self.free = self._times(slow=False)
        self.slow = None if traffic.condition is None else self._times(slow=True)
        self.outside_s = float(self.free.least[search.edge].min(initial=np.inf))
        self._unlimited: Seconds | None = None

    def _times(self, *, slow: bool) -> Times:
        search, limit_s = self.search, self.limit_s
        costs = search.costs(self.traffic, slow=slow)
        own = search.run("in", search.arriving(self.own, costs), costs, limit_s)
        if self.to.radius_m == 0:
            return Times(costs, own, own, 0.0)
        pieces = self.area.pieces[np.isfinite(costs[self.area.pieces])]
        ends = np.unique(np.concatenate([self.network.begin[pieces], self.network.end[pieces]]))
        foot_s = self.area.least_m / FOOT_M_PER_S
        least = search.run("in", Starts(ends, np.full(len(ends), foot_s)), costs, limit_s)
        away = search.run("out", search.leaving(self.own, costs), costs, limit_s)
        spread_s = search.greatest(away, self.area.pieces, costs, "out")
        return Times(costs, least, own, spread_s + self.area.most_m / FOOT_M_PER_S)

    def _smallest(self, reached: Seconds, pieces: Any, costs: Seconds, _: str) -> float:
        """The least seconds from any of these pieces that is open."""
        open_pieces = pieces[np.isfinite(costs[pieces])]
        ends = np.concatenate([self.network.begin[open_pieces], self.network.end[open_pieces]])
        return float(reached[ends].min(initial=np.inf))

    def legs(self, origins: Sequence[RoadSpot], snapped: Snapped) -> list[Leg]:
        """What is known of each origin; one says nothing about another."""
        exact = self._exact(self.free, snapped, len(origins))
        slow = None if self.slow is None else self._exact(self.slow, snapped, len(origins))
        straight_m = self._straight_m(origins)
        legs = []
        for n, origin in enumerate(origins):
            one = snapped_spot(snapped, n)
            area = self.search.area_of(origin, one)
            if area is None:
                legs.append(Leg(unknown=self.search.off_roads(origin)))
            elif straight_m[n] <= SAME_M and not origin.radius_m and not self.to.radius_m:
                legs.append(self._here())
            else:
                slowest = None if slow is None else float(slow[n])
                legs.append(self._leg(origin, area, float(exact[n]), slowest))
        return legs

    def _here(self) -> Leg:
        return Leg(
            seconds_min=0.0,
            free_flow_max_s=0.0,
            seconds_max=None if self.slow is None else 0.0,
            offroad_m=0.0,
        )

    def _straight_m(self, origins: Sequence[RoadSpot]) -> Seconds:
        at = np.asarray([(spot.lon, spot.lat) for spot in origins], float).reshape(-1, 2)
        many = np.ones(len(at))
        return np.asarray(GEOD.inv(at[:, 0], at[:, 1], self.to.lon * many, self.to.lat * many)[2])

    def _exact(self, times: Times, snapped: Snapped, count: int) -> Seconds:
        """The seconds by road from the place where each origin's centre meets it, without the way on foot."""
        network = self.network
        piece, share = snapped.piece[:count], snapped.share[:count]
        cost, ways = times.costs[piece], network.ways[piece]
        ahead = np.where(ways & FORWARD, times.least[network.end[piece]] + part_of(1 - share, cost), np.inf)
        back = np.where(ways & BACKWARD, times.least[network.begin[piece]] + part_of(share, cost), np.inf)
        best = np.minimum(ahead, back)
        if self.to.radius_m:
            return np.where(np.isin(piece, self.area.pieces), self.area.least_m / FOOT_M_PER_S, best)
        on = (piece == self.own.piece) & np.isfinite(cost)
        further = (self.own.share - share) * np.where(on, cost, 0.0)
        foot_s = self.own.away_m / FOOT_M_PER_S
        direct = np.where(
            on & (((further >= 0) & ((ways & FORWARD) > 0)) | ((further <= 0) & ((ways & BACKWARD) > 0))),
            np.abs(further) + foot_s,
            np.inf,
        )
        return np.minimum(best, direct)

    def _leg(self, origin: RoadSpot, area: Area, exact: float, slow: float | None) -> Leg:
        """The least and the greatest time of an origin; `exact` is that of its centre where it is certain."""
        foot_s = area.least_m / FOOT_M_PER_S
        least = exact + foot_s if origin.radius_m == 0 else self._least(area) + foot_s
        if not np.isfinite(least) or (self.limit_s is not None and least > self.limit_s):
            return Leg(unknown=self._why(area, every=False))
        greatest = self._most(self.free, origin, area, exact)
        slowest = None if self.slow is None else self._most(self.slow, origin, area, slow or 0.0)
        offroad_m = area.least_m + self.area.least_m
        return Leg(
            seconds_min=least,
            free_flow_max_s=greatest,
            seconds_max=slowest,
            offroad_m=offroad_m,
            unknown=self._why(area, every=True) if greatest is None else None,
            may_be_faster_outside=least > self.outside_s,
        )

    def _least(self, area: Area) -> float:
        pieces = area.pieces[np.isfinite(self.free.costs[area.pieces])]
        if np.isin(pieces, self.area.pieces).any():
            return self.area.least_m / FOOT_M_PER_S
        return self._smallest(self.free.least, pieces, self.free.costs, "in")

    def _most(self, times: Times, origin: RoadSpot, area: Area, exact: float) -> float | None:
        """The greatest seconds; None where a place is not reached, or only beyond the limit."""
        foot_s = area.most_m / FOOT_M_PER_S
        if origin.radius_m == 0 and self.to.radius_m == 0:
            most = exact + foot_s
        else:
            most = self.search.greatest(times.own, area.pieces, times.costs, "in") + times.spread_s + foot_s
        if not np.isfinite(most) or (self.limit_s is not None and most > self.limit_s):
            return None
        return most

    def _why(self, area: Area, *, every: bool) -> UnknownLeg:
        """Why a place (or, with `every`, one of the places) is not reached: beyond the limit, or closed off.

        All junctions of a network reach each other, so that nothing but a closure parts them.
        """
        if not self.traffic.closed:
            return "beyond_limit"
        if self._unlimited is None:
            costs = self.free.costs
            self._unlimited = self.search.run("in", self.search.arriving(self.own, costs), costs, None)
        reach = self.search.greatest if every else self._smallest
        reached = reach(self._unlimited, area.pieces, self.free.costs, "in")
        return "beyond_limit" if np.isfinite(reached) else "not_connected"


def part_of(share: Any, cost: Any) -> Any:
    """A share of a cost; infinite where the piece is closed, also of no share of it."""
    return np.where(np.isfinite(cost), share * np.where(np.isfinite(cost), cost, 0.0), np.inf)
