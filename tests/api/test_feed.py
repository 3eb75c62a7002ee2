"""The feed: commit order, nothing skipped, nobody told what they may not know."""

import asyncio
import base64
import calendar
import hashlib
import json
import time
from datetime import UTC, datetime

import asyncpg
import msgspec
import pytest

from registry.domain.access.pepper import Peppers
from registry.domain.errors import Unavailable
from registry.domain.records.change import Change, new_version
from registry.domain.sync.feed_cursor import LogPosition
from registry.services.records.check import check
from registry.services.sync import change_watcher
from registry.store.database.pool import Writer, prepare
from registry.store.records import changes
from registry.store.sync import feed, hash_chain
from tests.api.conftest import PEPPER
from tests.api.test_writes import URL, created, feature
from tests.builders import NOW, make
from tests.waiting import until

FEED = "/v1/changes"
OLD = "wgxHEwEip1CU2TpkMmI1ODZjZi0zY2QyLTQwYmMtYjU4Yi05OGU2ZTgyZjcwOTEvNzcxMDIxNDcxNzE1NTg1NTQ5MC8xrDc1NW"
"""The beginning of a cursor as they were when anybody could read them."""
WROTE = Change(verb="create", actor="test", at=NOW)


async def pull(client, cursor=None, headers=None, **params) -> dict:
    asked = params | ({"cursor": cursor} if cursor else {})
    response = await client.get(FEED, params=asked, headers=headers or {})
    assert response.status_code == 200, response.text
    return response.json()


async def settled(client, cursor=None, headers=None, wanted=1, **params) -> list[dict]:
    """Pull until `wanted` changes are there: the watcher may be a moment behind the commit."""
    found: list[dict] = []
    for _ in range(100):
        page = await pull(client, cursor, headers, **params)
        found, cursor = found + page["changes"], page["cursor"]
        if len(found) >= wanted:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"{found} are not {wanted} changes")


async def looked(watch: change_watcher.ChangeWatcher) -> None:
    """Wait until the watcher has begun and ended a look."""
    for _ in range(2):  # the first to end may have begun before
        before = watch.seen
        watch.wake()
        await until(lambda before=before: watch.seen is not before)


async def test_changes_come_in_commit_order_and_once(client, stored, signed) -> None:
    planner = await signed("planner")
    identity, etag = await created(client, planner)
    first = await settled(client)
    assert [(c["op"], c["id"], c["version"]) for c in first] == [("put", identity, 1)]
    cursor = (await pull(client))["cursor"]
    assert (await pull(client, cursor))["changes"] == []
    await client.patch(
        f"{URL}/{identity}", json={"properties": {"note": "n"}}, headers=planner | {"If-Match": etag}
    )
    await client.delete(f"{URL}/{identity}", params={"reason": "gone"}, headers=planner | {"If-Match": "*"})
    later = await settled(client, cursor, wanted=2)
    assert [(c["op"], c["version"]) for c in later] == [("put", 2), ("delete", 3)]
    assert "feature" not in later[1]


async def test_the_feed_begins_at_an_instant_when_it_is_asked_to(client, stored, signed) -> None:
    headers = await signed("planner")
    await created(client, headers, feature(name={"zh": "早"}))
    first = await settled(client, headers=headers)
    await asyncio.sleep(0.01)
    since = datetime.now(UTC)
    identity, _ = await created(client, headers, feature(name={"zh": "晚"}))
    await settled(client, headers=headers, wanted=2)
    told = await pull(client, headers=headers, since=since.isoformat())
    assert [change["id"] for change in told["changes"]] == [str(identity)]
    everything = await pull(client, headers=headers, since="2000-01-01T00:00:00Z")
    assert [change["id"] for change in everything["changes"]] == [first[0]["id"], str(identity)]
    page = await pull(client, headers=headers, since="2999-01-01T00:00:00Z")
    assert page["changes"] == []
    both = await client.get(
        FEED, params={"since": since.isoformat(), "cursor": page["cursor"]}, headers=headers
    )
    assert both.status_code == 400


