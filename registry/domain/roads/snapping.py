"""Where spots meet the roads: the nearest piece of each, and all pieces within a distance."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from registry.domain.proximity.edges import METRES_PER_DEGREE
from registry.domain.roads.build import SAMPLE_M
from registry.domain.roads.leg import RoadSpot
from registry.domain.roads.network import RoadNetwork

SOON_M = 120.0
"""Most spots are within this of a road; a first pass looks no farther."""
SQUARED_ECCENTRICITY = 0.00669437999014
MAJOR_M = 6_378_137.0


class Snapped(NamedTuple):
    """For each spot its nearest piece, the place on it from 0 at its begin to 1, and metres to there.

    The piece is -1 where there is none within the distance.
    """

    piece: NDArray[np.int64]
    share: NDArray[np.float64]
    away_m: NDArray[np.float64]


def snap(network: RoadNetwork, spots: Sequence[RoadSpot], within_m: NDArray[np.float64]) -> Snapped:
    """The nearest piece of each spot no farther than its own distance; of equal ones the first."""
    at = np.asarray([(spot.lon, spot.lat) for spot in spots], float).reshape(-1, 2)
    found = Snapped(np.full(len(at), -1), np.zeros(len(at)), np.full(len(at), np.inf))
    for reach_m in (SOON_M, float(within_m.max(initial=0.0))):
        left = np.flatnonzero(found.piece < 0)
        if not len(left):
            break
        spot, piece = _candidates(network, at[left], reach_m)
        away_m, share = _measure(network, at[left][spot], piece)
        order = np.lexsort((piece, away_m, spot))
        first = order[np.unique(spot[order], return_index=True)[1]]
        first = first[away_m[first] <= np.minimum(reach_m, within_m[left[spot[first]]])]
        to = left[spot[first]]
        found.piece[to], found.share[to], found.away_m[to] = piece[first], share[first], away_m[first]
    return found


def pieces_within(network: RoadNetwork, spot: RoadSpot, distance_m: float) -> NDArray[np.int64]:
    """The pieces of which any point is at most so many metres from a spot."""
    at = np.asarray([[spot.lon, spot.lat]])
    _, piece = _candidates(network, at, distance_m)
    piece = np.unique(piece)
    away_m, _ = _measure(network, np.repeat(at, len(piece), axis=0), piece)
    near: NDArray[np.int64] = piece[away_m <= distance_m]
    return near


def _candidates(network: RoadNetwork, at: Any, reach_m: float) -> tuple[Any, Any]:
    """Pairs of spot and piece that hold all within the reach, by the samples in the cells around."""
    west, south, height, width, row = network.head.cells
    cell_m = height * METRES_PER_DEGREE * 0.99
    rings = int(np.ceil((reach_m + SAMPLE_M / 2) / cell_m))
    down = ((at[:, 1] - south) // height).astype(np.int64)
    across = ((at[:, 0] - west) // width).astype(np.int64)
    step = np.arange(-rings, rings + 1)
    columns = across[:, None] + step[None, :]
    inside = ((columns >= 0) & (columns < row))[:, None, :]
    keys = (down[:, None] + step[None, :])[:, :, None] * row + columns[:, None, :]
    place = np.minimum(np.searchsorted(network.cell, keys), len(network.cell) - 1)
    met = inside & (network.cell[place] == keys)
    spot = np.nonzero(met)[0]
    begin, count = _runs(network, place[met])
    piece = network.cell_piece[_expanded(begin, count)]
    return np.repeat(spot, count), piece.astype(np.int64)


def _runs(network: RoadNetwork, cells: Any) -> tuple[Any, Any]:
    begin = network.cell_start[cells].astype(np.int64)
    return begin, network.cell_start[cells + 1] - begin


def _expanded(begin: Any, count: Any) -> Any:
    """The numbers from each begin, as many as each count."""
    ends = np.cumsum(count)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(begin - ends + count, count)


def _measure(network: RoadNetwork, at: Any, piece: Any) -> tuple[Any, Any]:
    """Metres from each spot to its piece, and the place of the nearest point on it from 0 to 1.

    In the plane that touches the ellipsoid at the spot: right to millimetres within a kilometre.
    """
    lat = np.radians(at[:, 1])
    root = np.sqrt(1 - SQUARED_ECCENTRICITY * np.sin(lat) ** 2)
    per_lon = np.radians(MAJOR_M * np.cos(lat) / root)
    per_lat = np.radians(MAJOR_M * (1 - SQUARED_ECCENTRICITY) / root**3)
    begin, end = network.begin[piece], network.end[piece]
    x0, y0 = (network.lon[begin] - at[:, 0]) * per_lon, (network.lat[begin] - at[:, 1]) * per_lat
    dx = (network.lon[end] - at[:, 0]) * per_lon - x0
    dy = (network.lat[end] - at[:, 1]) * per_lat - y0
    share = np.clip(-(x0 * dx + y0 * dy) / np.maximum(dx * dx + dy * dy, 1e-12), 0.0, 1.0)
    return np.hypot(x0 + share * dx, y0 + share * dy), share
