"""Warnings: areas by code and by name, in force or not, stored once, followed, watched over the feed."""

from datetime import UTC, datetime, timedelta

import pytest

from registry.services.incidents.warnings.receive import watch_warnings
from tests.api.near import a_place, box
from tests.api.test_incidents import read

NOW = datetime.now(UTC)


def cap(identifier: str = "W-1", area: str = "", **more: str) -> str:
    """An alert in force from an hour ago for two hours, unless stated otherwise."""
    values = {
        "status": "Actual",
        "msgType": "Alert",
        "sent": (NOW - timedelta(hours=1)).isoformat(timespec="seconds"),
        "expires": (NOW + timedelta(hours=1)).isoformat(timespec="seconds"),
        "references": "",
        "encoding": "UTF-8",
    } | more
    return f"""<?xml version="1.0" encoding="{values["encoding"]}"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{identifier}</identifier><sender>met</sender>
<sent>{values["sent"]}</sent><status>{values["status"]}</status><msgType>{values["msgType"]}</msgType>
<references>{values["references"]}</references><info><event>暴雨红色预警</event><expires>{values["expires"]}</expires>
{area or by_code("500110")}</info></alert>"""


def by_code(*codes: str, name: str = "somewhere") -> str:
    listed = "".join(
        f"<geocode><valueName>GB2260</valueName><value>{code}</value></geocode>" for code in codes
    )
    return f"<area><areaDesc>{name}</areaDesc>{listed}</area>"


BAD = "<area><areaDesc>broken</areaDesc><polygon>1,2 3,4</polygon></area>"


@pytest.fixture
async def ground(stored):
    """A district with a code in the Chinese form, and a town of it."""
    await a_place(stored, "500110", extent=box(106.5, 28.9, 0.4), level="district", name_zh="綦江区")
    await a_place(
        stored, "500110101", parent="500110", extent=box(106.5, 28.9, 0.2), level="town", name_zh="永新镇"
    )
    return stored


async def ask(client, body: str | bytes, status: int = 200, kind: str = "application/cap+xml") -> dict:
    response = await client.post("/v1/proximity/alert-area", content=body, headers={"content-type": kind})
    assert response.status_code == status, response.text
    return response.json()


async def send(client, headers, body: str, status: int = 201) -> dict:
    sent = headers | {"content-type": "application/cap+xml"}
    response = await client.post("/v1/warnings", content=body.encode(), headers=sent)
    assert response.status_code == status, response.text
    return response.json()


async def test_an_area_is_known_by_each_form_of_its_code_or_by_its_name(client, ground) -> None:
    for code in ("500110", "500110000", "500110000000"):
        (area,) = (await ask(client, cap(area=by_code(code))))["areas"]
        assert (area["places"], area["matched_by"]) == (["500110"], "geocode")
    (area,) = (await ask(client, cap(area=by_code(name="永新镇"))))["areas"]
    assert (area["places"], area["matched_by"]) == (["500110101"], "name")
    await ask(client, cap(area=by_code("999999")), 422)


async def test_one_bad_area_does_not_refuse_the_others(client, ground) -> None:
    answer = await ask(client, cap(area=BAD + by_code("500110")))
    assert [area["matched_by"] for area in answer["areas"]] == ["nothing", "geocode"]
    assert "four points" in answer["areas"][0]["problems"][0]
    assert answer["undrawn"] == ["broken"]
    await ask(client, cap(area=BAD), 422)


async def test_the_charset_of_the_media_type_comes_before_that_of_the_document(client, ground) -> None:
    text = cap(area=by_code(name="永新镇"), encoding="ISO-8859-1")
    answer = await ask(client, text.encode("gb18030"), kind="application/xml; charset=gb2312")
    assert answer["areas"][0]["places"] == ["500110101"]
    answer = await ask(client, cap(encoding="UTF-16").encode("utf-16"))
    assert answer["alert"]["event"] == "暴雨红色预警"


