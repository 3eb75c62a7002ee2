"""The flat form: one name and one value in lists, schemas, tiles and every file, and written back."""

import csv
import io
import json
from datetime import datetime

import pyogrio
import pytest
import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.identity import new_id
from registry.domain.ogc.catalogue import COLLECTIONS, OF_KIND, SEPARATOR
from registry.domain.records.contact import Contact
from registry.domain.records.resource import KINDS
from registry.store.database.query import Query
from registry.store.records import contacts
from tests.builders import NOW, a_resource
from tests.mvt import decode

ROOT = "/ogc/collections"
SPOT = (106.65, 29.03)
SEEN = {"coordinates": [106.7, 29.1], "at": NOW.isoformat(), "accuracy_m": 20}
SHARED = {
    "manager": "甲单位",
    "note": 'a "note"; with a semicolon',
    "sources": [
        {"kind": "document", "reference": "plan", "locator": "003:156", "as_of": "2020-01-02"},
        {"kind": "person", "reference": "someone", "confidence": "placeholder"},
    ],
    "external_ids": [{"system": "gis", "id": "7"}, {"system": "emis", "id": "A-1"}],
    "valid_from": "2026-01-01T00:00:00Z",
    "visibility": "public",
}
CODES = [{"code": "forest_fire"}, {"scheme": "gbt", "code": "2"}]
OWN = {
    "rescue_team": {
        "specialties": CODES,
        "vehicles": [{"name": {"zh": "水罐车"}, "count": 3}, {"name": {"en": "Boat"}}],
        "equipment": [{"name": {"zh": "泵"}, "code": {"code": "p1"}}],
        "last_seen": SEEN,
        "personnel": 12,
    },
    "shelter": {
        "hazards": CODES, "amenities": [{"code": "beds"}], "hours": "8–18", "capacity_persons": 90,
        "capacities": [
            {"persons": 60, "space": "indoor"},
            {"persons": 50, "hazard": CODES[0]},
            {"persons": 30, "space": "outdoor", "hazard": CODES[0]},
        ],
    },
    "fire_watch_point": {"watch_radius_m": 5000.0, "sector": {"from_deg": 10, "to_deg": 90}},
    "supply_depot": {
        "stock": [
            {"item_code": "0101", "name": {"zh": "帐篷"}, "quantity": 120, "unit": "顶", "minimum": 10,
             "expires_on": "2030-01-01", "counted_at": "2026-01-01T00:00:00Z"},
            {"item_code": "0101", "name": {"zh": "帐篷"}, "lot": "B"},
            {"item_code": "0202", "name": {"zh": "棉被"}, "scheme": "own"},
        ],
        "serves_persons": 500,
    },
}  # fmt: skip


async def one_of(stored, kind: str, **given) -> str:
    values = SHARED | OWN[kind] | given
    return str(await a_resource(stored, kind, *values.pop("spot", SPOT), **values))


