"""Pictures over HTTP: sent, attached, read by those who may see the record, detached, forgotten, restored."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from registry.domain.attachments import attachment as rules
from registry.domain.identity import new_id
from registry.domain.plans.entry import Organisation
from registry.domain.records.resource import Visibility
from registry.services.access.forget_expired import forget_expired
from registry.services.records.check import check
from registry.store.attachments import pictures as store
from registry.store.database.pool import Reader, Writer
from registry.store.plans import entries
from tests.api.conftest import Client, Signed
from tests.builders import NOW, a_resource
from tests.pictures import HOSTILE, SECRET, an_image, encoded, jpeg_with_everything, sha256

PLAIN = encoded()
DIGEST = sha256(PLAIN)
NOTHING = sha256(b"nobody sent this")
Headers = dict[str, str]


async def send(client: Client, headers: Headers, content: bytes = PLAIN, digest: str | None = None) -> Any:
    url = f"/v1/attachments/{digest or sha256(content)}"
    return await client.put(url, content=content, headers=headers | {"Content-Type": "image/jpeg"})


async def attached(client: Client, headers: Headers, url: str, content: bytes = PLAIN, **said: Any) -> str:
    """Send a picture, attach it, and return its address."""
    assert (await send(client, headers, content)).status_code == 204
    address = f"{url}/attachments/{sha256(content)}"
    answer = await client.put(address, json=said, headers=headers)
    assert answer.status_code == 200, answer.text
    return address


async def an_entry(stored: Writer, visibility: Visibility = "public", **more: Any) -> UUID:
    identity = new_id(0)
    made = Organisation(
        id=identity,
        type="committee",
        visibility=visibility,
        version=1,
        created_at=NOW,
        updated_at=NOW,
        **more,
    )
    await entries.insert_many(stored, [made], "test")
    return identity


async def listed(client: Client, url: str, headers: Headers | None = None) -> list[dict[str, Any]]:
    answer = await client.get(f"{url}/attachments", headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["attachments"]
    return found


@pytest.fixture
async def incident(client: Client, stored: Writer, signed: Signed) -> str:
    made = await client.post("/v1/incidents", json={"hazard": "flood"}, headers=await signed("planner"))
    assert made.status_code == 201, made.text
    return f"/v1/incidents/{made.json()['incident']['id']}"


async def test_a_picture_is_sent_attached_listed_and_read(
    client: Client, stored: Writer, signed: Signed
) -> None:
    url, officer = f"/v1/resources/{await a_resource(stored)}", await signed("field")
    content = jpeg_with_everything(orientation=6)
    taken = "2026-01-02T03:04:05Z"
    address = await attached(client, officer, url, content, caption="西墙裂缝", role="photo", taken_at=taken)
    [one] = await listed(client, url, officer)
    assert (one["sha256"], one["caption"], one["role"]) == (sha256(content), "西墙裂缝", "photo")
    assert (one["width_px"], one["height_px"], one["taken_at"]) == (48, 64, taken)
    assert one["attached_by"].startswith("key:field")
    assert "attached_by" not in (await listed(client, url))[0]
    full, small = [await client.get(f"{address}{end}", headers=officer) for end in ("", "/thumbnail")]
    for answer in (full, small):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"] == "private, no-cache"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert SECRET not in answer.content
        again = await client.get(
            str(answer.request.url), headers=officer | {"If-None-Match": answer.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["cache-control"] == "private, no-cache"
    assert full.headers["etag"] != small.headers["etag"]
    assert len(full.content) == one["size_bytes"]
    assert (await client.get(address)).status_code == 200, "of a public record it is public"
    assert (await client.delete(address, headers=officer)).status_code == 204
    assert (await client.delete(address, headers=officer)).status_code == 404
    assert (await client.get(address, headers=officer)).status_code == 404
    assert await listed(client, url, officer) == []


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_is_no_picture_is_refused_in_both_languages(
    client: Client, stored: Writer, signed: Signed, name: str
) -> None:
    officer = await signed("field")
    for language in ("zh", "en"):
        answer = await send(client, officer | {"Accept-Language": language}, HOSTILE[name][0])
        assert answer.status_code == 422, answer.text
        assert answer.json()["detail"].isascii() == (language == "en" and "×" not in answer.text)
        if HOSTILE[name][1] == "damaged":
            break  # the words are the same for all of them
    assert await stored._connection.fetchval("SELECT count(*) FROM attachment") == 0


async def test_the_address_is_the_digest_of_what_is_sent(
    client: Client, stored: Writer, signed: Signed
) -> None:
    officer = await signed("field")
    wrong = await send(client, officer, digest=NOTHING)
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/sha256")
    for digest in (DIGEST.upper(), DIGEST[:-1], "x"):
        assert (await send(client, officer, digest=digest)).status_code == 422
    large = PLAIN + bytes(4 * 2**20)
    assert (await send(client, officer, large)).status_code == 413
    assert (await send(client, await signed("viewer"))).status_code == 403
    assert (await send(client, {})).status_code == 401


async def test_a_retry_has_one_effect_and_nobody_can_tell_what_was_sent_before(
    client: Client, stored: Writer, signed: Signed
) -> None:
    officer, other = await signed("field"), await signed("field")
    url = f"/v1/resources/{await a_resource(stored)}"
    answers = [await send(client, who) for who in (officer, officer, other)]
    told = [
        {name: value for name, value in answer.headers.items() if name != "x-request-id"}
        for answer in answers
    ]
    assert [answer.status_code for answer in answers] == [204, 204, 204]
    assert told[0] == told[1] == told[2]
    assert await stored._connection.fetchval("SELECT count(*) FROM attachment") == 1
    first = await client.put(f"{url}/attachments/{DIGEST}", json={"caption": "one"}, headers=officer)
    again = await client.put(f"{url}/attachments/{DIGEST}", json={"caption": "one"}, headers=officer)
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    said = await client.put(f"{url}/attachments/{DIGEST}", json={"caption": "two"}, headers=other)
    assert said.json()["attached_by"] == first.json()["attached_by"]
    assert [one["caption"] for one in await listed(client, url)] == ["two"]


async def test_a_digest_proves_no_possession(client: Client, stored: Writer, signed: Signed) -> None:
    """Whoever knows the digest of a hidden picture gets it by no way, and learns nothing of it."""
    hidden = f"/v1/resources/{await a_resource(stored, visibility='restricted')}"
    own = f"/v1/resources/{await a_resource(stored)}"
    address = await attached(client, await signed("planner"), hidden)
    stranger = await signed("field")
    told = []
    for digest in (DIGEST, NOTHING):
        answer = await client.put(f"{own}/attachments/{digest}", json={}, headers=stranger)
        assert answer.status_code == 409
        gone = [
            await client.get(f"{own}/attachments/{digest}{end}", headers=stranger)
            for end in ("", "/thumbnail")
        ]
        gone.append(await client.delete(f"{own}/attachments/{digest}", headers=stranger))
        gone += [await client.get(address.replace(DIGEST, digest), headers=who) for who in (stranger, {})]
        assert [one.status_code for one in gone] == [404] * 5
        told.append([one.text.replace(digest, "") for one in (answer, *gone)])
    assert _without_ids(told[0]) == _without_ids(told[1])


def _without_ids(texts: list[str]) -> list[str]:
    return [text.partition('"request_id"')[0].partition('"instance"')[0] for text in texts]


SEES: dict[str, set[str]] = {
    "public": {"public"},
    "viewer": {"public", "internal"},
    "field": {"public", "internal"},
    "own field": {"public", "internal", "restricted"},
    "planner": {"public", "internal", "restricted"},
    "admin": {"public", "internal", "restricted"},
}


@pytest.mark.parametrize("about", ["resource", "entry"])
@pytest.mark.parametrize("record", ["public", "internal", "restricted"])
@pytest.mark.parametrize("own", ["public", "internal", "restricted"])
async def test_a_picture_is_seen_by_those_who_see_the_record_and_the_picture(
    client: Client, towns: Writer, signed: Signed, about: str, record: Visibility, own: str
) -> None:
    if about == "resource":
        url = f"/v1/resources/{await a_resource(towns, visibility=record, place='T1')}"
    else:
        url = f"/v1/registers/organisation/{await an_entry(towns, record, place='T1')}"
    address = await attached(client, await signed("planner"), url, visibility=own)
    strictest = (
        "restricted" if "restricted" in (record, own) else "internal" if "internal" in (record, own) else own
    )
    for role, clearances in SEES.items():
        headers = (
            {}
            if role == "public"
            else await signed(role.removeprefix("own "), "T1" if "own" in role else "T2")
        )  # type: ignore[arg-type]
        expected = 200 if strictest in clearances else 404
        for end in ("", "/thumbnail"):
            assert (await client.get(address + end, headers=headers)).status_code == expected, role
        answer = await client.get(f"{url}/attachments", headers=headers)
        shown = answer.json().get("attachments", [])
        assert [one["visibility"] for one in shown] == ([strictest] if expected == 200 else []), role


async def test_a_record_that_becomes_public_takes_no_earlier_picture_along(
    client: Client, stored: Writer, signed: Signed
) -> None:
    identity = await a_resource(stored, visibility="internal")
    url, officer, planner = f"/v1/resources/{identity}", await signed("field"), await signed("planner")
    address = await attached(client, officer, url)
    patch = {"properties": {"visibility": "public"}}
    assert (await client.patch(url, json=patch, headers=planner | {"If-Match": "*"})).status_code == 200
    assert (await client.get(address)).status_code == 404
    assert (await client.put(address, json={}, headers=officer)).json()["visibility"] == "internal"
    wider = await client.put(address, json={"visibility": "public"}, headers=officer)
    assert (wider.status_code, wider.json()["errors"][0]["pointer"]) == (403, "/visibility")
    assert (await client.put(address, json={"visibility": "public"}, headers=planner)).status_code == 200
    assert (await client.get(address)).status_code == 200
    before = {"as_of": (datetime.now(UTC) - timedelta(days=1)).isoformat()}
    assert (await client.get(address, params=before)).status_code == 404


async def test_a_retry_does_not_show_what_a_planner_hid(
    client: Client, stored: Writer, signed: Signed
) -> None:
    url, officer = f"/v1/resources/{await a_resource(stored)}", await signed("field")
    secret = {"visibility": "restricted"}
    address = await attached(client, officer, url)
    own = await client.put(address, json=secret, headers=officer)
    assert (own.status_code, own.json()["errors"][0]["pointer"]) == (403, "/visibility")
    assert (await client.get(address)).status_code == 200
    assert (await client.put(address, json=secret, headers=await signed("planner"))).status_code == 200
    assert (await client.put(address, json={}, headers=officer)).status_code == 404
    assert (await client.delete(address, headers=officer)).status_code == 404
    assert await listed(client, url, officer) == []


async def test_a_picture_of_the_past_is_as_secret_as_then_and_now(
    client: Client, stored: Writer, signed: Signed
) -> None:
    identity = await a_resource(stored)
    url, planner = f"/v1/resources/{identity}", await signed("planner")
    address = await attached(client, planner, url)
    then = {"as_of": datetime.now(UTC).isoformat()}
    assert (await client.get(address, params=then)).status_code == 200
    patch = {"properties": {"visibility": "restricted"}}
    assert (await client.patch(url, json=patch, headers=planner | {"If-Match": "*"})).status_code == 200
    for headers, expected in (({}, 404), (await signed("viewer"), 404), (planner, 200)):
        assert (await client.get(address, params=then, headers=headers)).status_code == expected
        assert (await client.get(address, headers=headers)).status_code == expected


async def test_whoever_reads_a_restricted_picture_is_recorded(
    client: Client, stored: Writer, signed: Signed
) -> None:
    url = f"/v1/resources/{await a_resource(stored, visibility='restricted')}"
    planner = await signed("planner")
    address = await attached(client, planner, url)
    reader = await signed("planner", holder="a reader of pictures")
    assert (await client.get(address, headers=reader)).status_code == 200
    await client.app.state.audit_recorder.write()
    rows = await stored._connection.fetch(
        "SELECT action, target FROM audit WHERE actor = 'key:a reader of pictures'"
    )
    assert [(row["action"], row["target"]) for row in rows] == [("read", f"GET {address}")]


async def test_incidents_and_entries_have_pictures_too(
    client: Client, stored: Writer, signed: Signed, incident: str
) -> None:
    officer = await signed("field")
    await attached(client, officer, incident, role="sketch")
    other = incident.replace("/v1/incidents", "/v1/registers/incident")
    assert [one["role"] for one in await listed(client, other, officer)] == ["sketch"]
    entry = f"/v1/registers/organisation/{await an_entry(stored)}"
    await attached(client, officer, entry)
    assert len(await listed(client, entry)) == 1
    elsewhere = entry.replace("organisation", "expert")
    assert (await client.get(f"{elsewhere}/attachments")).status_code == 404


async def test_there_are_only_so_many_of_a_record_and_a_day(
    client: Client, stored: Writer, signed: Signed, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = await signed("field")
    url = f"/v1/resources/{await a_resource(stored)}"
    monkeypatch.setattr("registry.services.attachments.attach.MOST_OF_SUBJECT", 1)
    address = await attached(client, officer, url)
    second = encoded(image=an_image(32, 32))
    assert (await send(client, officer, second)).status_code == 204
    full = await client.put(f"{url}/attachments/{sha256(second)}", json={}, headers=officer)
    assert (full.status_code, full.json()["errors"][0]["pointer"]) == (422, "/sha256")
    assert (await client.put(address, json={"caption": "still"}, headers=officer)).status_code == 200
    monkeypatch.setattr("registry.services.attachments.receive.DAY_BYTES", len(PLAIN) + len(second))
    assert (await send(client, officer)).status_code == 204, "a retry counts once"
    third = encoded(image=an_image(16, 16))
    late = await send(client, officer | {"Accept-Language": "zh"}, third)
    assert (late.status_code, "图片" in late.json()["detail"]) == (429, True)
    assert int(late.headers["retry-after"]) > 60
    assert (await send(client, await signed("field"), third)).status_code == 204


async def test_what_nobody_attached_is_forgotten_and_what_is_attached_stays(
    client: Client, stored: Writer, signed: Signed, reader: Reader
) -> None:
    officer = await signed("field")
    url = f"/v1/resources/{await a_resource(stored)}"
    address = await attached(client, officer, url)
    loose = encoded(image=an_image(32, 32))
    assert (await send(client, officer, loose)).status_code == 204
    for days, left in ((rules.KEPT_UNATTACHED_DAYS - 1, 2), (rules.KEPT_UNATTACHED_DAYS + 1, 1)):
        await forget_expired(reader, datetime.now(UTC) + timedelta(days=days))
        assert await stored._connection.fetchval("SELECT count(*) FROM attachment") == left
    assert (await client.get(address)).status_code == 200
    late = await client.put(f"{url}/attachments/{sha256(loose)}", json={}, headers=officer)
    assert late.status_code == 409
    assert (await client.delete(address, headers=officer)).status_code == 204
    await forget_expired(reader, datetime.now(UTC) + timedelta(days=rules.KEPT_UNATTACHED_DAYS + 1))
    assert await stored._connection.fetchval("SELECT count(*) FROM attachment") == 0


async def test_a_phone_pushes_the_attachment_after_the_picture(
    client: Client, stored: Writer, signed: Signed, incident: str
) -> None:
    officer = await signed("field")
    hidden = await a_resource(stored, visibility="restricted")
    for url, identity in (
        (f"/v1/resources/{(own := await a_resource(stored))}", str(own)),
        (incident, incident[-36:]),
    ):
        content = encoded(image=an_image(20, 30 if url == incident else 20))
        body = {"sha256": sha256(content), "caption": "seen", "taken_at": "2026-01-02T03:00:00Z"}
        operation = {"op_id": str(uuid4()), "kind": "attachment", "resource_id": identity, "body": body}
        sent = {"operations": [operation], "sent_at": (datetime.now(UTC) - timedelta(hours=26)).isoformat()}
        early = (await client.post("/v1/sync/push", json=sent, headers=officer)).json()["results"][0]
        assert (early["result"], early["status"]) == ("blocked", 409)
        assert (await send(client, officer, content)).status_code == 204
        for expected in ("applied", "duplicate"):
            done = (await client.post("/v1/sync/push", json=sent, headers=officer)).json()["results"][0]
            assert done["result"] == expected, done
        [one] = await listed(client, url, officer)
        assert one["caption"] == "seen"
        assert one["taken_at"].startswith("2026-01-03T05:"), "by the registry's clock"
    wrong = {"op_id": str(uuid4()), "kind": "attachment", "body": {"sha256": "x"}}
    for identity, body in (
        (str(own), {"sha256": "x"}),
        (str(hidden), {"sha256": DIGEST}),
        (str(uuid4()), {"sha256": DIGEST}),
    ):
        sent = {"operations": [wrong | {"op_id": str(uuid4()), "resource_id": identity, "body": body}]}
        done = (await client.post("/v1/sync/push", json=sent, headers=officer)).json()["results"][0]
        assert (done["result"], done["status"]) == ("rejected", 422 if identity == str(own) else 404)


async def test_a_check_finds_a_picture_that_is_not_what_was_stored(
    client: Client, stored: Writer, signed: Signed, reader: Reader
) -> None:
    await attached(client, await signed("field"), f"/v1/resources/{await a_resource(stored)}")
    assert await store.damaged(reader) == []
    await stored._connection.execute("UPDATE attachment SET content = content || '\\x00'")
    assert f"picture {DIGEST} is not what was stored" in await check(reader, client.app.state.peppers)


async def test_the_same_picture_may_be_attached_to_more_than_one_record(
    client: Client, stored: Writer, signed: Signed
) -> None:
    officer = await signed("field")
    urls = [f"/v1/resources/{await a_resource(stored)}" for _ in range(2)]
    first, second = [await attached(client, officer, url) for url in urls]
    assert (await client.delete(first, headers=officer)).status_code == 204
    answer = await client.get(second)
    assert hashlib.sha256(answer.content).hexdigest()[:32] in answer.headers["etag"]