IN_THREE_MINUTES = "in three minutes"


@pytest.mark.parametrize(
    ("more", "force"),
    [
        ({}, "in_force"),
        ({"status": "Exercise"}, "not_actual"),
        ({"msgType": "Cancel"}, "cancelled"),
        ({"expires": (NOW - timedelta(minutes=1)).isoformat()}, "expired"),
        ({"sent": IN_THREE_MINUTES}, "not_yet"),
    ],
)
async def test_an_alert_is_in_force_or_says_why_not(client, ground, more, force) -> None:
    if more.get("sent") == IN_THREE_MINUTES:
        more = {"sent": (datetime.now(UTC) + timedelta(minutes=3)).isoformat()}
    assert (await ask(client, cap(**more)))["force"] == force


async def test_a_warning_is_stored_once_and_ended_by_its_successor(client, ground, signed) -> None:
    officer = await signed("field", "500110")
    first = await send(client, officer, cap())
    assert (first["created"], first["warning"]["force"], first["warning"]["place"]) == (
        True,
        "in_force",
        "500110",
    )
    again = await send(client, officer, cap(), 200)
    assert again["warning"]["version"] == first["warning"]["version"] == 1
    update = cap("W-2", msgType="Update", references=f"met,W-1,{first['warning']['sent']}")
    second = await send(client, officer, update)
    assert second["follows"] == [first["warning"]["id"]]
    ended = await read(client, f"/v1/warnings/{first['warning']['id']}", {})
    assert (ended["force"], ended["followed_by"]) == ("superseded", second["warning"]["id"])
    listed = await read(client, "/v1/warnings", {}, force="in_force")
    assert [one["id"] for one in listed["warnings"]] == [second["warning"]["id"]]
    await send(client, await signed("viewer"), cap("W-3"), 403)


async def test_leaving_force_goes_over_the_feed(client, ground, signed, stored, reader) -> None:
    officer = await signed("field", "500110")
    made = (await send(client, officer, cap()))["warning"]
    earlier = """UPDATE entry SET body = body || jsonb_build_object('expires', '2026-01-01T00:00:00Z')
        WHERE id = $1"""
    await stored._connection.execute(earlier, made["id"])
    assert await watch_warnings(_as_owner(stored)) == 1
    told = (await read(client, "/v1/changes", {}, registers=True))["changes"]
    assert [one["entry"]["force"] for one in told if one["kind"] == "warning"] == ["in_force", "expired"]
    assert await watch_warnings(_as_owner(stored)) == 0


def _as_owner(writer):
    """The test's own connection in place of a reader that opens transactions."""
    from contextlib import asynccontextmanager

    class One:
        @asynccontextmanager
        async def writer(self):
            yield writer

    return One()


async def test_a_warning_lists_what_lies_inside_and_whom_to_call(client, ground, signed) -> None:
    officer = await signed("field", "500110")
    point = {"register": "hazard_point", "type": "reservoir", "name": {"zh": "水库"}, "place": "500110101"}
    for identity, lon in (("1", 106.55), ("2", 107.5)):
        entry = point | {
            "id": f"00000000-0000-7000-8000-00000000000{identity}",
            "geometry": {"type": "Point", "coordinates": [lon, 29.0]},
            "location": {"quality": "surveyed", "uncertainty_m": 0},
        }
        response = await client.put(f"/v1/registers/hazard_point/{entry['id']}", json=entry, headers=officer)
        assert response.status_code == 201, response.text
    made = (await send(client, officer, cap()))["warning"]
    inside = await read(client, f"/v1/warnings/{made['id']}/inside", officer)
    assert [(one["type"], one["inside"]) for one in inside["entries"]] == [("reservoir", "inside")]
    assert [one["code"] for one in inside["call_list"]["territory"]] == ["500110101", "500110"]
    sheet = await client.get(f"/v1/warnings/{made['id']}/inside?f=csv", headers=officer)
    assert "水库" in sheet.text