async def test_a_poll_without_news_is_answered_the_same_until_there_is_news(client, stored, signed) -> None:
    planner, viewer = await signed("planner"), await signed("viewer")
    await created(client, planner)
    await settled(client, headers=planner)
    cursor = (await pull(client, headers=planner))["cursor"]
    polls = [await client.get(FEED, params={"cursor": cursor}, headers=planner) for _ in range(3)]
    assert {poll.content for poll in polls} == {polls[0].content}
    assert polls[0].json() == {"changes": [], "cursor": cursor, "more": False}
    assert {poll.headers["content-type"] for poll in polls} == {"application/json"}
    assert {poll.headers["cache-control"] for poll in polls} == {"private, no-cache"}
    assert len({poll.headers["x-request-id"] for poll in polls}) == 3
    for other in (viewer, {}):
        assert (await client.get(FEED, params={"cursor": cursor}, headers=other)).status_code == 410
    identity, _ = await created(client, planner)
    assert [change["id"] for change in await settled(client, cursor, planner)] == [identity]


async def test_a_cursor_tells_nothing_of_transactions_or_clusters(client, stored, signed) -> None:
    await created(client, await signed("planner"))
    await settled(client)
    cursor = (await pull(client))["cursor"]
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    stand = await client.app.state.change_watcher.head()
    numbers = [stand.last.xid, stand.last.seq, stand.settled.xid, stand.settled.seq]
    readable = [
        stand.incarnation,
        *(msgspec.msgpack.encode(number) for number in numbers if number > 255),
    ]
    for part in readable:
        assert (part.encode() if isinstance(part, str) else part) not in raw


async def test_a_late_commit_is_never_skipped(client, stored, api_url, signed) -> None:
    slow = await asyncpg.connect(api_url)
    await prepare(slow)
    late = slow.transaction()
    await late.start()
    mine = new_version(make(note="late"), NOW)
    await changes.insert(Writer(slow), mine, WROTE)
    planner = await signed("planner")
    identity, _ = await created(client, planner)
    await looked(client.app.state.change_watcher)
    page = await pull(client)
    assert page["changes"] == [], "what stands behind an open transaction waits for it"
    await late.commit()
    await slow.close()
    both = await settled(client, page["cursor"], wanted=2)
    assert {c["id"] for c in both} == {str(mine.id), identity}


async def test_the_feed_tells_each_what_they_may_know(client, stored, signed) -> None:
    viewer, planner = await signed("viewer"), await signed("planner")
    secret, _ = await created(client, planner, feature(visibility="restricted", note="canary-feed"))
    inner, etag = await created(client, planner, feature(visibility="internal"))
    everything = await settled(client, headers=planner, wanted=2)
    assert {c["id"] for c in everything} == {secret, inner}
    told = await settled(client)
    assert [c["id"] for c in told] == [inner]
    assert told[0]["feature"]["geometry"]["coordinates"] != [106.65, 29.03]
    known = await settled(client, headers=viewer)
    assert known[0]["feature"]["geometry"]["coordinates"] == [106.65, 29.03]
    page = await pull(client)
    hide = {"properties": {"visibility": "restricted", "note": "canary-feed"}}
    await client.patch(f"{URL}/{inner}", json=hide, headers=planner | {"If-Match": etag})
    left = await settled(client, page["cursor"])
    assert [(c["op"], c["id"]) for c in left] == [("scope_out", inner)]
    assert "canary-feed" not in (await client.get(FEED)).text


async def test_what_leaves_a_place_is_told_to_those_who_watch_it(client, towns, signed) -> None:
    planner = await signed("planner")
    identity, etag = await created(client, planner, feature(place="T1"))
    await created(client, planner, feature(place="T2"))
    inside = await settled(client, place="T1")
    assert [c["id"] for c in inside] == [identity]
    assert len(await settled(client, place="D1", wanted=2)) == 2
    cursor = (await pull(client, place="T1"))["cursor"]
    assert (await client.get(FEED, params={"cursor": cursor})).status_code == 410
    away = {"properties": {"place": "T2"}}
    await client.patch(f"{URL}/{identity}", json=away, headers=planner | {"If-Match": etag})
    assert [c["op"] for c in await settled(client, cursor, place="T1")] == ["scope_out"]
    assert [c["op"] for c in await settled(client, place="T2", wanted=2)] == ["put", "put"]


def changed(text: str, place: int) -> str:
    """The text with another character there, whichever it has."""
    return text[:place] + ("B" if text[place] == "A" else "A") + text[place + 1 :]


