"""The figures of incidents as counts of statements: what must not grow with subscriptions or with records."""

from contextlib import contextmanager
from typing import Any

import pytest

from registry.domain.access.sight import Sight
from registry.domain.proximity.origin import Origin
from registry.services.incidents.at_incident import call_list_at_origin
from registry.services.proximity.situation import Alarm, situation
from registry.services.subscriptions.fan_out import fan_out
from registry.store.database.pool import Reader, SnapshotReader, Writer
from tests.api.near import AT, a_place, box
from tests.api.test_subscriptions import hook_url, make, place, receiver, subscribe  # noqa: F401
from tests.builders import a_resource
from tests.waiting import until

HERE = Origin(lon=AT[0], lat=AT[1])


@contextmanager
def counted(monkeypatch):
    """Count the statements that are asked of the database, and writes of many rows as one."""
    asked: list[str] = []

    def counting(cls: type, name: str) -> None:
        plain = getattr(cls, name)

        async def noted(self: Any, query: Any, *rest: Any) -> Any:
            asked.append(query.text)
            return await plain(self, query, *rest)

        patch.setattr(cls, name, noted)

    with monkeypatch.context() as patch:
        counting(SnapshotReader, "rows")
        counting(SnapshotReader, "row")
        counting(Writer, "run")
        counting(Writer, "run_many")
        yield asked


async def read_all(reader: Reader) -> None:
    while await fan_out(reader):
        pass


@pytest.mark.parametrize("subscriptions", [1, 40])
async def test_a_page_of_changes_takes_as_many_statements_for_many_subscriptions(
    place,  # noqa: F811
    receiver,  # noqa: F811
    monkeypatch,
    subscriptions,
) -> None:
    for _ in range(subscriptions):
        await subscribe(place, receiver.url, place="T2", events=["incident.opened"])
    await subscribe(place, receiver.url, place="T1", kinds=["shelter"])
    reader = place.app.state.reader
    await until(lambda: _is_read(place))
    taken = []
    for _ in range(20):
        with counted(monkeypatch) as asked:
            await make(place)
            await read_all(reader)
        taken.append(sum("webhook_message" in text and "INSERT" in text for text in asked))
    assert max(taken) <= 2, "one write of messages a page, here or in the loop of the application"
    await until(lambda: len(receiver.got) == 20)


async def _is_read(client) -> bool:
    unread = "SELECT count(*) FROM change_log c, log_reader r WHERE r.name = 'webhooks'"
    return await client.connection.fetchval(f"{unread} AND (c.xid, c.seq) > (r.xid, r.seq)") == 0


@pytest.mark.parametrize("records", [3, 60])
async def test_the_first_answers_of_an_alarm_take_as_many_statements_for_many_records(
    client, stored, reader, monkeypatch, records
) -> None:
    await a_place(stored, "D", extent=box(106.5, 28.9, 0.4), level="district")
    for n in range(records):
        for kind in ("rescue_team", "shelter", "supply_depot", "fire_watch_point"):
            await a_resource(stored, kind, AT[0] + n / 1000, AT[1], place="D")
    sight = Sight(clearance="internal")

    async def answered() -> None:
        await situation(reader, sight, Alarm(origin=HERE, hazard="forest_fire"), 180)
        await call_list_at_origin(reader, sight, HERE, "forest_fire")

    await answered()
    with counted(monkeypatch) as asked:
        await answered()
    assert len(asked) <= MOST, sorted(asked)


MOST = 45
"""Statements of a situation and a call list together, once what is kept is there."""
