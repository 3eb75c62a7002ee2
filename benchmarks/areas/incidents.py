"""Incidents: the first answers of an alarm, webhooks to ten thousand subscriptions, a thousand questions."""

import asyncio
import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import asyncpg

from benchmarks.areas.proximity import CONNECTIONS, ROUNDS, WARMING, at_once
from benchmarks.areas.writes import a_key
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.stage import PEPPER, WITHOUT_LIMITS, Stage, served
from registry.domain.access.actor import SYSTEM
from registry.domain.monitoring.standing_question import NumberOfRecords, StandingQuestion
from registry.domain.subscriptions.webhook import encrypt_secret, new_secret
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.services.monitoring.work_questions import touch, work_questions
from registry.store.access import scope
from registry.store.database.pool import reading
from registry.store.monitoring import standing_questions
from registry.store.plans import entries
from tests.receiver import LOOPBACK, Receiver

AREA = "incidents"
HAZARD = "forest_fire"
SUBSCRIPTIONS = 10_000
CHANGES_PER_S = 100
WRITERS = 8
QUESTIONS = 1_000
PATIENCE_S = 60.0
TOWNS = """
SELECT DISTINCT place FROM resource
 WHERE kind = 'shelter' AND realm = 'live' AND place IS NOT NULL ORDER BY place LIMIT 500"""
SHELTERS = """
SELECT id::text FROM resource
 WHERE kind = 'shelter' AND realm = 'live' AND place = ANY ($1) ORDER BY md5(id::text) LIMIT 2000"""
FROM_NOW = "UPDATE log_reader SET xid = registry_horizon(), seq = 0"
SUBSCRIBE = """
INSERT INTO subscription
    (id, url, place, kinds, events, secret, owner, role, places, since_xid, since_seq, created_at)
SELECT gen_random_uuid(), $1, town, '{shelter}',
       CASE WHEN row_number() OVER (PARTITION BY town) = 1 THEN '{}' ELSE '{resource.out_of_use}' END::text[],
       $2, 'key:' || k.holder, k.role, k.places, registry_horizon(), 0, now()
  FROM (SELECT * FROM api_key WHERE holder = 'webhooks' ORDER BY created_at DESC LIMIT 1) k,
       (SELECT ($3::text[])[1 + n % cardinality($3::text[])] AS town FROM generate_series(0, $4 - 1) n) every
"""
"""Of each town one subscription is told of every change; the others wait for what does not come."""
CHANGED = """
INSERT INTO change_log (realm, resource_id, kind, version, verb, place_before, place_after, visibility_before,
                        visibility_after, gone_before, gone_after, digest, members, actor, via, at)
SELECT realm, id, kind, version, 'update', place, place, visibility,
       visibility, false, false, '', '{}', 'benchmark', 'test', now()
  FROM resource WHERE id = $1::text::uuid"""
"""A line of the log as a change leaves it; what is measured reads no more of a change than this."""
TOUCHED = "SELECT count(*) FROM question_due WHERE due_at <= now()"


def measure(stages: list[Stage], seconds: float) -> list[Figure]:
    """The situation with its call list, changes to webhooks, and standing questions, on the largest stage."""
    stage = stages[-1]
    with served(stage, **WITHOUT_LIMITS) as server:
        figures = [_alarms(stage, server.url)]
    figures += _webhooks(stage, seconds)
    return [*figures, *asyncio.run(_questions(stage))]


def _alarms(stage: Stage, url: str) -> Figure:
    """The slowest hundredth of a situation and the call list at the same spot, one after the other."""
    spots = stage.spots(ROUNDS * CONNECTIONS)
    at_once(lambda n: _answered(url, spots[n::CONNECTIONS][:WARMING]))
    taken = at_once(lambda n: _answered(url, spots[n::CONNECTIONS]))
    slowest = taken[int(len(taken) * 0.99)]
    return at_most(AREA, "situation with call list, p99 at 8 connections", slowest, 150, " ms")


def _answered(url: str, spots: list[tuple[float, float]]) -> list[float]:
    connection, taken = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30), []
    for lon, lat in spots:
        begun = time.perf_counter()
        origin = {"lon": lon, "lat": lat}
        body = json.dumps({"origin": origin, "hazard": HAZARD, "persons": 50})
        _ask(connection, "POST", "/v1/proximity/situation", body, {"content-type": "application/json"})
        _ask(connection, "GET", f"/v1/call-list?{urlencode(origin | {'hazard': HAZARD})}", None, {})
        taken.append((time.perf_counter() - begun) * 1000)
    connection.close()
    return taken


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: str | None, headers: dict[str, str]
) -> None:
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    text = response.read()
    if response.status != 200:
        raise RuntimeError(f"{method} {path} answered {response.status}: {text[:200]!r}")


