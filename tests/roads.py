"""Road networks for tests: synthetic counties, extracts that are written by hand, and a plain oracle."""

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np

from registry.domain.roads.build import RoadExtract, build
from registry.domain.roads.network import (
    BACKWARD,
    FORWARD,
    NetworkHead,
    RoadNetwork,
    pack,
    unpack,
    version_of,
)
from registry.domain.roads.speeds import CLASSES, DEFAULT_SPEEDS, SpeedTable
from registry.store.database.pool import Writer
from registry.store.roads import networks
from registry.store.roads.osm_file import read_extract

SYN60 = Path(__file__).parent / "data" / "roads" / "syn60.osm.pbf"
AT = datetime(2026, 1, 1, tzinfo=UTC)
M_PER_DEG = 111_320.0


def network_of(extract: RoadExtract, speeds: SpeedTable = DEFAULT_SPEEDS) -> RoadNetwork:
    """The extract as a network that went through its packed form."""
    built = build(extract, speeds)
    content = pack(built.head, built.arrays)
    return unpack(content, version_of(content))


@cache
def _packed() -> tuple[NetworkHead, bytes]:
    built = build(read_extract(SYN60), DEFAULT_SPEEDS)
    return built.head, pack(built.head, built.arrays)


async def load_county(writer: Writer) -> None:
    """Make the synthetic county the current roads of a database."""
    head, content = _packed()
    await networks.switch(writer, version_of(content), head, content)


def extract_of(lon, lat, pieces: Iterable[tuple], at: datetime = AT) -> RoadExtract:
    """An extract from positions and pieces (begin, end, ways, class)."""
    begin, end, ways, road_class = (np.asarray(column) for column in zip(*pieces, strict=True))
    nothing = np.full(len(begin), np.nan, np.float32)
    return RoadExtract(
        "test", at, np.asarray(lon, float), np.asarray(lat, float),
        begin.astype(np.int32), end.astype(np.int32), ways.astype(np.uint8), road_class.astype(np.uint8),
        nothing, nothing, nothing, len(begin), len(begin), 0,
    )  # fmt: skip


def random_extract(seed: int, junctions: int) -> RoadExtract:
    """Junctions anywhere in a few kilometres, joined to near ones, with one-way and parallel pieces."""
    rng = np.random.default_rng(seed)
    lon, lat = 106.6 + rng.uniform(0, 0.05, junctions), 29.0 + rng.uniform(0, 0.05, junctions)
    pieces = []
    for n in range(1, junctions):
        near = np.argsort((lon[:n] - lon[n]) ** 2 + (lat[:n] - lat[n]) ** 2)[:3]
        for k, other in enumerate(near):
            ways = FORWARD | BACKWARD if k == 0 or rng.random() < 0.6 else FORWARD
            pieces.append((n, int(other), ways, int(rng.integers(0, len(CLASSES)))))
            if rng.random() < 0.1:
                pieces.append((n, int(other), FORWARD, int(rng.integers(0, len(CLASSES)))))
    return extract_of(lon, lat, pieces)


def two_banks(length: int, spacing_m: float = 300.0, river_m: float = 164.0) -> RoadExtract:
    """A road on each bank of a river with a bridge at either end: first the south one, then the north."""
    step = spacing_m / (M_PER_DEG * math.cos(math.radians(29)))
    lon = [106.6 + step * n for n in range(length)]
    south, north = [29.0] * length, [29.0 + river_m / 110_850] * length
    residential = CLASSES.index("residential")
    along = [(n, n + 1, FORWARD | BACKWARD, residential) for n in range(length - 1)]
    pieces = along + [(a + length, b + length, ways, road) for a, b, ways, road in along]
    pieces += [(n, n + length, FORWARD | BACKWARD, residential) for n in (0, length - 1)]
    return extract_of(lon * 2, south + north, pieces)


def write_osm(path: Path, nodes: Mapping[int, tuple], ways: Iterable[tuple[list[int], dict]]) -> Path:
    """An extract of nodes (lon, lat, and tags if there are any) and ways (nodes, tags)."""
    import osmium

    stamp = "2026-01-01T00:00:00Z"
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for number, (lon, lat, *tags) in nodes.items():
            node = osmium.osm.mutable.Node(
                id=number, location=(lon, lat), tags=tags[0] if tags else {}, version=1, timestamp=stamp
            )
            writer.add_node(node)
        for number, (refs, tags) in enumerate(ways, 1):
            way = osmium.osm.mutable.Way(id=number, nodes=refs, tags=tags, version=1, timestamp=stamp)
            writer.add_way(way)
    return path


class PlainDijkstra:
    """Times by a heap, forwards from one place on a piece to another: the oracle."""

    def __init__(self, network: RoadNetwork, closed: Iterable[int] = ()) -> None:
        self.pieces = [
            (int(b), int(e), float(s), int(w))
            for b, e, s, w in zip(network.begin, network.end, network.seconds, network.ways, strict=True)
        ]
        self.closed = frozenset(closed)
        self.out: dict[int, list[tuple[int, float]]] = defaultdict(list)
        for n, (begin, end, seconds, ways) in enumerate(self.pieces):
            if n not in self.closed:
                if ways & FORWARD:
                    self.out[begin].append((end, seconds))
                if ways & BACKWARD:
                    self.out[end].append((begin, seconds))

    def from_place(self, piece: int, share: float) -> dict[int, float]:
        """The seconds from a place on a piece to every junction that is reached."""
        begin, end, seconds, ways = self.pieces[piece]
        heap = []
        if piece not in self.closed:
            if ways & FORWARD:
                heap.append(((1 - share) * seconds, end))
            if ways & BACKWARD:
                heap.append((share * seconds, begin))
        heapq.heapify(heap)
        done: dict[int, float] = {}
        while heap:
            so_far, here = heapq.heappop(heap)
            if here in done:
                continue
            done[here] = so_far
            for there, more in self.out[here]:
                if there not in done:
                    heapq.heappush(heap, (so_far + more, there))
        return done

    def seconds(self, reached: Mapping[int, float], origin: tuple, to: tuple) -> float:
        """The seconds to a place from one whose `reached` is given; infinite when there is no way."""
        piece, share = to
        begin, end, cost, ways = self.pieces[piece]
        best = math.inf
        if piece in self.closed:
            return best
        if ways & FORWARD:
            best = min(best, reached.get(begin, math.inf) + share * cost)
        if ways & BACKWARD:
            best = min(best, reached.get(end, math.inf) + (1 - share) * cost)
        if origin[0] == piece:
            along = (share - origin[1]) * cost
            if (along >= 0 and ways & FORWARD) or (along <= 0 and ways & BACKWARD):
                best = min(best, abs(along))
        return best


def place_on(network: RoadNetwork, piece: int, share: float) -> tuple[float, float]:
    """The position of a place on a piece."""
    begin, end = network.begin[piece], network.end[piece]
    return (
        float(network.lon[begin] + share * (network.lon[end] - network.lon[begin])),
        float(network.lat[begin] + share * (network.lat[end] - network.lat[begin])),
    )
