"""The OGC face: lists beside other servers, filters, tiles beside their bare statements, files."""

import asyncio
import random
import time
import urllib.request
from urllib.parse import quote

import asyncpg
import httpx

from benchmarks import compared, load
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.peers import views
from benchmarks.recorded import statements
from benchmarks.stage import SEED, Stage, served
from registry.domain.ogc import tiling

AREA = "ogc"
ITEMS = "/ogc/collections/shelters/items"
LIMITS = (10, 100, 1000)
CROWD = 8
FILTER = quote("lifecycle <> 'retired' AND (capacity_persons >= 0 OR capacity_persons IS NULL)")
ZOOMS = (8, 10, 12, 14)
LAYERS = "collections=rescue-teams,shelters,fire-watch-points,supply-depots"
PIECE = 1 << 20
ROUNDS = 3


def measure(stages: list[Stage], seconds: float) -> list[Figure]:
    """Everything on the largest stage; what is compared runs one after the other."""
    stage = stages[-1]
    made = compared.measure(stage, compared.Question(AREA, views.SHELTERS, path, LIMITS, CROWD), seconds)
    with served(stage) as server:
        made.append(_filtered(server.url, compared.around_records(stage, CROWD * 100), seconds))
        kept = _kept_tile(server.url, stage, seconds)
        exported = _export(server)
    made.append(at_least(AREA, "kept tile, share of /health/live", kept, 0.5, " ×"))
    with served(stage, tile_cache_mb=0) as server:
        made += [_fresh_tile(server.url, stage, z) for z in ZOOMS]
    return made + _as_file(stage, *exported)


def path(box: str, limit: int) -> str:
    """Our path for the features of one kind in a box."""
    return f"{ITEMS}?bbox={box}&limit={limit}"


def _filtered(url: str, boxes: list[str], seconds: float) -> Figure:
    asked = [path(box, 100) for box in boxes]
    load.wrk(url, asked, seconds=min(3, seconds))
    plain = load.wrk(url, asked, seconds=seconds).per_second
    filtered = load.wrk(url, [f"{one}&filter={FILTER}" for one in asked], seconds=seconds).per_second
    return at_most(AREA, "time a CQL2 filter adds to a list of 100", 100 * (plain / filtered - 1), 20, " %")


def _paths(stage: Stage, z: int, count: int) -> list[str]:
    chance = random.Random(SEED + z)
    found = []
    for lon, lat in chance.sample(stage.spots(), count):
        first_row, _, first_col, _ = tiling.limits((lon, lat, lon, lat), z)
        found.append(f"/ogc/tiles/WebMercatorQuad/{z}/{first_row}/{first_col}?{LAYERS}")
    return sorted(set(found))


def _kept_tile(url: str, stage: Stage, seconds: float) -> float:
    tiles = _paths(stage, 12, 20)
    load.wrk(url, tiles, seconds=min(3, seconds))
    kept = load.wrk(url, tiles, seconds=seconds).per_second
    return kept / load.wrk(url, ["/health/live"], seconds=seconds).per_second


def _fresh_tile(url: str, stage: Stage, z: int) -> Figure:
    """Both sides after their statements were planned, in turns; the middle round of each."""
    paths = _paths(stage, z, 12)
    asked = [statements(stage.database_url, path)[-1] for path in paths]
    with httpx.Client(base_url=url, timeout=60) as client:
        rounds = [
            (asyncio.run(_bare(stage.database_url, asked)), _made(client, paths)) for _ in range(ROUNDS)
        ]
    bare_s, whole_s = (sorted(taken)[ROUNDS // 2] for taken in zip(*rounds, strict=True))
    what = f"tile made at zoom {z} ({bare_s * 1000:.0f} ms bare), times the bare statement"
    return at_most(AREA, what, whole_s / bare_s, 1.3, " ×")


def _made(client: httpx.Client, paths: list[str]) -> float:
    for path in paths:
        client.get(path).raise_for_status()
    begun = time.perf_counter()
    for path in paths:
        client.get(path).raise_for_status()
    return (time.perf_counter() - begun) / len(paths)


async def _bare(database_url: str, asked: list) -> float:
    connection = await asyncpg.connect(database_url, server_settings={"jit": "off"})
    for statement in asked:
        await connection.fetchrow(statement.text, *statement.arguments)
    begun = time.perf_counter()
    for statement in asked:
        await connection.fetchrow(statement.text, *statement.arguments)
    spent = time.perf_counter() - begun
    await connection.close()
    return spent / len(asked)


def _take(url: str) -> int:
    taken = 0
    with urllib.request.urlopen(url, timeout=600) as answer:
        while piece := answer.read(PIECE):
            taken += len(piece)
    return taken


def _export(server) -> tuple[float, float]:
    """Bytes a second of the file, and how much the largest worker grew."""
    before = server.worker_memory_mib()
    begun = time.perf_counter()
    taken = sum(_take(f"{server.url}/ogc/collections/{name}/items?f=geojsonseq") for name in COLLECTIONS)
    return taken / (time.perf_counter() - begun), server.worker_memory_mib() - before


COLLECTIONS = {
    "rescue-teams": "geom IS NOT NULL AND kind = 'rescue_team'",
    "shelters": "geom IS NOT NULL AND kind = 'shelter'",
    "fire-watch-points": "geom IS NOT NULL AND kind = 'fire_watch_point'",
    "supply-depots": "geom IS NOT NULL AND kind = 'supply_depot'",
    "unlocated-resources": "geom IS NULL",
}
COPY = """
SELECT E'\\x1e' || coalesce(public_feature, feature) FROM resource
 WHERE realm = 'live' AND visibility <> 'restricted' AND lifecycle <> 'retired' AND
"""
"""The same text, collection by collection."""


def _as_file(stage: Stage, per_second: float, grown_mib: float) -> list[Figure]:
    copied = asyncio.run(_copied(stage.database_url))
    return [
        Figure(AREA, "export of all features as GeoJSON-Seq", f"{per_second / 2**20:,.0f} MiB/s"),
        at_least(AREA, "export, share of COPY TO STDOUT", per_second / copied, 0.5, " ×"),
        at_most(AREA, "worker's growth during the export", grown_mib, 64, " MiB"),
    ]


async def _copied(database_url: str) -> float:
    connection = await asyncpg.connect(database_url)
    taken = 0

    async def count(chunk: bytes) -> None:
        nonlocal taken
        taken += len(chunk)

    begun = time.perf_counter()
    for which in COLLECTIONS.values():
        await connection.copy_from_query(COPY + which, output=count, timeout=900)
    spent = time.perf_counter() - begun
    await connection.close()
    return taken / spent