async def item(client, kind: str, identity: str, query: str = "", **more) -> dict:
    answer = await client.get(f"{ROOT}/{OF_KIND[kind].id}/items/{identity}{query}", **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_property_has_one_name_in_lists_schemas_queryables_tiles_and_files(
    client, stored, kind
) -> None:
    identity, base = await one_of(stored, kind), f"{ROOT}/{OF_KIND[kind].id}"
    names = [item.name for item in OF_KIND[kind].properties]
    listed = (await client.get(f"{base}/items")).json()["features"][0]["properties"]
    assert list(listed) == names
    schema = (await client.get(f"{base}/schema")).json()
    assert set(schema["properties"]) - {"id", "geometry"} == set(names)
    assert "name" in schema["required"]
    queryables = (await client.get(f"{base}/queryables")).json()["properties"]
    assert set(queryables) - {"geometry"} == set(names)
    head = next(csv.reader(io.StringIO((await client.get(f"{base}/items?f=csv")).text)))
    assert head == ["id", "longitude", "latitude", *names]
    tile = (await client.get(f"{base}/tiles/WebMercatorQuad/0/0/0")).content
    (drawn,) = decode(tile)[OF_KIND[kind].id]
    assert drawn["id"] == identity
    assert set(drawn) - {"id", "points"} <= {item.name for item in OF_KIND[kind].properties if item.in_tiles}
    assert (drawn["name"], drawn["name_zh"], drawn["location_quality"]) == ("测试点", "测试点", "surveyed")


def as_text(value) -> str:
    """A value of a list as a table writes it."""
    if isinstance(value, list):
        return SEPARATOR.join(value)
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def is_time(name: str, collection: str) -> bool:
    return COLLECTIONS[collection].by_name[name].type == "date-time"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("visibility", ["public", "internal"])
async def test_a_value_is_the_same_in_lists_and_in_files(client, stored, tmp_path, kind, visibility) -> None:
    identity, base = await one_of(stored, kind, visibility=visibility), f"{ROOT}/{OF_KIND[kind].id}"
    listed = (await item(client, kind, identity))["properties"]
    rows = csv.DictReader(io.StringIO((await client.get(f"{base}/items?f=csv")).text, newline=""))
    (row,) = rows
    for name, value in listed.items():
        if is_time(name, OF_KIND[kind].id):
            assert (row[name] or None) == (
                value and datetime.fromisoformat(value).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            )
        else:
            assert row[name] == as_text(value), name
    for form in ("fgb", "gpkg"):
        path = tmp_path / f"one.{form}"
        path.write_bytes((await client.get(f"{base}/items?f={form}")).content)
        meta, _, _, fields = pyogrio.raw.read(path)
        read = {name: column[0] for name, column in zip(meta["fields"], fields, strict=True)}
        for name in ("name", "sources", "external_ids", "note", "location_quality"):
            assert (read[name] or "") == as_text(listed[name]), (form, name)
    (line,) = (await client.get(f"{base}/items?f=geojsonseq")).content.split(b"\x1e")[1:]
    assert json.loads(line)["properties"] == listed


async def test_what_decides_is_in_the_features(client, stored) -> None:
    team = await item(client, "rescue_team", await one_of(stored, "rescue_team"))
    assert team["properties"]["vehicles"] == ["水罐车×3", "Boat"]
    assert team["properties"]["equipment"] == ["泵"]
    assert team["properties"]["specialties"] == ["registry:forest_fire", "gbt:2"]
    assert team["properties"]["sources"] == ["plan 003:156 2020-01-02 stated", "someone placeholder"]
    assert team["properties"]["external_ids"] == ["gis:7", "emis:A-1"]
    assert team["geometry"]["coordinates"] == SEEN["coordinates"]
    assert (team["properties"]["last_seen_accuracy_m"], team["properties"]["exercise"]) == (20, None)
    depot = (await item(client, "supply_depot", await one_of(stored, "supply_depot", external_ids=[])))[
        "properties"
    ]
    assert depot["stock_items"] == ["gbt38565:0101", "own:0202"]


async def test_who_may_be_anywhere_in_some_places_says_in_which(client, towns, stored) -> None:
    identity = await a_resource(
        stored, "shelter", None, quality="candidate_places", candidate_places=["T1", "T2"]
    )
    base = f"{ROOT}/unlocated-resources/items"
    (feature,) = (await client.get(base)).json()["features"]
    assert feature["properties"]["candidate_places"] == ["T1", "T2"]
    for asked in ("A_CONTAINS(candidate_places, ('T2'))", "location_quality = 'candidate_places'"):
        (found,) = (await client.get(base, params={"filter": asked})).json()["features"]
        assert found["id"] == str(identity)
    assert not (await client.get(base, params={"candidate_places": "D1"})).json()["features"]
    table = csv.DictReader(io.StringIO((await client.get(f"{base}?f=csv")).text, newline=""))
    assert [row["candidate_places"] for row in table] == [f"T1{SEPARATOR}T2"]


async def test_stock_is_a_collection_of_lines_at_their_depots(client, stored) -> None:
    depot = await one_of(stored, "supply_depot")
    adrift = str(await a_resource(stored, "supply_depot", None, **OWN["supply_depot"]))
    await a_resource(stored, "supply_depot", visibility="restricted", **OWN["supply_depot"])
    base = f"{ROOT}/stock-lines/items"
    listed = (await client.get(base)).json()
    assert listed["numberMatched"] == 6
    assert {line["properties"]["depot"] for line in listed["features"]} == {depot, adrift}
    first = (await client.get(f"{base}/{depot}:0001")).json()
    assert first["geometry"]["coordinates"] == list(SPOT)
    told = first["properties"]
    assert (told["name"], told["quantity"], told["unit"], told["expires_on"]) == (
        "帐篷",
        120,
        "顶",
        "2030-01-01",
    )
    found = (await client.get(base, params={"filter": "item_code = '0101' AND quantity >= 100"})).json()[
        "features"
    ]
    assert {line["id"] for line in found} == {f"{depot}:0001", f"{adrift}:0001"}
    walked, path = [], f"{base}?limit=2&sortby=-quantity"
    while path:
        page = (await client.get(path)).json()
        walked += [line["id"] for line in page["features"]]
        path = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert len(walked) == len(set(walked)) == 6
    assert (await client.get(f"{base}?as_of=2020-01-01T00:00:00Z")).json()["features"] == []
    assert len((await client.get(f"{base}?f=csv")).text.splitlines()) == 7
    assert (await client.get(f"{ROOT}/stock-lines/tiles")).status_code == 404
    for wrong in ("x", depot, f"{depot}:", f"{depot}:x", f"{depot}:9999"):
        assert (await client.get(f"{base}/{wrong}")).status_code == 404, wrong
    assert (await client.get(f"{ROOT}/shelters/items/{depot}:1")).status_code == 404


async def test_telephones_are_told_as_far_as_the_reader_may_see_them(client, stored, signed) -> None:
    identity = await one_of(stored, "shelter")
    sight = Sight(clearance="internal")
    for n, (phone, published) in enumerate((("023-1", True), ("023-2", False)), 1):
        values = Contact(role="duty", phone=phone, published=published)
        await contacts.put(stored, sight, identity, new_id(n), values)
    base, staff = f"{ROOT}/shelters/items", await signed("viewer")
    for headers, wanted in (({}, "023-1"), (staff, f"023-1{SEPARATOR}023-2")):
        assert (await item(client, "shelter", identity, headers=headers))["properties"]["telephone"] == wanted
        (listed,) = (await client.get(base, headers=headers)).json()["features"]
        assert listed["properties"]["telephone"] == wanted
        (row,) = csv.DictReader(io.StringIO((await client.get(f"{base}?f=csv", headers=headers)).text))
        assert row["telephone"] == wanted
        (line,) = (await client.get(f"{base}?f=geojsonseq", headers=headers)).content.split(b"\x1e")[1:]
        assert json.loads(line) == listed
    assert (await client.get(base, params={"filter": "telephone LIKE '%023-2%'"})).json()["features"] == []


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_stored_before_is_made_flat_when_it_is_read(client, stored, kind) -> None:
    identity = await one_of(stored, kind)
    rendered = await item(client, kind, identity)
    await stored.run(Query(sa.text("DELETE FROM flat_feature")), {})
    made = await item(client, kind, identity)
    assert (made["properties"], made["geometry"]) == (rendered["properties"], rendered["geometry"])
    (line,) = (await client.get(f"{ROOT}/{OF_KIND[kind].id}/items?f=geojsonseq")).content.split(b"\x1e")[1:]
    assert set(json.loads(line)["properties"]) == set(rendered["properties"])
    past = await item(client, kind, identity, "?as_of=2026-06-01T00:00:00Z")
    assert past["properties"] == rendered["properties"]
    assert past["geometry"] == rendered["geometry"]


FLAT = {"type": "Feature", "geometry": {"type": "Point", "coordinates": list(SPOT)}}


@pytest.fixture
async def planner(signed, stored) -> dict[str, str]:
    return await signed("planner") | {"Content-Type": "application/geo+json"}


async def test_a_point_with_plain_columns_makes_a_record(client, planner) -> None:
    columns = {
        "name": "画出的点",
        "capacity_persons": 12,
        "level": None,
        "note": "",
        "hazards": "fire; flood",
    }
    body = FLAT | {"properties": columns | {"hazards": None}}
    made = await client.post(f"{ROOT}/shelters/items", json=body, headers=planner)
    assert made.status_code == 201, made.text
    told = made.json()["properties"]
    assert (told["name_zh"], told["name_en"], told["capacity_persons"]) == ("画出的点", None, 12)
    assert (told["location_quality"], told["uncertainty_m"], told["datum"]) == ("approximate", 100, "wgs84")
    schema = (await client.get(f"{ROOT}/shelters/schema")).json()["properties"]
    assert {name: schema[name]["default"] for name in ("location_quality", "uncertainty_m", "datum")} == {
        name: told[name] for name in ("location_quality", "uncertainty_m", "datum")
    }
    listed = (await client.get(made.headers["location"], headers=planner)).json()
    assert listed["properties"] == told


async def test_what_is_wrong_in_a_flat_feature_is_told_by_its_own_name(client, planner) -> None:
    for columns, field in (
        ({"name": "x", "location_quality": "fine"}, "/properties/location_quality"),
        ({"name": "x", "uncertainty_m": -1}, "/properties/uncertainty_m"),
        ({"name_zh": "", "name_en": None}, "/properties/name"),
        ({"name": "x", "colour": "red"}, "/properties/colour"),
    ):
        answer = await client.post(
            f"{ROOT}/shelters/items", json=FLAT | {"properties": columns}, headers=planner
        )
        assert answer.status_code == 422, answer.text
        assert any(
            one.get("pointer") == field or one.get("field") == field for one in answer.json()["errors"]
        ), answer.text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["flat", "joined"])
