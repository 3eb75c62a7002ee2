"""Subscriptions: what is told, signed, retried in order, under one identity, and only to whom may know it."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import asyncpg
import msgspec
import pytest

from registry.app import create_app
from registry.domain.subscriptions.webhook import parse_networks
from registry.runtime.database import as_role
from registry.services.subscriptions.deliver import AT_ONCE_EACH, WebhookDeliverer
from registry.services.subscriptions.fan_out import fan_out
from registry.store.database.pool import Writer, prepare
from registry.store.subscriptions import outbox
from tests.api.conftest import UNHURRIED, serving, signing
from tests.builders import a_place
from tests.receiver import LOOPBACK, Receiver
from tests.waiting import until

SHELTER = {
    "type": "Feature",
    "geometry": None,
    "properties": {"kind": "shelter", "name": {"en": "S"}, "place": "T1", "location": {"quality": "unknown"}},
}


@pytest.fixture
def receiver():
    opened = Receiver()
    yield opened
    opened.close()


@pytest.fixture
def hook_url(new_database) -> str:
    return new_database()


@pytest.fixture
async def place(hook_url) -> AsyncIterator[Any]:
    """An application that may reach the loopback, over a database of its own, with a planner's key."""
    url = hook_url
    connection = await asyncpg.connect(url)
    await prepare(connection)
    for code, parent in (("D1", None), ("T1", "D1"), ("T2", "D1")):
        await a_place(Writer(connection), code, parent)
    settings = msgspec.structs.replace(UNHURRIED, webhook_networks=LOOPBACK, pool_size=4)
    async with serving(create_app(settings, as_role(url))) as client:
        client.connection = connection
        client.sign = signing(url)
        client.planner = await client.sign("planner")
        yield client
    await connection.close()


async def subscribe(client, url: str, headers=None, status: int = 201, **more: Any) -> dict[str, Any]:
    response = await client.post(
        "/v1/subscriptions", json={"url": url} | more, headers=headers or client.planner
    )
    assert response.status_code == status, response.text
    return response.json()


async def make(client, **properties: Any) -> str:
    body = SHELTER | {"properties": SHELTER["properties"] | properties}
    response = await client.post("/v1/resources", json=body, headers=client.planner)
    assert response.status_code == 201, response.text
    return response.json()["id"]


async def amend(client, identity: str, **properties: Any) -> None:
    response = await client.patch(
        f"/v1/resources/{identity}",
        json={"properties": properties},
        headers=client.planner | {"If-Match": "*"},
    )
    assert response.status_code == 200, response.text


