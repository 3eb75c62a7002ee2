"""What time alone brings is told once: verifications that fall due, stock that expires soon or has."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from registry.services.subscriptions.tell_deadlines import tell_deadlines
from registry.store.database.pool import Writer
from registry.store.records import changes
from registry.store.subscriptions import deadlines
from tests.api.test_subscriptions import amend, hook_url, make, place, receiver, subscribe  # noqa: F401
from tests.builders import A_CHANGE, a_resource
from tests.builders import make as make_record
from tests.waiting import until

LONG, SHORT = timedelta(days=180), timedelta(days=10)
"""How old a verification may be: with the shorter one the time between has passed."""
EVENTS = ["verification.due", "stock.expiring", "stock.expired"]


def day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def a_line(days: int) -> dict[str, Any]:
    return {
        "item_code": "01",
        "name": {"en": "water"},
        "unit": "each",
        "quantity": 5,
        "expires_on": day(days),
    }


async def pass_days(client, days: int) -> None:
    """As if the registry had looked so many days ago for the last time."""
    back = "UPDATE deadline_reader SET at = at - make_interval(days => $1)"
    await client.connection.execute(back, days)


async def verified(client, at: datetime, **given: Any) -> UUID:
    """A shelter that somebody verified at an instant."""
    made = make_record("shelter", **{"place": "T1"} | given)
    properties = msgspec.structs.replace(made.properties, verified_at=at)
    made = msgspec.structs.replace(made, properties=properties)
    await changes.insert(Writer(client.connection), made, A_CHANGE)
    return made.id


async def log_is_read(client) -> bool:
    """Whether subscriptions were told of every change, so that only time is left to tell of."""
    unread = "SELECT count(*) FROM change_log c, log_reader r WHERE r.name = 'webhooks'"
    return await client.connection.fetchval(f"{unread} AND (c.xid, c.seq) > (r.xid, r.seq)") == 0


@pytest.fixture
async def told(place):  # noqa: F811
    """The registry has looked for deadlines until now."""

    async def looked() -> bool:
        await tell_deadlines(place.app.state.reader, LONG)
        never = "SELECT count(*) FROM deadline_reader WHERE at IS NULL"
        return await place.connection.fetchval(never) == 0

    await until(looked)
    return place


async def test_a_verification_falls_due_once_for_whom_it_concerns(told, receiver) -> None:  # noqa: F811
    await subscribe(told, receiver.url, place="T1", events=["verification.due"])
    now = datetime.now(UTC)
    old = now - timedelta(days=30)
    due = await verified(told, old)
    await verified(told, old, place="T2")
    await verified(told, now)
    await verified(told, old, lifecycle="retired")
    await a_resource(Writer(told.connection), "shelter", place="T1")
    await until(lambda: log_is_read(told))

    async def tell() -> bool:
        await tell_deadlines(told.app.state.reader, SHORT)
        return bool(receiver.got)

    await until(tell)
    await tell_deadlines(told.app.state.reader, SHORT)
    stored = await told.connection.fetch("SELECT type, subject FROM webhook_message")
    assert [(row["type"], row["subject"]) for row in stored] == [("verification.due", due)]
    (message,) = receiver.told
    assert (message["type"], message["events"]) == ("verification.due", ["verification.due"])
    assert message["data"]["feature"]["properties"]["verified_at"].startswith(old.date().isoformat())


async def test_stock_is_told_before_it_expires_and_when_it_has(told, receiver) -> None:  # noqa: F811
    await subscribe(told, receiver.url, events=EVENTS)
    writer = Writer(told.connection)
    soon = await a_resource(writer, "supply_depot", place="T1", stock=[a_line(28), a_line(200)])
    gone = await a_resource(writer, "supply_depot", place="T1", stock=[a_line(-3)])
    await a_resource(writer, "supply_depot", place="T1", stock=[a_line(200)])
    await pass_days(told, 5)

    async def tell() -> bool:
        await tell_deadlines(told.app.state.reader, LONG)
        return len(receiver.got) == 2

    await until(tell)
    found = {(message["type"], message["data"]["id"]) for message in receiver.told}
    assert found == {("stock.expiring", str(soon)), ("stock.expired", str(gone))}


async def test_a_change_that_brings_what_was_due_before_says_so(told, receiver) -> None:  # noqa: F811
    """Time has passed by its deadline: the change is the only chance to tell it."""
    await subscribe(told, receiver.url, events=EVENTS)
    depot = await make(told, kind="supply_depot", stock=[a_line(200)])
    await amend(told, depot, stock=[a_line(-1), a_line(3)])
    await until(lambda: len(receiver.got) == 1)
    (message,) = receiver.told
    assert message["events"] == ["record.changed", "stock.expired", "stock.expiring"]
    await tell_deadlines(told.app.state.reader, LONG)
    assert await told.connection.fetchval("SELECT count(*) FROM webhook_message") == 1


async def test_many_that_fall_due_at_one_instant_are_told_in_pages(told, receiver, monkeypatch) -> None:  # noqa: F811
    monkeypatch.setattr(deadlines, "PAGE", 2)
    await subscribe(told, receiver.url, events=["verification.due"])
    old = datetime.now(UTC) - timedelta(days=30)
    made = [await verified(told, old) for _ in range(5)]

    async def tell() -> bool:
        await tell_deadlines(told.app.state.reader, SHORT)
        return len(receiver.got) >= len(made)

    await until(tell)
    assert sorted(message["data"]["id"] for message in receiver.told) == sorted(map(str, made))


async def test_what_was_changed_a_moment_ago_is_told_once(told, receiver) -> None:  # noqa: F811
    """Who looks first, the reader of the log or that of the clock, may be either."""
    await subscribe(told, receiver.url, events=["verification.due"])
    old = datetime.now(UTC) - timedelta(days=30)
    made = [await verified(told, old, visibility="restricted") for _ in range(3)]
    await tell_deadlines(told.app.state.reader, SHORT)

    async def tell() -> bool:
        await tell_deadlines(told.app.state.reader, SHORT)
        return len(receiver.got) >= len(made)

    await until(tell)
    stored = await told.connection.fetch("SELECT subject FROM webhook_message")
    assert sorted(row["subject"] for row in stored) == sorted(made)
