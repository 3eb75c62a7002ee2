"""Contacts are seen by role, belong to one record, leave no trace, and are in no log."""

import json
from uuid import UUID

import asyncpg
import structlog
from litestar import Litestar
from litestar.testing import AsyncTestClient

from registry.store.database.pool import Writer
from tests.api.conftest import Signed
from tests.builders import a_resource

Client = AsyncTestClient[Litestar]
ONE, TWO = UUID(int=0x7000_8000_0000_0000_0001), UUID(int=0x7000_8000_0000_0000_0002)
DUTY = {"role": "duty desk", "phone": "+86 23 0000 0000", "published": True}
PERSON = {"role": "keeper", "name": "Canary Keeper", "phone": "000 0000 0001"}


async def names(client: Client, url: str, headers: dict[str, str] | None = None) -> list[str]:
    answer = await client.get(url, headers=headers)
    assert answer.status_code == 200, answer.text
    return [contact["role"] for contact in answer.json()["contacts"]]


async def test_the_public_sees_published_contacts_and_staff_all(
    client: Client, stored: Writer, signed: Signed, api_url: str
) -> None:
    url = f"/v1/resources/{await a_resource(stored)}/contacts"
    officer = await signed("field")
    with structlog.testing.capture_logs() as lines:
        for identity, body in ((ONE, DUTY), (TWO, PERSON)):
            answer = await client.put(f"{url}/{identity}", json=body, headers=officer)
            assert answer.status_code == 204, answer.text
    assert "Canary" not in json.dumps(lines, default=str)
    assert await names(client, url) == ["duty desk"]
    assert await names(client, url, await signed("viewer")) == ["duty desk", "keeper"]
    assert (await client.delete(f"{url}/{TWO}", headers=officer)).status_code == 204
    assert (await client.delete(f"{url}/{TWO}", headers=officer)).status_code == 404
    assert await names(client, url, officer) == ["duty desk"]
    connection = await asyncpg.connect(api_url)
    for table in ("contact", "change_log", "resource", "resource_past", "audit", "idempotency"):
        assert "Canary" not in str(await connection.fetch(f"SELECT t::text FROM {table} t")), table
    await connection.close()


async def test_a_contact_belongs_to_one_record(client: Client, stored: Writer, signed: Signed) -> None:
    officer = await signed("field")
    mine, other = [f"/v1/resources/{await a_resource(stored)}/contacts/{ONE}" for _ in range(2)]
    assert (await client.put(mine, json=DUTY, headers=officer)).status_code == 204
    assert (await client.put(other, json=PERSON, headers=officer)).status_code == 404
    assert (await client.delete(other, headers=officer)).status_code == 404


async def test_a_phone_is_a_phone(client: Client, stored: Writer, signed: Signed) -> None:
    url = f"/v1/resources/{await a_resource(stored)}/contacts/{ONE}"
    officer = await signed("field")
    for bad in ({"phone": "call me"}, {"phone": "1" * 41}, {"role": ""}, {"more": 1}):
        assert (await client.put(url, json=PERSON | bad, headers=officer)).status_code == 422, bad


async def test_the_contacts_of_what_is_unseen_are_not_there(client: Client, stored: Writer) -> None:
    hidden = await a_resource(stored, visibility="restricted")
    assert (await client.get(f"/v1/resources/{hidden}/contacts")).status_code == 404
