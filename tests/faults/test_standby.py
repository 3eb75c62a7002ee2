"""A standby answers questions, nobody misses their own change, and reading goes on without the primary."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import asyncpg
import pytest

from registry.app import create_app
from registry.domain.access.credential import new_token
from registry.runtime.cluster import supervision
from registry.runtime.cluster.embedded import Cluster, running
from registry.runtime.database import as_role, writing
from registry.runtime.settings import Settings
from registry.services.access import keys
from registry.store.database import migrations
from registry.store.database.standby import Standby, parse_position
from tests.api.conftest import Client, serving
from tests.builders import a_resource
from tests.scratch import scratch_folder
from tests.standby import standby_of
from tests.waiting import until

PEPPER = "a pepper of the tests of a standby, long"
TEAM = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [106.6, 29.0]},
    "properties": {
        "kind": "rescue_team",
        "name": {"zh": "队"},
        "location": {"quality": "surveyed", "uncertainty_m": 5},
    },
}


class Pair(NamedTuple):
    """A primary, its standby, and the header of an administrator."""

    primary: str
    standby: str
    cluster: Cluster
    headers: dict[str, str]


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    token = new_token()

    async def admit(primary: str) -> None:
        async with writing(primary) as writer:
            await keys.put_admin_key(writer, PEPPER.encode(), token)

    with (
        pytest.MonkeyPatch.context() as patched,
        scratch_folder() as folder,
        running(folder / "one") as primary,
    ):
        patched.setattr(supervision, "CHECK_EVERY_S", 3600.0)
        migrations.upgrade(primary)
        asyncio.run(admit(primary))
        with standby_of(primary, folder / "two") as standby:
            headers = {"Authorization": f"Bearer {token}"}
            yield Pair(primary, standby, Cluster.at(folder / "one"), headers)


@asynccontextmanager
async def opened(url: str, read_url: str | None = None, **given) -> AsyncIterator[Client]:
    """An application that looks a key up for each request."""
    read = None if read_url is None else as_role(read_url)
    settings = Settings(pool_size=3, read_url=read, key_pepper=PEPPER, key_cache_s=0, **given)
    async with serving(create_app(settings, as_role(url))) as client:
        yield client


async def ask(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url.replace("registry@", "postgres@"))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def of(client: Client) -> Standby:
    found = client.app.state.standby
    assert isinstance(found, Standby)
    return found


def asks_standby(client: Client, actor: str = "anonymous") -> bool:
    return of(client).reader_for(actor) is of(client)._reader


async def test_a_change_is_seen_by_whoever_made_it_or_was_told_of_it(pair: Pair) -> None:
    async with opened(pair.primary, pair.standby) as one, opened(pair.primary, pair.standby) as other:
        await until(lambda: asks_standby(one) and asks_standby(other))
        await ask(pair.standby, "SELECT pg_wal_replay_pause()")
        made = await one.post("/v1/resources", json=TEAM, headers=pair.headers)
        assert made.status_code == 201, made.text
        own = f"/v1/resources/{made.json()['id']}"
        assert (await one.get(own, headers=pair.headers)).status_code == 200
        position = {"Registry-Position": made.headers["Registry-Position"]}
        assert (await other.get(own, headers=pair.headers | position)).status_code == 200
        assert of(other).reader_for("anonymous", made.headers["Registry-Position"]) is of(other).primary
        told = await other.get("/v1/changes", params={"cursor": "now", "wait_s": 0})
        assert told.status_code == 200
        await until(lambda: not asks_standby(other))  # its feed has told of the change
        assert (await other.get(own)).status_code == 200
        await ask(pair.standby, "SELECT pg_wal_replay_resume()")
        await until(lambda: asks_standby(one, "key:admin") and asks_standby(other))
        assert (await other.get(own)).status_code == 200


async def test_a_standby_that_is_late_is_not_asked(pair: Pair) -> None:
    async with opened(pair.primary, pair.standby, read_lag_s=0.3) as client:
        await until(lambda: asks_standby(client))
        await ask(pair.standby, "SELECT pg_wal_replay_pause()")
        await ask(pair.primary, "SELECT pg_logical_emit_message(true, 'test', 'of no table')")
        await until(lambda: of(client).lag_s > 0.3)
        assert not asks_standby(client)
        ready = await until(lambda: is_late(client))
        assert (ready["status"], ready["writable"]) == ("degraded", True)
        await ask(pair.standby, "SELECT pg_wal_replay_resume()")
        await until(lambda: asks_standby(client))


async def is_late(client: Client) -> dict | None:
    body = (await client.get("/health/ready")).json()
    return body if "behind" in body["checks"]["standby"] else None


async def test_questions_are_answered_while_the_primary_is_away(pair: Pair) -> None:
    async with opened(pair.primary, pair.standby) as client:
        made = await client.post("/v1/resources", json=TEAM, headers=pair.headers)
        own = f"/v1/resources/{made.json()['id']}"
        await until(lambda: asks_standby(client, "key:admin"))
        pair.cluster.down()
        await until(lambda: not of(client).primary_answers)
        for path in (own, "/v1/resources", "/v1/proximity/nearest?lon=106.6&lat=29", TILE):
            answer = await client.get(path, headers=pair.headers)
            assert answer.status_code in (200, 204), (path, answer.text)
        unknown = {"Registry-Position": "FFFFFF/0"}
        assert (await client.get(own, headers=pair.headers | unknown)).status_code == 503
        refused = await client.post("/v1/resources", json=TEAM, headers=pair.headers)
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
        await until(lambda: status_of(client, "/health/ready", 503))
        reading = (await client.get("/health/ready?for=reading")).json()
        assert (reading["status"], reading["readable"], reading["writable"]) == ("read-only", True, False)
        pair.cluster.start()
        await until(lambda: status_of(client, "/health/ready", 200))
        assert (await client.post("/v1/resources", json=TEAM, headers=pair.headers)).status_code == 201


TILE = "/ogc/tiles/WebMercatorQuad/8/106/203"


async def status_of(client: Client, path: str, status: int) -> bool:
    return (await client.get(path)).status_code == status


async def test_a_server_on_a_standby_reads_and_says_that_it_does_not_write(pair: Pair) -> None:
    async with writing(pair.primary) as writer:
        await a_resource(writer)
    position = await ask(pair.primary, "SELECT pg_current_wal_lsn()::text")
    replayed = f"SELECT pg_last_wal_replay_lsn() >= '{position}'"
    await until(lambda: ask(pair.standby, replayed))
    async with opened(pair.standby) as client:
        paths = ("/v1/resources", "/v1/changes", "/v1/sync/digest", "/ogc/collections", TILE)
        for path in paths:
            answer = await client.get(path, headers=pair.headers)
            assert answer.status_code in (200, 204), (path, answer.text)
        ready = await client.get("/health/ready")
        assert ready.status_code == 503
        assert "accepts no writes; questions are answered" in ready.json()["detail"]
        reading = (await client.get("/health/ready?for=reading")).json()
        assert (reading["readable"], reading["writable"]) == (True, False)
        refused = await client.post("/v1/resources", json=TEAM, headers=pair.headers)
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True)


async def test_a_position_that_is_none_is_named(pair: Pair) -> None:
    async with opened(pair.primary, pair.standby) as client:
        answer = await client.get("/v1/resources", headers={"Registry-Position": "yesterday"})
        assert (answer.status_code, "Registry-Position" in answer.text) == (400, True)
    assert parse_position("1/A") == 2**32 + 10
