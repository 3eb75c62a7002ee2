"""An open stream is no right for ever: revocation, expiry and changed rights end it within ten seconds."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from registry.services.sync import read_changes
from tests.access.streams import Stream
from tests.access.worlds import World, identity_of
from tests.waiting import until

PATH = "/v1/changes/stream"
WITHIN_S = 10.0
RIGHTS = {
    "revoked": ("UPDATE api_key SET revoked_at = now() WHERE holder = $1", b"event: end"),
    "less": ("UPDATE api_key SET role = 'viewer' WHERE holder = $1", b"event: end"),
    "elsewhere": ("UPDATE api_key SET places = '{T2}' WHERE holder = $1", b"event: end"),
}
UNDO = "UPDATE api_key SET role = $2, places = $3, revoked_at = NULL, expires_at = NULL WHERE holder = $1"


@pytest.fixture
async def officer(writable: World):
    """The name of a role whose key a test may change."""
    yield "field"
    await writable.connection.execute(UNDO, "field", "field", ["T1"])
    writable.client.app.state.authenticator._keys._accepted.clear()


async def edited(place: World, **properties: object) -> str:
    identity = str(identity_of("restricted", "T1", "shelter", None))
    headers = place.headers["admin"] | {"If-Match": "*"}
    answer = await place.client.patch(
        f"/v1/resources/{identity}", json={"properties": properties}, headers=headers
    )
    assert answer.status_code == 200, answer.text
    return identity


@pytest.mark.parametrize("change", RIGHTS)
async def test_a_stream_ends_when_its_credential_means_less(
    writable: World, officer: str, change: str
) -> None:
    statement, last = RIGHTS[change]
    async with Stream(writable, officer, PATH) as stream:
        await stream.until(lambda heard: b"event: ready" in heard.content)
        await writable.connection.execute(statement, officer)
        async with asyncio.timeout(WITHIN_S):
            heard = await stream.until(lambda heard: last in heard.content)
            await until(lambda: stream.ended)
        identity = await edited(writable, note=f"after {change}")
    assert identity.encode() not in heard.content


async def test_a_stream_ends_when_its_key_expires(writable: World, officer: str) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1)
    await writable.connection.execute("UPDATE api_key SET expires_at = $2 WHERE holder = $1", officer, soon)
    writable.client.app.state.authenticator._keys._accepted.clear()
    async with Stream(writable, officer, PATH) as stream:
        async with asyncio.timeout(WITHIN_S + 1):
            await stream.until(lambda heard: b"event: end" in heard.content)


async def test_a_long_poll_that_was_revoked_meanwhile_answers_nothing(
    writable: World, officer: str, monkeypatch
) -> None:
    monkeypatch.setattr("registry.api.http.access.authentication.LOOK_AGAIN_S", 0.0)
    url = "/v1/changes?cursor=now&wait_s=20"
    waiting = asyncio.create_task(writable.client.get(url, headers=writable.headers[officer]))
    watcher = writable.client.app.state.change_watcher
    await until(lambda: not waiting.done() and watcher.seen is not None)
    await asyncio.sleep(0)
    await writable.connection.execute(RIGHTS["revoked"][0], officer)
    await edited(writable, note="while somebody waits")
    assert (await waiting).status_code == 401


async def test_a_stream_has_a_greatest_age(writable: World, monkeypatch) -> None:
    monkeypatch.setattr(read_changes, "LONGEST_S", 1.0)
    async with Stream(writable, "planner", PATH) as stream:
        await stream.until(lambda heard: b"event: ready" in heard.content)
        async with asyncio.timeout(WITHIN_S):
            await until(lambda: stream.ended)


async def test_a_slow_reader_gets_no_more_of_a_snapshot_after_its_key_was_revoked(
    writable: World, officer: str, monkeypatch
) -> None:
    monkeypatch.setattr("registry.api.http.access.authentication.LOOK_AGAIN_S", 0.0)
    monkeypatch.setattr("registry.store.database.streams.PIECE", 100)
    async with Stream(writable, officer, "/v1/sync/snapshot", slowly=True) as stream:
        await stream.until(lambda heard: heard.content.count(b"\n") > 2)
        await writable.connection.execute(RIGHTS["revoked"][0], officer)
        stream.hurry()
        await until(lambda: stream.ended)
        assert b'"end"' not in stream.heard.content
