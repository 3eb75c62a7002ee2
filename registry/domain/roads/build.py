"""Make a network from the pieces of road in an extract: components, arcs, and the index of positions."""

from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from registry.domain.errors import Invalid
from registry.domain.proximity.edges import GEOD, METRES_PER_DEGREE
from registry.domain.roads.network import (
    BACKWARD,
    FORM,
    FORWARD,
    LICENCE,
    NetworkHead,
    RoadCounts,
)
from registry.domain.roads.speeds import CLASSES, SpeedTable

LEAST_S = 0.001
"""No piece takes less: a cost of nothing is ambiguous in a sparse matrix."""
LEAST_SHARE = 0.9
CELL_M = 250.0
SAMPLE_M = 200.0
"""Every point of a piece is within half of this of a sample of it in the index."""


class RoadExtract(NamedTuple):
    """The roads of a file: junctions by position, and the pieces between them with what their ways say.

    `kmh` is the posted speed, NaN where there is none that can be read; `max_t` and `max_height_m` likewise.
    """

    source: str
    extract_at: datetime
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    begin: NDArray[np.int32]
    end: NDArray[np.int32]
    ways: NDArray[np.uint8]
    road_class: NDArray[np.uint8]
    kmh: NDArray[np.float32]
    max_t: NDArray[np.float32]
    max_height_m: NDArray[np.float32]
    way_count: int
    without_speed: int
    barriers: int


class BuiltNetwork(Struct, frozen=True):
    """A network that was made, and its arrays by name."""

    head: NetworkHead
    arrays: dict[str, Any]


def build(extract: RoadExtract, speeds: SpeedTable) -> BuiltNetwork:
    """The main component of the roads as a network; Invalid where the roads fall apart."""
    joined, components = _largest(extract, "weak")
    junctions = len(extract.lon)
    if joined.sum() < LEAST_SHARE * junctions:
        detail = (
            f"only {100 * joined.sum() / junctions:.1f} % of {junctions} junctions hang together; load a"
            " larger extract, or one whose roads are not cut"
        )
        raise Invalid(detail, field="file", zh="路网不连通的部分过多：请使用更大或未被截断的数据")
    main, _ = _largest(extract, "strong")
    number = np.cumsum(main, dtype=np.int32) - 1
    kept = main[extract.begin] & main[extract.end]
    lon, lat = extract.lon[main], extract.lat[main]
    begin, end = number[extract.begin[kept]], number[extract.end[kept]]
    kmh = np.asarray([speeds.speed(name) for name in CLASSES])[extract.road_class[kept]]
    kmh = np.where(np.isnan(extract.kmh[kept]), kmh, extract.kmh[kept])
    length_m = np.asarray(GEOD.inv(lon[begin], lat[begin], lon[end], lat[end])[2])
    pieces = {
        "begin": begin,
        "end": end,
        "seconds": np.maximum(length_m * 3.6 / kmh, LEAST_S),
        "ways": extract.ways[kept],
        "road_class": extract.road_class[kept],
        "max_t": extract.max_t[kept],
        "max_height_m": extract.max_height_m[kept],
    }
    cells, index = _index(lon, lat, begin, end, length_m)
    arcs = _arcs(len(lon), pieces)
    head = NetworkHead(
        form=FORM,
        source=extract.source,
        extract_at=extract.extract_at,
        extent=(float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())),
        licence=LICENCE,
        speeds=speeds,
        fastest_m_per_s=float(kmh.max()) / 3.6,
        cells=cells,
        counts=RoadCounts(
            ways=extract.way_count,
            junctions=len(lon),
            pieces=len(begin),
            arcs=len(arcs["out_to"]),
            components=components,
            left_out=junctions - len(lon),
            without_speed=extract.without_speed,
            limited=int((~np.isnan(pieces["max_t"]) | ~np.isnan(pieces["max_height_m"])).sum()),
            barriers=extract.barriers,
        ),
    )
    return BuiltNetwork(head, {"lon": lon, "lat": lat} | pieces | arcs | index)


def _largest(extract: RoadExtract, connection: str) -> tuple[NDArray[np.bool_], int]:
    """Which junctions are in the largest component, and how many components there are.

    In a `strong` one all reach each other; a `weak` one holds together when one-way
    streets are taken as two-way.
    """
    from scipy.sparse import csr_matrix  # of the optional extra `roads`
    from scipy.sparse.csgraph import connected_components

    begin, end, _ = _directed(extract.begin, extract.end, extract.ways)
    count = len(extract.lon)
    matrix = csr_matrix((np.ones(len(begin), np.int8), (begin, end)), shape=(count, count))
    components, label = connected_components(matrix, directed=True, connection=connection)
    return label == np.bincount(label).argmax(), int(components)


def _directed(begin: Any, end: Any, ways: Any) -> tuple[Any, Any, Any]:
    """The arcs of pieces: from, to, and the piece of each."""
    piece = np.arange(len(begin), dtype=np.int32)
    ahead, back = (ways & FORWARD) > 0, (ways & BACKWARD) > 0
    return (
        np.concatenate([begin[ahead], end[back]]),
        np.concatenate([end[ahead], begin[back]]),
        np.concatenate([piece[ahead], piece[back]]),
    )


def _arcs(count: int, pieces: dict[str, Any]) -> dict[str, Any]:
    """The arcs by the junction that they leave, and by the one that they reach.

    Parallel arcs are kept: a closure of one leaves the other.
    """
    begin, end, piece = _directed(pieces["begin"], pieces["end"], pieces["ways"])
    arcs: dict[str, Any] = {}
    for name, other, by, far in (("out", "out_to", begin, end), ("in", "in_from", end, begin)):
        order = np.argsort(by, kind="stable")
        counts = np.bincount(by, minlength=count)
        arcs[f"{name}_start"] = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        arcs[other] = far[order].astype(np.int32)
        arcs[f"{name}_piece"] = piece[order].astype(np.int32)
    return arcs


def _index(
    lon: Any, lat: Any, begin: Any, end: Any, length_m: Any
) -> tuple[tuple[float, float, float, float, int], dict[str, Any]]:
    """Samples of the pieces, by the cell of a grid that each lies in."""
    west, south = float(lon.min()), float(lat.min())
    height = CELL_M / METRES_PER_DEGREE
    width = height / max(0.05, float(np.cos(np.radians(np.abs(lat).max()))))
    row = int((float(lon.max()) - west) / width) + 1
    samples = np.maximum(1, np.ceil(length_m / SAMPLE_M)).astype(np.int64)
    piece = np.repeat(np.arange(len(begin), dtype=np.int32), samples)
    place = np.arange(len(piece)) - np.repeat(np.cumsum(samples) - samples, samples)
    share = (place + 0.5) / samples[piece]
    at_lon = lon[begin[piece]] + share * (lon[end[piece]] - lon[begin[piece]])
    at_lat = lat[begin[piece]] + share * (lat[end[piece]] - lat[begin[piece]])
    key = ((at_lat - south) // height).astype(np.int64) * row + ((at_lon - west) // width).astype(np.int64)
    order = np.argsort(key, kind="stable")
    cell, first = np.unique(key[order], return_index=True)
    start = np.append(first, len(order)).astype(np.int32)
    arrays = {"cell": cell, "cell_start": start, "cell_piece": piece[order]}
    return (west, south, height, width, row), arrays
