"""Plans: all checks of a document, the reconciliation, and a site against ten thousand segments of zones."""

import asyncio
import json
import math
import random
import statistics
import time
import urllib.request
from datetime import UTC, datetime

from benchmarks.figures import Figure, at_most
from benchmarks.stage import SEED, Stage, served
from registry.domain.geojson import LineString
from registry.domain.places.zone import ZoneGeometry
from registry.domain.records.resource import Source
from registry.runtime import database
from registry.store.places import zones

AREA = "plans"
ROWS = 100_000
DOCUMENT = "qijiang-plan-2021-2025"
SEGMENTS = 10_000
RULE_CHECKS = 200
REPEATS = 7
ORIGIN = "synthetic line for a measurement"


def measure(stages: list[Stage], seconds: float) -> list[Figure]:
    """Medians over HTTP, one request at a time."""
    stage = min((stage for stage in stages if stage.rows >= ROWS), key=lambda s: s.rows, default=stages[-1])
    segments = asyncio.run(draw(stage))
    with served(stage) as server:
        checks = [_timed(server.url, "/v1/checks", {"document": DOCUMENT}) for _ in range(REPEATS)]
        path = f"/v1/reconciliation?document={DOCUMENT}"
        lines = [_timed(server.url, path, None) for _ in range(REPEATS)]
        sites = [_timed(server.url, "/v1/rules/check", site) for site in _sites()]
    where = f"{stage.rows:,} resources"
    return [
        at_most(AREA, f"all checks of the Qijiang plan, {where}, median", _median_ms(checks), 1000, " ms"),
        at_most(AREA, f"reconciliation of the Qijiang plan, {where}, median", _median_ms(lines), 200, " ms"),
        at_most(
            AREA, f"rules for one site, {segments:,} zone segments, median", _median_ms(sites), 20, " ms"
        ),
    ]


async def draw(stage: Stage) -> int:
    """Give every zone a synthetic line, ten thousand segments in all, and say how many that are."""
    drawn = 0
    async with database.writing(stage.database_url) as writer:
        known = await zones.find(writer)
        each = math.ceil(SEGMENTS / len(known))
        for n, item in enumerate(known):
            shore = item.zone.kind == "river_shore"
            line = [
                (106.4 + 0.5 * k / each, 28.6 + 0.05 * n + 0.01 * math.sin(k / 9)) for k in range(each + 1)
            ]
            drawing = ZoneGeometry(
                geometry=LineString(line),
                represents="shore" if shore else "land_edge",
                source=Source(kind="assumption", reference=ORIGIN, confidence="assumed"),
            )
            await zones.draw(writer, item.zone, drawing, "benchmark", datetime.now(UTC))
            drawn += each
    return drawn


def _sites() -> list[dict[str, object]]:
    chance = random.Random(SEED)
    return [
        {
            "geometry": {
                "type": "Point",
                "coordinates": [chance.uniform(106.4, 106.9), chance.uniform(28.6, 29.2)],
            },
            "facility_kind": chance.choice(["chemical_park", "tailings_pond", "shelter"]),
            "action": "build",
        }
        for _ in range(RULE_CHECKS)
    ]


def _timed(base: str, path: str, body: object) -> float:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data, {"Content-Type": "application/json"})
    begun = time.perf_counter()
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()
    return time.perf_counter() - begun


def _median_ms(times: list[float]) -> float:
    return statistics.median(times) * 1000
