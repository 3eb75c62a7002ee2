"""Places as planners maintain them: borders, validity, successors, code forms, history and re-homing."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from registry.store.database.pool import Writer
from registry.store.database.query import Query
from registry.store.places import vocabularies
from registry.store.schema.records import vocabulary
from tests.api.conftest import Client, Signed
from tests.builders import a_resource


@pytest.fixture
async def office(client: Client, signed: Signed) -> AsyncIterator[Client]:
    """A planner of everywhere."""
    headers = await signed("planner")
    transport = httpx.ASGITransport(app=client.app, raise_app_exceptions=False)
    async with Client(transport=transport, base_url="http://localhost", headers=headers) as opened:
        yield opened


def square(west: float, south: float, size: float = 0.1) -> dict[str, Any]:
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def feature(geometry: Any = None, **properties: Any) -> dict[str, Any]:
    stated = {"name": {"zh": "两江新区", "en": "Liangjiang"}, "level": "district"} | properties
    return {"type": "Feature", "geometry": geometry, "properties": stated}


async def put(office: Client, code: str, body: Any, match: str | None = None, status: int = 201) -> Any:
    headers = {"If-Match": match} if match else {}
    answer = await office.put(f"/v1/places/{code}", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


async def codes(office: Client, path: str = "/v1/places", **params: str) -> set[str]:
    answer = await office.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return {item["id"] for item in answer.json()["features"]}


async def test_a_district_takes_the_place_of_two(office: Client, stored: Writer) -> None:
    """500157 since 2025-12 for 500105 and 500112: the map of a day shows the codes of that day."""
    for code, west in (("500105", 106.5), ("500112", 106.6)):
        body = feature(square(west, 29.6), name={"en": code}, list_version="NBS-2023")
        await put(office, code, body)
    shelter = await a_resource(stored, "shelter", 106.65, 29.65, place="500112")
    await put(office, "500157", feature(square(106.5, 29.6, 0.2), valid_from="2025-12-01"))
    for code in ("500105", "500112"):
        answer = await office.delete(
            f"/v1/places/{code}",
            params={"ended_on": "2025-12-01", "successors": "500157"},
            headers={"If-Match": "*"},
        )
        assert answer.status_code == 200, answer.text
    assert answer.json()["to_rehome"] == [
        {
            "id": str(shelter),
            "kind": "shelter",
            "name": {"zh": "测试点", "en": "Test point"},
            "place": "500112",
            "proposed": "500157",
        }
    ]
    assert await codes(office) == {"500157"}
    assert await codes(office, ended="true") == {"500105", "500112", "500157"}
    assert await codes(office, as_of="2025-11-30T12:00:00Z") == {"500105", "500112"}
    assert await codes(office, q="5001", as_of="2025-12-01T12:00:00Z") == {"500157"}
    spot = {"lon": "106.65", "lat": "29.65"}
    assert await codes(office, "/v1/places/containing", **spot) == {"500157"}
    before = await codes(office, "/v1/places/containing", **spot, as_of="2025-11-01T00:00:00Z")
    assert before == {"500112"}
    ended = (await office.get("/v1/places/500112")).json()["properties"]
    assert (ended["valid_to"], ended["successors"]) == ("2025-12-01", ["500157"])
    listed = (await office.get(f"/v1/resources/{shelter}")).json()["properties"]["place"]
    assert listed == "500112", "records under an ended code stay"
    rehoming = (await office.get("/v1/places/500112/rehoming")).json()["records"]
    assert [record["proposed"] for record in rehoming] == ["500157"]
    assert await waiting(office) == [("place_ended", str(shelter), "500157")]
    again = feature(square(106.6, 29.6), name={"en": "500112"}, list_version="NBS-2023")
    await put(office, "500112", again, "*", 200)
    assert await waiting(office) == [], "the code is in force again"


async def waiting(office: Client) -> list[tuple[str, str, str]]:
    """Code, record and proposal of the warnings that wait for a person."""
    listed = (await office.get("/v1/findings")).json()["findings"]
    return [(one["finding"]["code"], one["resource"], one["finding"]["proposal"]) for one in listed]


@pytest.mark.parametrize("form", ["500110113", "500110113000"])
async def test_a_code_in_each_of_its_forms_finds_the_place(office: Client, stored: Writer, form: str) -> None:
    await put(office, "500110", feature(level="district"))
    await put(office, "500110113", feature(level="town", parent="500110"))
    await put(office, "500110113201", feature(level="village", parent="500110113"))
    assert (await office.get(f"/v1/places/{form}")).json()["id"] == "500110113"
    assert "500110113" in await codes(office, q=form)
    assert (await office.get("/v1/places/500110113201")).json()["id"] == "500110113201"
    again = await put(office, form, feature(level="town", parent="500110", source="list"), "*", 200)
    assert again["place"]["id"] == "500110113", "no second place beside the first"


async def test_a_place_has_versions_and_a_history(office: Client, stored: Writer) -> None:
    await put(office, "A", feature(level="town", name={"en": "Old"}))
    first = await office.get("/v1/places/A")
    body = feature(level="town", name={"en": "New"})
    assert (await office.put("/v1/places/A", json=body)).status_code == 428
    await put(office, "A", body, first.headers["etag"], 200)
    stale = await office.put("/v1/places/A", json=body, headers={"If-Match": first.headers["etag"]})
    assert stale.status_code == 412
    versions = (await office.get("/v1/places/A/history")).json()["versions"]
    assert [(one["version"], one["place"]["properties"]["name"]["en"]) for one in versions] == [(1, "Old")]
    read = (await office.get("/v1/places/A")).json()
    assert read["properties"]["version"] == 2
    same = await put(office, "A", read, "*", 200)
    assert same["place"]["properties"]["name"] == read["properties"]["name"], "what is read can be put back"


async def test_a_ring_that_crosses_itself_is_refused_with_its_point(office: Client, stored: Writer) -> None:
    bow = {"type": "Polygon", "coordinates": [[[0.5, 0], [1, 1], [1, 0], [0.5, 1], [0.5, 0]]]}
    answer = await office.put("/v1/places/B", json=feature(bow))
    assert answer.status_code == 422
    assert "0.75 0.5" in answer.text


async def test_an_extent_that_leaves_its_parent_is_stored_with_a_warning(
    office: Client, stored: Writer
) -> None:
    await put(office, "P", feature(square(10, 50, 1.0)))
    inside = await put(office, "P1", feature(square(10, 50), level="town", parent="P"))
    assert inside["findings"] == []
    outside = await put(office, "P2", feature(square(10.99, 50), level="town", parent="P"))
    (warning,) = outside["findings"]
    assert (warning["severity"], warning["code"]) == ("warn", "outside_parent")
    assert "90" in warning["message"]["en"]


async def test_an_area_has_the_extent_of_its_members(office: Client, stored: Writer) -> None:
    for n in range(3):
        await put(office, f"T{n}", feature(square(10 + n / 10, 50), level="town"))
    await put(office, "area", feature(level="management_area", members=["T0", "T1"]))
    assert await codes(office, under="area") == {"area", "T0", "T1"}
    assert await codes(office, "/v1/places/containing", lon="10.15", lat="50.05") == {"T1", "area"}
    await put(office, "area", feature(level="management_area", members=["T2"]), "*", 200)
    assert await codes(office, "/v1/places/containing", lon="10.15", lat="50.05") == {"T1"}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"parent": "nowhere"}, "parent"),
        ({"parent": "C"}, "parent"),
        ({"parent": "C1"}, "parent"),
        ({"members": ["nowhere"]}, "members"),
        ({"successors": ["C1"]}, "successors"),
        ({"valid_from": "2026-01-02", "valid_to": "2026-01-01"}, "valid_to"),
        ({"valid_to": "2026-01-01", "successors": ["nowhere"]}, "successors"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
async def test_a_place_that_contradicts_itself_is_refused(
    office: Client, stored: Writer, wrong: dict[str, Any], field: str
) -> None:
    await put(office, "C", feature())
    await put(office, "C1", feature(level="town", parent="C"))
    answer = await office.put("/v1/places/C", json=feature(**wrong), headers={"If-Match": "*"})
    assert answer.status_code in (400, 422), answer.text
    assert field in answer.text


async def test_levels_are_those_of_the_vocabulary(office: Client, stored: Writer) -> None:
    level = dict.fromkeys(column.name for column in vocabulary.columns)
    level |= {"scheme": "registry", "subject": "place_level"}
    await vocabularies.upsert(stored, [level | {"code": code} for code in ("district", "hamlet")])
    try:
        await put(office, "L", feature(level="hamlet"))
        answer = await office.put("/v1/places/M", json=feature(level="town"))
    finally:
        await stored.run(Query(sa.delete(vocabulary)), {})
    assert answer.status_code == 422
    assert "district, hamlet" in answer.text


async def test_a_warning_about_a_place_is_kept_until_it_is_settled(
    office: Client, client: Client, stored: Writer
) -> None:
    await put(office, "D", feature(square(106.0, 29.0), name={"en": "D"}))
    body = feature(square(106.05, 29.0), name={"en": "Ａ\u200bB  C"}, level="town", parent="D")
    refused = await office.put("/v1/places/T?strict=true", json=body)
    assert refused.status_code == 422
    assert {one["code"] for one in refused.json()["errors"]} >= {"outside_parent"}
    made = await put(office, "T", body)
    assert made["place"]["properties"]["name"]["en"] == "AB C"
    assert {one["code"] for one in made["findings"]} == {"text_folded", "outside_parent"}
    warnings = (await office.get("/v1/findings?place=D")).json()["findings"]
    told = [(one["about"], one["code"], one["resource"], one["name"]["en"], one["place"]) for one in warnings]
    assert told == [("place", "T", None, "AB C", "T")]
    survey = (await office.get("/v1/survey-list?place=D")).json()["findings"]
    assert [one["id"] for one in survey] == [warnings[0]["id"]]
    assert (await client.get("/v1/survey-list?place=D")).json()["findings"] == []
    path = f"/v1/findings/{warnings[0]['id']}/settlement"
    settled = await office.post(path, json={"reason": "drawn by the river"})
    assert (settled.json()["about"], settled.json()["code"]) == ("place", "T"), settled.text
    assert (await office.get("/v1/findings")).json()["findings"] == []
    again = await put(office, "T", body | {"properties": made["place"]["properties"]}, "*", 200)
    assert "outside_parent" not in {one["code"] for one in again["findings"]}


async def test_a_warning_goes_with_its_reason(office: Client, stored: Writer) -> None:
    await put(office, "D", feature(square(106.0, 29.0), name={"en": "D"}))
    body = feature(square(106.05, 29.0), name={"en": "T"}, level="town", parent="D")
    await put(office, "T", body)
    assert len((await office.get("/v1/findings")).json()["findings"]) == 1
    await put(office, "T", body | {"geometry": square(106.01, 29.01, 0.05)}, "*", 200)
    assert (await office.get("/v1/findings")).json()["findings"] == []


async def test_texts_of_zones_are_folded_and_keep_what_came(office: Client, stored: Writer) -> None:
    zone = {"id": "z", "kind": "river_shore", "name": {"zh": "綦江　（北岸）\u200b"}}
    made = await office.put("/v1/zones/z", json=zone)
    assert made.status_code == 201, made.text
    assert "\u200b" not in made.json()["zone"]["name"]["zh"]
    rows = await stored._connection.fetch("SELECT about, of_code, body FROM finding")
    assert [(row["about"], row["of_code"], row["body"]["code"]) for row in rows] == [
        ("zone", "z", "text_folded")
    ]