class _Timed(list[Any]):
    """The delays in seconds between a change and its first receipt."""

    def __init__(self) -> None:
        super().__init__()
        self._identities: set[str] = set()

    def append(self, item: Any) -> None:
        headers, body = item
        if headers["webhook-id"] in self._identities:
            return
        self._identities.add(headers["webhook-id"])
        recorded = datetime.fromisoformat(json.loads(body)["data"]["at"])
        super().append((datetime.now(UTC) - recorded).total_seconds())


def _webhooks(stage: Stage, seconds: float) -> list[Figure]:
    """Change shelters so many times a second, and see when the subscription of its town is told."""
    key = asyncio.run(a_key(stage.database_url, "webhooks"))
    receiver = Receiver()
    receiver.got = delays = _Timed()
    try:
        shelters = asyncio.run(_subscribe(stage, receiver.url))
        with served(stage, **WITHOUT_LIMITS, webhook_networks=LOOPBACK) as server:
            begun = time.monotonic()
            count = _change(server.url, key, shelters, seconds)
            rate = count / (time.monotonic() - begun)
            until = time.monotonic() + PATIENCE_S
            while len(delays) < count and time.monotonic() < until:
                time.sleep(0.1)
    finally:
        receiver.close()
    p99 = sorted(delays)[int(len(delays) * 0.99)]
    return [
        at_least(AREA, "changes a second while 10,000 subscriptions listen", rate, CHANGES_PER_S * 0.95, ""),
        at_most(AREA, "change to delivery, p99", p99, 2, " s"),
        at_most(AREA, f"of {count} changes not told after a minute", count - len(delays), 0, ""),
    ]


async def _subscribe(stage: Stage, url: str) -> list[str]:
    """Store the subscriptions, and return shelters of their towns."""
    connection = await asyncpg.connect(stage.database_url, command_timeout=600)
    towns = [row["place"] for row in await connection.fetch(TOWNS)]
    await connection.execute(FROM_NOW)
    secret = encrypt_secret(new_secret(), PEPPER.encode())
    await connection.execute(SUBSCRIBE, url, secret, towns, SUBSCRIPTIONS)
    shelters = [row["id"] for row in await connection.fetch(SHELTERS, towns)]
    await connection.close()
    return shelters


def _change(url: str, key: str, shelters: list[str], seconds: float) -> int:
    """Change one shelter after the other on several connections, evenly; how many changes were made."""
    count = int(CHANGES_PER_S * seconds)
    begun = time.monotonic()

    def write(number: int) -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json", "if-match": "*"}
        for n in range(number, count, WRITERS):
            time.sleep(max(0.0, begun + n / CHANGES_PER_S - time.monotonic()))
            body = json.dumps({"properties": {"note": f"change {n}"}})
            _ask(connection, "PATCH", f"/v1/resources/{shelters[n % len(shelters)]}", body, headers)
        connection.close()

    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(write, range(WRITERS)))
    return count


async def _questions(stage: Stage) -> list[Figure]:
    """A thousand questions over the towns, and a change in one of them."""
    at = datetime.now(UTC)
    async with reading(Settings(pool_size=4), as_role(stage.database_url)) as reader:
        connection = await asyncpg.connect(stage.database_url, command_timeout=600)
        towns = [row["place"] for row in await connection.fetch(TOWNS)]
        questions = [
            StandingQuestion(
                id=uuid4(), place=towns[n % len(towns)], asks=NumberOfRecords(kind="shelter"), threshold=n,
                visibility="public", version=1, created_at=at, updated_at=at,
            )
            for n in range(QUESTIONS)
        ]  # fmt: skip
        async with reader.writer() as writer:
            await scope.bind(writer, SYSTEM)
            await entries.insert_many(writer, questions, "benchmark")
            await standing_questions.put_due(writer, [("live", one.id) for one in questions], at)
        begun = time.perf_counter()
        await work_questions(reader)
        all_s = time.perf_counter() - begun
        shelter = (await connection.fetch(SHELTERS, towns[:1]))[0]["id"]
        await connection.execute(CHANGED, shelter)
        begun = time.perf_counter()
        while await touch(reader):
            pass
        touched = await connection.fetchval(TOUCHED)
        await work_questions(reader)
        again_s = time.perf_counter() - begun
        await connection.close()
    of_town = len([one for one in questions if one.place == towns[0]])
    return [
        Figure(AREA, "1,000 standing questions, all worked", f"{all_s:.1f} s"),
        at_most(AREA, "of 1,000 questions worked again after a change in one town", touched, of_town, ""),
        Figure(AREA, "the same, change to answers", f"{again_s:.2f} s"),
    ]