async def test_a_cursor_is_bound_to_its_reader_and_its_history(client, stored, signed) -> None:
    planner = await signed("planner")
    await created(client, planner)
    cursor = (await pull(client))["cursor"]
    assert (await client.get(FEED, params={"cursor": cursor}, headers=planner)).status_code == 410
    for altered in (changed(cursor, 0), changed(cursor, len(cursor) - 3), OLD):
        assert (await client.get(FEED, params={"cursor": altered})).status_code == 410
    for nonsense in ("?", "", "later", cursor[:20]):
        assert (await client.get(FEED, params={"cursor": nonsense})).status_code == 400
    await stored._connection.execute("UPDATE incarnation SET id = gen_random_uuid()")
    await looked(client.app.state.change_watcher)
    gone = await client.get(FEED, params={"cursor": cursor})
    assert gone.status_code == 410
    assert gone.headers["content-type"] == "application/problem+json"


async def test_a_long_poll_returns_as_soon_as_something_happens(client, stored, signed, monkeypatch) -> None:
    planner = await signed("planner")
    watch, polls = client.app.state.change_watcher, asyncio.Event()
    moved = watch.moved

    async def noted(timeout_s: float) -> bool:
        polls.set()
        return await moved(timeout_s)

    monkeypatch.setattr(watch, "moved", noted)
    cursor = (await pull(client, "now"))["cursor"]
    waiting = asyncio.create_task(client.get(FEED, params={"cursor": cursor, "wait_s": 20}))
    await asyncio.wait_for(polls.wait(), 20)
    identity, _ = await created(client, planner)
    answer = await asyncio.wait_for(waiting, 3)
    assert [c["id"] for c in answer.json()["changes"]] == [identity]


