"""Asking for and granting mass changes, and reading the audit."""

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from registry.app import create_app
from registry.domain.access.credential import new_token
from registry.runtime import database
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.services.access import keys
from registry.store.database.pool import Writer
from tests.api.conftest import PEPPER, Signed
from tests.builders import a_place

Client = AsyncTestClient[Litestar]
WISH = {"changes": 80, "reason": "the river is rising"}


async def test_one_asks_and_another_grants(client: Client, stored: Writer, signed: Signed) -> None:
    await a_place(stored, "D")
    await a_place(stored, "T1", "D")
    await a_place(stored, "T2", "D")
    officer = await signed("field", "T1")
    asked = await client.post("/v1/approvals", json=WISH, headers=officer)
    assert asked.status_code == 201, asked.text
    grant = f"/v1/approvals/{asked.json()['id']}/grant"
    assert (await client.post(grant)).status_code == 401
    assert (await client.post(grant, headers=officer)).status_code == 403
    assert (await client.post(grant, headers=await signed("planner", "T2"))).status_code == 403
    granted = await client.post(grant, headers=await signed("planner", "D"))
    assert granted.status_code == 200, granted.text
    assert granted.json()["approved_by"].startswith("key:planner-")
    assert (await client.post(grant, headers=await signed("admin"))).status_code == 409


async def test_nobody_grants_their_own(client: Client, stored: Writer, signed: Signed) -> None:
    planner = await signed("planner")
    asked = await client.post("/v1/approvals", json=WISH, headers=planner)
    answer = await client.post(f"/v1/approvals/{asked.json()['id']}/grant", headers=planner)
    assert answer.status_code == 403
    assert "second person" in answer.json()["detail"]


async def test_a_field_officer_sees_only_their_own(client: Client, stored: Writer, signed: Signed) -> None:
    one, other = await signed("field"), await signed("field")
    mine = (await client.post("/v1/approvals", json=WISH, headers=one)).json()["id"]
    seen = [
        {wish["id"] for wish in (await client.get("/v1/approvals", headers=who)).json()["approvals"]}
        for who in (one, other, await signed("planner"))
    ]
    assert mine in seen[0]
    assert mine not in seen[1]
    assert mine in seen[2]


async def test_wishes_have_bounds(client: Client, signed: Signed) -> None:
    officer = await signed("field")
    for bad in ({"changes": 0}, {"changes": 10_001}, {"reason": ""}, {"more": 1}):
        answer = await client.post("/v1/approvals", json=WISH | bad, headers=officer)
        assert answer.status_code == 400, bad
    assert (await client.post("/v1/approvals", json=WISH, headers=await signed("viewer"))).status_code == 403


async def test_an_edit_of_the_status_counts_like_a_report(own_url: str) -> None:
    settings = Settings(pool_size=2, key_pepper=PEPPER, mass_change_limit=2)
    token = new_token()
    async with database.writing(own_url) as writer:
        await keys.put_admin_key(writer, PEPPER.encode(), token)
    headers = {"Authorization": f"Bearer {token}", "If-Match": "*"}
    async with AsyncTestClient(create_app(settings, as_role(own_url)), base_url="http://127.0.0.1") as client:
        draft = {"kind": "shelter", "name": {"en": "S"}, "location": {"quality": "unknown"}}
        body = {"type": "Feature", "geometry": None, "properties": draft}
        url = (await client.post("/v1/resources", json=body, headers=headers)).headers["Location"]
        for note in ("one", "two", "three"):
            patch = {"properties": {"note": note}}
            assert (await client.patch(url, json=patch, headers=headers)).status_code == 200
        statuses = [
            (await client.patch(url, json={"properties": {"opening": opening}}, headers=headers)).status_code
            for opening in ("open", "full", "closed")
        ]
        assert statuses == [200, 200, 403]


@pytest.fixture
def own_url(new_database) -> str:
    return new_database()