async def test_a_change_is_told_signed_and_within_two_seconds(place, receiver) -> None:
    made = await subscribe(place, receiver.url, place="D1", kinds=["shelter"])
    before = datetime.now(UTC)
    identity = await make(place)
    await until(lambda: receiver.got)
    assert datetime.now(UTC) - before < timedelta(seconds=10)
    headers, body = receiver.got[0]
    told = json.loads(body)
    assert (told["type"], told["data"]["id"]) == ("record.created", identity)
    key = base64.b64decode(made["secret"].removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    health = await place.get(f"/v1/subscriptions/{made['subscription']['id']}", headers=place.planner)
    assert "secret" not in health.text


async def test_only_what_was_asked_for_is_told(place, receiver) -> None:
    await subscribe(place, receiver.url, place="T1", events=["resource.out_of_use", "incident.opened"])
    other = await make(place, place="T2")
    await amend(place, other, lifecycle="suspended")
    one = await make(place)
    await amend(place, one, note="n")
    await amend(place, one, opening="closed")
    opened = await place.post("/v1/incidents", json={"hazard": "flood", "place": "T1"}, headers=place.planner)
    assert opened.status_code == 201, opened.text
    await until(lambda: len(receiver.got) == 2)
    assert [told["type"] for told in receiver.told] == ["resource.out_of_use", "incident.opened"]


async def test_nobody_is_told_what_they_may_not_see_or_after_their_key_is_gone(place, receiver) -> None:
    await subscribe(place, receiver.url, await place.sign("field"), 403)
    await subscribe(place, receiver.url)
    identity = await make(place)
    await until(lambda: len(receiver.got) == 1)
    await place.connection.execute("UPDATE api_key SET revoked_at = now() WHERE role = 'planner'")
    row = "SELECT count(*) FROM webhook_message"
    await place.connection.execute("UPDATE log_reader SET seq = seq")
    await fan_out(place.app.state.reader)
    assert await place.connection.fetchval(row) == 1
    assert receiver.told[0]["data"]["id"] == identity


async def test_messages_of_one_record_wait_for_the_one_before_and_keep_their_identity(
    place, receiver
) -> None:
    made = await subscribe(place, receiver.url, kinds=["shelter"])
    receiver.statuses = [500]
    first = await make(place)
    await until(lambda: len(receiver.got) == 1)
    await amend(place, first, note="second")
    other = await make(place)
    await until(lambda: len(receiver.got) == 2)
    assert receiver.told[1]["data"]["id"] == other
    url = f"/v1/subscriptions/{made['subscription']['id']}"

    async def two_wait() -> bool:
        return (await place.get(url, headers=place.planner)).json()["waiting"] == 2

    await until(two_wait)
    await place.connection.execute("UPDATE webhook_message SET due_at = now() WHERE delivered_at IS NULL")
    await until(lambda: len(receiver.got) == 4)
    assert [told["data"]["version"] for told in receiver.told[2:]] == [1, 2]
    assert receiver.got[2][0]["webhook-id"] == receiver.got[0][0]["webhook-id"]


async def test_a_process_that_dies_with_a_message_lets_it_be_sent_again(place, receiver) -> None:
    """A lease that nobody ends runs out: that is what is left when a worker is killed in an attempt."""
    await subscribe(place, receiver.url)
    await place.connection.execute(
        "INSERT INTO webhook_message (subscription, subject, type, body, created_at, due_at)"
        " SELECT id, gen_random_uuid(), 'test', '{}', now(), now() + interval '1 hour' FROM subscription"
    )
    then = datetime.now(UTC) + timedelta(hours=2)
    leases = []
    for after_s in (0, 1, outbox.LEASE_S + 1):
        async with place.app.state.reader.writer() as writer:
            leases.append(await outbox.lease(writer, then + timedelta(seconds=after_s), 10))
    first, early, late = leases
    assert (len(first), early, len(late)) == (1, [], 1)
    assert (late[0].id, late[0].attempts) == (first[0].id, 2)


async def test_what_was_told_can_be_told_again_under_the_same_identity(place, receiver) -> None:
    made = await subscribe(place, receiver.url)
    await make(place)
    await until(lambda: len(receiver.got) == 1)
    url = f"/v1/subscriptions/{made['subscription']['id']}"
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    answer = await place.post(f"{url}/replay", json={"since": since}, headers=place.planner)
    assert answer.json() == {"messages": 1}
    await until(lambda: len(receiver.got) == 2)
    assert receiver.got[0][0]["webhook-id"] == receiver.got[1][0]["webhook-id"]
    receiver.statuses = [410]
    await make(place)
    await until(lambda: len(receiver.got) == 3)

    async def ended() -> bool:
        return (await place.get(url, headers=place.planner)).json()["subscription"]["ended_at"] is not None

    await until(ended)
    listed = (await place.get(f"{url}/deliveries", headers=place.planner)).json()["deliveries"]
    assert [one["type"] for one in listed] == ["record.created"] * 2
    assert (await place.get(url, headers=await place.sign("planner"))).status_code == 404
    assert (await place.delete(url, headers=place.planner)).status_code == 204


async def test_a_name_that_stands_for_a_private_address_is_not_asked(place, receiver) -> None:
    await subscribe(place, receiver.url)

    async def rebound(host: str, port: int) -> list[str]:
        return ["8.8.8.8", "10.0.0.1"]

    deliverer = WebhookDeliverer(
        place.app.state.reader, place.app.state.peppers, parse_networks(""), resolve=rebound
    )
    await place.connection.execute(
        "INSERT INTO webhook_message (subscription, subject, type, body, created_at, due_at)"
        " SELECT id, gen_random_uuid(), 'test', '{}', now(), now() + interval '1 hour' FROM subscription"
    )
    async with place.app.state.reader.writer() as writer:
        (message,) = await outbox.lease(writer, datetime.now(UTC) + timedelta(hours=2), 10)
    with pytest.raises(PermissionError, match="open Internet"):
        await deliverer._send(message)
    assert receiver.got == []


async def test_what_waits_is_not_sent_once_the_key_of_its_owner_is_gone(place, receiver) -> None:
    key = await place.sign("planner", holder="leaver")
    await subscribe(place, receiver.url, headers=key)
    receiver.statuses = [503] * 50
    await make(place)
    await until(lambda: receiver.got)
    later = datetime.now(UTC) + timedelta(days=1)

    async def leased() -> list[Any]:
        async with place.app.state.reader.writer() as writer:
            return await outbox.lease(writer, later, 50)  # an attempt under way holds its message

    assert await until(leased)
    await place.connection.execute("UPDATE api_key SET revoked_at = now() WHERE holder = 'leaver'")
    async with place.app.state.reader.writer() as writer:
        assert await outbox.lease(writer, later + timedelta(days=1), 50) == []


async def test_a_receiver_that_does_not_answer_holds_up_nobody_else(place, receiver) -> None:
    """Its messages wait in their own few slots, and those of others are sent meanwhile."""
    asleep = Event()
    deaf = Receiver(before=lambda: asleep.wait(100))
    try:
        await subscribe(place, deaf.url, kinds=["shelter"])
        for _ in range(AT_ONCE_EACH + 3):
            await make(place)
        await until(lambda: deaf.reached >= AT_ONCE_EACH)
        await subscribe(place, receiver.url, kinds=["shelter"])
        await make(place)
        await until(lambda: receiver.got)
        assert deaf.got == []
    finally:
        asleep.set()
        deaf.close()
