"""Nobody sees a record because its maker forgot to say who may: on every way in, new or replaced."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec import structs

from registry.domain.identity import new_id
from registry.domain.records.resource import DEFAULT_VISIBILITY, Visibility
from registry.store.database.pool import Writer
from tests.api.conftest import Client
from tests.api.test_intake_files import FileClient
from tests.api.test_warnings import cap, send
from tests.builders import a_resource

HERE = {"type": "Point", "coordinates": [106.65, 29.03]}
NESTED: dict[str, Any] = {"name": {"zh": "新点"}, "location": {"quality": "surveyed", "uncertainty_m": 5}}
FLAT: dict[str, Any] = {"name_zh": "新点", "location_quality": "surveyed", "uncertainty_m": 5}
ITEMS = "/ogc/collections/shelters/items"
AREA = "<area><areaDesc>around</areaDesc><circle>29.03,106.65 5</circle></area>"
Headers = dict[str, str]
Make = Callable[[Client, Headers], Awaitable[str]]
Replace = Callable[[Client, Headers, str], Awaitable[None]]


def feature(**properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": HERE, "properties": properties}


async def answered(client: Client, headers: Headers, method: str, url: str, body: Any) -> Any:
    media = "application/merge-patch+json" if method == "PATCH" and "ogc" in url else "application/json"
    both = headers | {"If-Match": "*", "Content-Type": media}
    answer = await client.request(method, url, json=body, headers=both)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


async def posted(client: Client, headers: Headers) -> str:
    body = feature(kind="shelter", **NESTED)
    return str((await answered(client, headers, "POST", "/v1/resources", body))["id"])


async def put_new(client: Client, headers: Headers) -> str:
    identity = str(new_id(1))
    answer = await client.put(
        f"/v1/resources/{identity}",
        json=feature(kind="shelter", **NESTED),
        headers=headers | {"If-None-Match": "*"},
    )
    assert answer.status_code == 201, answer.text
    return identity


async def posted_nested(client: Client, headers: Headers) -> str:
    return str((await answered(client, headers, "POST", ITEMS, feature(**NESTED)))["id"])


async def posted_flat(client: Client, headers: Headers) -> str:
    return str((await answered(client, headers, "POST", ITEMS, feature(**FLAT)))["id"])


async def pushed(client: Client, headers: Headers) -> str:
    identity = str(new_id(2))
    body = feature(kind="shelter", **NESTED)
    operation = {"op_id": str(uuid4()), "kind": "create", "resource_id": identity, "body": body}
    told = await answered(client, headers, "POST", "/v1/sync/push", {"operations": [operation]})
    assert told["results"][0]["result"] == "applied", told
    return identity


async def filed(client: Client, headers: Headers) -> str:
    files = FileClient(client, headers)
    await files.commit(await files.bring("编号,名称,容量\nA1,新点,300\n".encode()))
    listed = await client.get("/v1/resources", headers=headers)
    return str(listed.json()["features"][0]["id"])


@pytest.fixture
def default(client: Client, monkeypatch: pytest.MonkeyPatch) -> Callable[[Visibility], None]:
    """Sets the default of the application."""

    def choose(visibility: Visibility) -> None:
        chosen = structs.replace(client.app.state.settings, default_visibility=visibility)
        monkeypatch.setattr(client.app.state, "settings", chosen)

    return choose


async def visibility_of(client: Client, headers: Headers, identity: str) -> str:
    answer = await client.get(f"/v1/resources/{identity}", headers=headers)
    return str(answer.json()["properties"]["visibility"])


@pytest.mark.parametrize("chosen", ["internal", "restricted", "public"])
@pytest.mark.parametrize("make", [posted, put_new, posted_nested, posted_flat, pushed, filed])
async def test_what_is_new_is_seen_by_whom_the_registry_is_set_up_for(
    client: Client, stored: Writer, signed, default, make: Make, chosen: Visibility
) -> None:
    default(chosen)
    planner = await signed("planner")
    identity = await make(client, planner)
    assert await visibility_of(client, planner, identity) == chosen
    body = feature(kind="shelter", **NESTED | {"name": {"zh": "另一点"}})
    told = await answered(client, planner, "POST", "/v1/intakes/check", body)
    assert told["record"]["properties"]["visibility"] == chosen


def test_unless_it_is_set_up_otherwise_the_public_sees_no_exact_place() -> None:
    assert DEFAULT_VISIBILITY == "internal"


async def replaced(client: Client, headers: Headers, identity: str) -> None:
    body = feature(kind="shelter", note="new", **NESTED)
    await answered(client, headers, "PUT", f"/v1/resources/{identity}", body)


async def replaced_from_a_version(client: Client, headers: Headers, identity: str) -> None:
    body = feature(kind="shelter", note="new", **NESTED)
    await answered(client, headers, "PUT", f"/v1/resources/{identity}?base_version=1", body)


async def replaced_nested(client: Client, headers: Headers, identity: str) -> None:
    await answered(client, headers, "PUT", f"{ITEMS}/{identity}", feature(note="new", **NESTED))


async def replaced_flat(client: Client, headers: Headers, identity: str) -> None:
    await answered(client, headers, "PUT", f"{ITEMS}/{identity}", feature(note="new", **FLAT))


async def patched_away(client: Client, headers: Headers, identity: str) -> None:
    patch = {"properties": {"visibility": None, "note": "new"}}
    await answered(client, headers, "PATCH", f"/v1/resources/{identity}", patch)


async def patched_away_flat(client: Client, headers: Headers, identity: str) -> None:
    patch = {"properties": {"visibility": None, "note": "new"}}
    await answered(client, headers, "PATCH", f"{ITEMS}/{identity}", patch)


async def pushed_patch(client: Client, headers: Headers, identity: str) -> None:
    body = {"properties": {"visibility": None, "note": "new"}}
    operation = {"op_id": str(uuid4()), "kind": "patch", "resource_id": identity, "base_version": 1}
    operation |= {"body": body}
    told = await answered(client, headers, "POST", "/v1/sync/push", {"operations": [operation]})
    assert told["results"][0]["result"] in ("applied", "merged"), told


async def filed_again(client: Client, headers: Headers, identity: str) -> None:
    files = FileClient(client, headers)
    url = await files.bring(f"登记编号,名称,备注\n{identity},测试点,new\n".encode())
    await files.commit(url)


@pytest.mark.parametrize("default_now", ["public", "restricted"])
@pytest.mark.parametrize(
    "replace",
    [
        replaced,
        replaced_from_a_version,
        replaced_nested,
        replaced_flat,
        patched_away,
        patched_away_flat,
        pushed_patch,
        filed_again,
    ],
)
async def test_a_replacement_that_does_not_say_is_seen_by_whom_the_record_was(
    client: Client, stored: Writer, signed, default, replace: Replace, default_now: Visibility
) -> None:
    default(default_now)
    planner = await signed("planner")
    for visibility in ("restricted", "internal", "public"):
        identity: UUID = await a_resource(stored, visibility=visibility)
        await replace(client, planner, str(identity))
        answer = await client.get(f"/v1/resources/{identity}", headers=planner)
        assert answer.json()["properties"]["visibility"] == visibility
        assert "new" in str(answer.json()["properties"]["note"])


@pytest.mark.parametrize("visibility", ["restricted", "internal", "public"])
async def test_entries_of_registers_do_the_same(
    client: Client, towns: Writer, signed, default, visibility: Visibility
) -> None:
    default(visibility)
    planner = await signed("planner")
    identity = str(new_id(3))
    entry = {"id": identity, "register": "hotline", "place": "T1", "name": {"en": "Desk"}, "number": "023-1"}
    url = f"/v1/registers/hotline/{identity}"
    first = await client.put(url, json=entry, headers=planner)
    assert first.json()["visibility"] == visibility
    default("public" if visibility != "public" else "restricted")
    again = await client.put(
        url, json=entry | {"number": "023-2"}, headers=planner | {"If-Match": first.headers["etag"]}
    )
    assert (again.json()["number"], again.json()["visibility"]) == ("023-2", visibility)


@pytest.mark.parametrize(
    ("scope", "visibility"), [("Public", "public"), ("Restricted", "internal"), ("Private", "restricted")]
)
async def test_a_warning_is_seen_by_whom_its_sender_says(
    client: Client, towns: Writer, signed, scope: str, visibility: str
) -> None:
    planner = await signed("planner")
    text = cap(area=AREA).replace("<references>", f"<scope>{scope}</scope><references>")
    assert (await send(client, planner, text))["warning"]["visibility"] == visibility
