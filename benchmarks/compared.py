"""Lists of the features in a box: ours, then each peer's, the same boxes, as many connections."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import asyncpg
import httpx

from benchmarks import load
from benchmarks.figures import Figure, at_least
from benchmarks.peers import PEERS, views
from benchmarks.peers.shape import Absent
from benchmarks.stage import Stage, served

BOXES = """
SELECT ST_X(here.geom) AS lon, ST_Y(here.geom) AS lat, far.half_deg
  FROM (SELECT geom, spot FROM resource
         WHERE realm = 'live' AND geom IS NOT NULL ORDER BY md5(id::text) LIMIT 500) AS here,
       LATERAL (SELECT greatest(abs(ST_X(near.geom) - ST_X(here.geom)),
                                abs(ST_Y(near.geom) - ST_Y(here.geom))) AS half_deg
                  FROM resource AS near WHERE near.realm = 'live'
                 ORDER BY near.spot <-> here.spot OFFSET $1 LIMIT 1) AS far
"""
CONNECTIONS = 16
TRIED = 48
EDGE_DEG = 1e-6
SLOW_S = 10.0
"""Long lists take a peer seconds; a shorter run would see none of them."""
PATIENCE_S = 60


Path = Callable[[str, int], str]
"""The path that lists at most so many features in a box."""


class Question(NamedTuple):
    """Lists of a view's features; a box holds `crowd` times as many records of all kinds as are asked for."""

    area: str
    view: str
    ours: Path
    limits: Sequence[int]
    crowd: int


def measure(stage: Stage, question: Question, seconds: float) -> list[Figure]:
    """Our throughput over each peer's; a peer that cannot be had is a line that says why."""
    views.make(stage)
    return [figure for limit in question.limits for figure in _of(stage, question, limit, seconds)]


def _of(stage: Stage, question: Question, limit: int, seconds: float) -> Iterator[Figure]:
    """Lists of one length, each server fresh: pg_featureserv hangs once clients left before their answers."""
    area, what = question.area, f"lists of {limit}"
    boxes = around_records(stage, question.crowd * limit)
    held = views.held(stage, question.view, boxes[:TRIED])

    def per_second(url: str, path: Path, spent_s: float) -> float:
        asked = [path(box, limit) for box in boxes]
        agree(url, asked, boxes, [min(limit, number) for number in held])
        return load.wrk(url, asked, seconds=spent_s, connections=CONNECTIONS, timeout_s=PATIENCE_S).per_second

    with served(stage) as server:
        ours = per_second(server.url, question.ours, seconds)
    yield Figure(area, f"{what} a second, {CONNECTIONS} connections", f"{ours:,.0f}")
    for peer in PEERS:
        try:
            with peer.serving(stage) as url:
                theirs = per_second(url, partial(peer.items, question.view), max(seconds, SLOW_S))
        except Absent as reason:
            yield Figure(area, f"{what}, times {peer.name}", f"not measured: {reason}")
        else:
            yield at_least(area, f"{what}, times {peer.name}", ours / theirs, peer.promised, " ×")


def agree(url: str, asked: Sequence[str], boxes: Sequence[str], wanted: Sequence[int]) -> None:
    """Raise unless the answers have as many features as wanted, all in their box; warms the server up too."""
    with httpx.Client(base_url=url, timeout=PATIENCE_S) as client, ThreadPoolExecutor(CONNECTIONS) as threads:
        answers = threads.map(client.get, asked[: len(wanted)])
        for path, box, number, answer in zip(asked, boxes, wanted, answers, strict=False):
            features = answer.raise_for_status().json()["features"]
            inside = sum(_holds(box, *feature["geometry"]["coordinates"]) for feature in features)
            if not inside == len(features) == number:
                raise RuntimeError(
                    f"{url}{path} has {len(features)} features, {inside} of them in the box, not {number}"
                )


def _holds(box: str, lon: float, lat: float) -> bool:
    west, south, east, north = map(float, box.split(","))
    return west - EDGE_DEG <= lon <= east + EDGE_DEG and south - EDGE_DEG <= lat <= north + EDGE_DEG


def around_records(stage: Stage, held: int) -> list[str]:
    """Boxes around records that hold about so many others, west, south, east, north."""
    return asyncio.run(_boxes(stage.database_url, held))


async def _boxes(url: str, held: int) -> list[str]:
    connection = await asyncpg.connect(url, command_timeout=600)
    rows = await connection.fetch(BOXES, held)
    await connection.close()
    return [_around(row["lon"], row["lat"], row["half_deg"]) for row in rows]


def _around(lon: float, lat: float, half: float) -> str:
    return f"{lon - half:.6f},{lat - half:.6f},{lon + half:.6f},{lat + half:.6f}"
