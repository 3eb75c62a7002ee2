"""Admission: who waits for a slot, who holds one, and what needs none."""

import asyncio
import contextlib
import time

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from registry.api.http.access.admission import MOST_WAITING, PATIENCE_S, Admission, AdmissionQueue, Lane
from registry.domain.errors import Unavailable
from tests.api.conftest import Signed
from tests.waiting import until

Client = AsyncTestClient[Litestar]
SLOTS: dict[Lane, int] = {"command": 4, "planner": 1, "field": 2, "public": 2}


class CountingQueue(AdmissionQueue):
    """Counts how often a slot was given back."""

    left = 0

    def leave(self, lane: Lane) -> None:
        self.left += 1
        super().leave(lane)


async def taken(queue: AdmissionQueue, *lanes: Lane) -> list[Admission]:
    slots = [Admission(queue, lane) for lane in lanes]
    for slot in slots:
        await slot.enter()
    return slots


async def test_a_slot_that_comes_free_goes_to_the_highest_lane_and_in_it_to_the_first() -> None:
    queue, told = AdmissionQueue(SLOTS), []
    first, _ = await taken(queue, "public", "field")

    async def ask(name: str, lane: Lane) -> None:
        slot = Admission(queue, lane)
        await slot.enter(20)
        told.append(name)
        slot.leave()

    asked: list[tuple[str, Lane]] = [("p1", "public"), ("p2", "public"), ("f1", "field"), ("f2", "field")]
    waiting = []
    for name, lane in asked:
        waiting.append(asyncio.create_task(ask(name, lane)))
        await asyncio.sleep(0)
    assert told == []
    await ask("c", "command")
    first.leave()
    await asyncio.gather(*waiting)
    assert told == ["c", "f1", "f2", "p1", "p2"]
    assert sum(queue.running.values()) == 1


async def test_who_gets_no_slot_in_half_a_second_is_told_when_to_come_back() -> None:
    queue = AdmissionQueue(SLOTS)
    await taken(queue, "public", "public")
    clock = asyncio.get_running_loop().time
    begun = clock()
    refused = await asyncio.gather(
        *(Admission(queue, "public").enter() for _ in range(40)), return_exceptions=True
    )
    assert PATIENCE_S <= clock() - begun < PATIENCE_S + 0.5
    assert all(isinstance(one, Unavailable) for one in refused)
    waits = {one.retry_after_s for one in refused if isinstance(one, Unavailable)}
    assert len(waits) > 1, "those who are refused together must not return together"


async def test_a_slot_that_comes_free_just_when_the_time_is_up_is_an_ordinary_refusal() -> None:
    """A loop that was busy learns of both at once; who waited is refused, and the slot is not lost."""
    queue = AdmissionQueue(SLOTS)
    first, _ = await taken(queue, "public", "public")
    waiting = asyncio.create_task(Admission(queue, "public").enter(0.01))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.02, first.leave)
    time.sleep(0.05)  # noqa: ASYNC251 - the loop is busy
    with pytest.raises(Unavailable):
        await waiting
    assert queue.running["public"] == 1
    await taken(queue, "public")


async def test_a_queue_is_bounded_and_a_client_that_leaves_it_takes_no_slot() -> None:
    queue = AdmissionQueue(SLOTS)
    held = await taken(queue, "public", "public")
    waiting = [asyncio.create_task(Admission(queue, "public").enter(20)) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await Admission(queue, "public").enter()
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    for slot in held:
        slot.leave()
    assert sum(queue.running.values()) == 0
    await taken(queue, "public", "public")


@pytest.mark.parametrize("lane", ["public", "field", "planner"])
async def test_no_crowd_holds_the_slots_of_the_command_lane(lane: Lane) -> None:
    queue = AdmissionQueue(dict.fromkeys(SLOTS, 4))
    await taken(queue, *[lane] * 2)
    with pytest.raises(Unavailable):
        await Admission(queue, lane).enter(0.01)
    await taken(queue, "command", "command")


@pytest.fixture
async def full(client: Client, monkeypatch: pytest.MonkeyPatch):
    """The application with every public slot taken for good."""
    queue = AdmissionQueue(SLOTS)
    monkeypatch.setattr(client.app.asgi_handler._inner, "_slots", queue)
    await taken(queue, "public", "public")
    return client


async def test_what_needs_no_work_is_answered_when_all_slots_are_taken(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    tile = "/ogc/tiles/WebMercatorQuad/10/429/815"
    tiles = client.app.state.tiles

    async def is_kept() -> bool:
        await client.get(tile)
        return any(tiles.get(key) is not None for key in tiles._tiles)

    await until(is_kept)
    kept = await client.get(tile)
    queue = AdmissionQueue(SLOTS)
    monkeypatch.setattr(client.app.asgi_handler._inner, "_slots", queue)
    await taken(queue, "public", "public")
    refused = await client.get("/v1/resources")
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) >= 1
    for path in ("/", "/health/live", "/health/ready", tile):
        assert (await client.get(path)).status_code == 200, path
    same = await client.get(tile, headers={"If-None-Match": kept.headers["ETag"]})
    assert same.status_code == 304
    cursor = "/v1/changes?cursor=now"
    assert (await client.get(cursor)).status_code == 503, "a first poll reads the database"


async def test_the_other_lanes_do_not_notice_a_full_one(full: Client, signed: Signed) -> None:
    planner = await signed("planner")
    for _ in range(3):
        assert (await full.get("/v1/resources", headers=planner)).status_code == 200
        assert (await full.get("/v1/resources?bad=1", headers=planner)).status_code == 400


async def test_a_request_that_waits_for_news_holds_no_slot(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = CountingQueue(SLOTS)
    monkeypatch.setattr(client.app.asgi_handler._inner, "_slots", queue)
    polls = [asyncio.create_task(client.get("/v1/changes?cursor=now&wait_s=30")) for _ in range(20)]
    await until(lambda: queue.left == len(polls))
    assert sum(queue.running.values()) == 0
    assert not any(poll.done() for poll in polls)
    assert (await client.get("/v1/resources")).status_code == 200
    for poll in polls:
        poll.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*polls)


async def test_a_poll_that_is_refused_its_slot_again_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = AdmissionQueue(SLOTS)
    monkeypatch.setattr(client.app.asgi_handler._inner, "_slots", queue)
    monkeypatch.setattr("registry.api.http.access.admission.RESUME_S", 0.05)
    poll = asyncio.create_task(client.get("/v1/changes?cursor=now&wait_s=0.2"))
    await until(lambda: client.app.state.change_watcher._moved._waiters)
    await taken(queue, "public", "public")
    assert (await poll).status_code == 503
    assert sum(queue.running.values()) == 2