class Awaited(asyncio.Event):
    """An event that knows whether it is waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.waited = asyncio.Event()

    async def wait(self) -> bool:
        self.waited.set()
        return await super().wait()


async def test_a_watch_ends_when_it_is_told_to_while_something_happens(client, reader) -> None:
    looking = change_watcher.ChangeWatcher(reader)
    looking._hint = Awaited()
    running = asyncio.create_task(looking.run())
    await asyncio.wait_for(looking._hint.waited.wait(), 20)
    looking._hint.set()
    await asyncio.sleep(0)
    running.cancel()
    ended, _ = await asyncio.wait([running], timeout=25)
    assert ended, "the cancellation was lost to the hint"


@pytest.mark.parametrize("error", [RuntimeError("anything"), Unavailable("the database is away")])
async def test_a_look_that_fails_costs_a_listener_nothing(client, stored, signed, monkeypatch, error) -> None:
    looking, page, failed = change_watcher.ChangeWatcher(client.app.state.reader), feed.page, []

    async def once_failing(*asked):
        if not failed:
            failed.append(error)
            raise error
        return await page(*asked)

    await looking.head()
    running = asyncio.create_task(looking.run())
    monkeypatch.setattr(change_watcher.feed, "page", once_failing)
    try:
        async with looking.subscribed() as listener:
            identity, _ = await created(client, await signed("planner"))
            batch, *_ = await asyncio.wait_for(listener.take(), 10)
    finally:
        running.cancel()
    assert failed
    assert [str(row["resource_id"]) for row in batch] == [identity]


async def test_who_listens_before_the_first_look_has_ended_is_not_sent_away(
    client, stored, signed, monkeypatch
) -> None:
    looking, head = change_watcher.ChangeWatcher(client.app.state.reader), feed.head
    asked, goes_on = asyncio.Event(), asyncio.Event()

    async def waits_in_the_look(reader):
        found = await head(reader)
        if asyncio.current_task() is look:
            asked.set()
            await goes_on.wait()
        return found

    monkeypatch.setattr(change_watcher.feed, "head", waits_in_the_look)
    look = asyncio.create_task(looking.look())
    await asked.wait()
    await looking.head()
    async with looking.subscribed() as listener:
        goes_on.set()
        await look
        assert not listener.lost
        identity, _ = await created(client, await signed("planner"))
        running = asyncio.create_task(looking.run())
        batch, *_ = await asyncio.wait_for(listener.take(), 100)
        running.cancel()
    assert [str(row["resource_id"]) for row in batch] == [identity]


async def test_exercises_do_not_meet_real_life(client, stored, signed) -> None:
    planner = await signed("planner")
    made = await client.post(URL, json=feature(), params={"exercise": "drill"}, headers=planner)
    assert made.status_code == 201
    inside = await settled(client, exercise="drill")
    assert [c["id"] for c in inside] == [made.json()["id"]]
    assert (await pull(client))["changes"] == []


async def test_a_digest_is_what_a_device_can_compute(client, stored, signed) -> None:
    planner = await signed("planner")
    made = [(await created(client, planner))[0] for _ in range(5)]
    digest = (await client.get("/v1/sync/digest")).json()
    expected: dict[str, list] = {}
    for identity in made:
        told = (await client.get(f"{URL}/{identity}")).json()["properties"]["updated_at"]
        whole, _, fraction = told.removesuffix("Z").partition(".")
        since = calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S"))
        at_us = since * 1_000_000 + int(fraction.ljust(6, "0"))
        bucket = str(int(identity[-2:], 16))
        count, value = expected.get(bucket, [0, "0"])
        hashed = int.from_bytes(hashlib.sha256(f"{identity}:1:{at_us}".encode()).digest()[:8], "big")
        expected[bucket] = [count + 1, f"{int(value, 16) ^ hashed:016x}"]
    assert digest["buckets"] == expected


async def test_a_snapshot_and_its_cursor_miss_nothing(client, stored, signed) -> None:
    planner = await signed("planner")
    made = {(await created(client, planner))[0] for _ in range(3)}
    lines = [json.loads(line) for line in (await client.get("/v1/sync/snapshot")).text.splitlines()]
    assert {line["id"] for line in lines[1:-1]} == made
    assert lines[-1] == {"end": 3}
    identity, _ = await created(client, planner)
    after = await settled(client, lines[0]["cursor"])
    assert [c["id"] for c in after] == [identity]


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE change_log SET actor = 'nobody' WHERE version = 1",
        "DELETE FROM change_log WHERE version = 2",
        "UPDATE change_log SET at = at - interval '1 day' WHERE version = 2",
        "UPDATE change_log SET members = replace(members, '300', '900')",
        "UPDATE change_log SET reason = '|', actor = 'x' WHERE version = 2",
        "UPDATE resource SET feature = replace(feature, '300', '900')",
    ],
)
async def test_a_rewritten_history_is_found(client, stored, signed, harm) -> None:
    planner = await signed("planner")
    identity, etag = await created(client, planner)
    await client.patch(
        f"{URL}/{identity}", json={"properties": {"note": "n"}}, headers=planner | {"If-Match": etag}
    )
    peppers = Peppers(PEPPER.encode())
    while await hash_chain.unsealed(stored, await hash_chain.head(stored)):
        await hash_chain.seal(stored, PEPPER.encode())
    assert await check(stored, peppers) == []
    shown = (await client.get("/v1/history/digest", headers=planner)).json()
    assert (shown["changes"], shown["unsealed"]) == (2, 0)
    owner = stored._connection
    await owner.execute("ALTER TABLE change_log DISABLE TRIGGER append_only")
    await owner.execute(harm)
    await owner.execute("ALTER TABLE change_log ENABLE TRIGGER append_only")
    assert await check(stored, peppers) != []


async def test_what_one_worker_commits_wakes_the_others(client, stored, signed, monkeypatch) -> None:
    monkeypatch.setattr(change_watcher, "LOOK_EVERY_S", 60.0)
    other = change_watcher.ChangeWatcher(client.app.state.reader)
    running = asyncio.create_task(other.run())
    planner = await signed("planner")
    try:
        for _ in range(20):  # the first may be before it listens
            waiting = asyncio.create_task(other.moved(1))
            await created(client, planner)
            if await waiting:
                return
        raise AssertionError("nobody told it")
    finally:
        running.cancel()


async def test_a_listener_is_let_go_for_the_changes_it_is_behind_not_for_their_batches() -> None:
    listener, mark = change_watcher.Subscription(), LogPosition(1, 1)
    for _ in range(2 * change_watcher.MAX_WAITING):
        listener.put([{}], mark)
        assert len((await listener.take())[0]) == 1
    assert not listener.lost
    listener.put([{}] * change_watcher.MAX_WAITING, mark)
    assert not listener.lost
    listener.put([{}], mark)
    assert listener.lost