async def test_what_was_read_and_sent_back_changes_nothing(client, stored, planner, kind, form) -> None:
    identity = await one_of(stored, kind, uncertainty_m=5)
    where = f"{ROOT}/{OF_KIND[kind].id}/items/{identity}"
    before = (await client.get(f"/v1/resources/{identity}", headers=planner)).json()
    body = (await client.get(where, headers=planner)).json()
    if form == "joined":
        body["properties"] = {
            name: SEPARATOR.join(value) if isinstance(value, list) else value
            for name, value in body["properties"].items()
        } | {"fid": 3}
    for method, sent in (("PUT", body), ("PATCH", body)):
        answer = await client.request(method, where, json=sent, headers=planner)
        assert answer.status_code == 200, answer.text
        after = (await client.get(f"/v1/resources/{identity}", headers=planner)).json()
        assert after == before, method


async def test_plain_columns_change_a_record_and_keep_what_they_cannot_say(client, stored, planner) -> None:
    identity = await one_of(stored, "rescue_team", last_seen=None, uncertainty_m=5)
    where = f"{ROOT}/rescue-teams/items/{identity}"
    body = (await client.get(where, headers=planner)).json()
    body["properties"] |= {"name": "新名", "vehicles": ["水罐车×4"], "personnel": 9, "manager": None}
    changed = (await client.put(where, json=body, headers=planner)).json()["properties"]
    assert (changed["name_zh"], changed["name_en"], changed["personnel"]) == ("新名", "Test point", 9)
    assert (changed["vehicles"], changed["equipment"], changed["manager"]) == (["水罐车×4"], ["泵"], None)
    nested = (await client.get(f"{where}?profile=nested", headers=planner)).json()["properties"]
    assert nested["equipment"][0]["code"] == {"code": "p1", "scheme": "registry"}
    assert nested["location"]["quality"] == "surveyed"
    patch = {"properties": {"name_en": None, "uncertainty_m": 7, "specialties": "mine; gbt:9"}}
    changed = (await client.patch(where, json=patch, headers=planner)).json()["properties"]
    assert (changed["name_zh"], changed["name_en"], changed["uncertainty_m"]) == ("新名", None, 7)
    assert changed["location_quality"] == "surveyed"
    refused = await client.patch(where, json={"properties": {"sources": ["mine"]}}, headers=planner)
    assert refused.status_code == 422
    assert "sources" in refused.text


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_point_that_a_client_drags_is_approximate(client, stored, planner, method) -> None:
    identity = await one_of(stored, "shelter", uncertainty_m=5)
    where = f"{ROOT}/shelters/items/{identity}"
    body = (await client.get(where, headers=planner)).json()
    body["geometry"] = {"type": "Point", "coordinates": [106.66, 29.04]}
    changed = (await client.request(method, where, json=body, headers=planner)).json()
    assert changed["geometry"]["coordinates"] == [106.66, 29.04]
    assert changed["properties"]["location_quality"] == "approximate"
    assert changed["properties"]["uncertainty_m"] == 100
    body["properties"] |= {"location_quality": "surveyed", "uncertainty_m": 3}
    body["geometry"] = {"type": "Point", "coordinates": [106.67, 29.04]}
    changed = (await client.request(method, where, json=body, headers=planner)).json()["properties"]
    assert (changed["location_quality"], changed["uncertainty_m"]) == ("surveyed", 3)
