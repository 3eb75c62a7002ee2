"""Files of a collection, read back by other people's software and compared with the lists."""

import csv
import io
import json
import re
import sqlite3
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pyogrio
import pytest
import shapely
import sqlalchemy as sa
from defusedxml import ElementTree
from python_calamine import CalamineWorkbook

from registry.api.http.access import admission
from registry.api.ogc import exports
from registry.store.database.query import Query
from tests.builders import a_resource

ROOT = "/ogc/collections"


@pytest.fixture
async def shelters(stored) -> dict[str, dict]:
    made = {}
    for n in range(7):
        given = {"capacity_persons": n or None, "level": "town" if n % 2 else "community"}
        identity = await a_resource(
            stored, "shelter", 106.5 + n / 100, 29.0, name={"zh": f"场所{n}<&>"}, **given
        )
        made[str(identity)] = {"lon": 106.5 + n / 100, **given}
    await a_resource(stored, "shelter", visibility="restricted")
    await a_resource(stored, "shelter", exercise="drill")
    return made


async def file(client, form: str, query: str = "", collection: str = "shelters") -> bytes:
    answer = await client.get(f"{ROOT}/{collection}/items?f={form}{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(exports.EXPORTS[form])
    name = f"{collection}-part" if {*answer.request.url.params} - {"f", "bom", "hxl"} else collection
    assert f'filename="{name}.{form}"' in answer.headers["content-disposition"]
    return answer.content


async def test_text_sequences_are_the_very_features(client, shelters) -> None:
    records = (await file(client, "geojsonseq")).split(b"\x1e")
    assert records[0] == b""
    assert all(record.endswith(b"\n") for record in records[1:])
    listed = (await client.get(f"{ROOT}/shelters/items")).json()["features"]
    assert sorted((json.loads(r) for r in records[1:]), key=lambda f: f["id"]) == listed


@pytest.mark.parametrize("form", ["geojsonseq", "csv", "kml", "fgb"])
async def test_the_order_of_a_file_is_that_of_identities(client, stored, shelters, form) -> None:
    """The order of the table would tell where rows lie that one may not see."""
    for identity in sorted(shelters)[:3]:
        await stored.run(
            Query(sa.text("UPDATE resource SET level = level WHERE id = :id")), {"id": UUID(identity)}
        )
    found = re.findall(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", await file(client, form))
    assert list(dict.fromkeys(one.decode() for one in found)) == sorted(shelters)


async def test_quotes_and_backslashes_pass_through_the_copy(client, stored) -> None:
    name = {"zh": 'a"b\\c\td,e\u2028\n'}
    await a_resource(stored, "shelter", name=name)
    (record,) = (await file(client, "geojsonseq")).split(b"\x1e")[1:]
    assert json.loads(record)["properties"]["name_zh"] == name["zh"]


async def rows_of(client, query: str = "", collection: str = "shelters") -> list[dict]:
    text = (await file(client, "csv", query, collection)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def test_tables_have_position_and_leave_the_unknown_empty(client, shelters) -> None:
    rows = await rows_of(client)
    assert {row["id"] for row in rows} == set(shelters)
    for row in rows:
        known = shelters[row["id"]]
        assert float(row["longitude"]) == pytest.approx(known["lon"])
        assert row["capacity_persons"] == (
            "" if known["capacity_persons"] is None else str(known["capacity_persons"])
        )


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", '=HYPERLINK("x")'])
async def test_a_spreadsheet_never_runs_a_name(client, stored, text) -> None:
    await a_resource(stored, "shelter", 106.5, -29.0, name={"zh": text})
    (row,) = await rows_of(client)
    assert row["name_zh"] == f"'{text}"
    assert float(row["latitude"]) == -29.0


async def test_a_mark_for_excel_and_a_row_of_tags(client, shelters) -> None:
    content = await file(client, "csv", "&bom=true&hxl=true")
    assert content.startswith(b"\xef\xbb\xbfid,longitude,latitude")
    head, tags = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[:2]
    assert tags[:3] == ["#meta +id", "#geo +lon", "#geo +lat"]
    assert len(tags) == len(head)
    assert all(tag.startswith("#") for tag in tags)


@pytest.mark.parametrize("form", ["fgb", "gpkg", "kml"])
async def test_gdal_reads_the_file(client, shelters, tmp_path, form) -> None:
    path = tmp_path / f"shelters.{form}"
    path.write_bytes(await file(client, form))
    meta, _, geometry, fields = pyogrio.raw.read(path)
    table = dict(zip(meta["fields"], fields, strict=True))
    assert sorted(point.x for point in shapely.from_wkb(geometry)) == pytest.approx(
        sorted(known["lon"] for known in shelters.values())
    )
    names = table["name_zh"] if form != "kml" else table["Name"] if "Name" in table else table["name_zh"]
    assert sorted(names) == [f"场所{n}<&>" for n in range(7)]
    if form != "kml":
        capacities = dict(zip(table["id"], table["capacity_persons"], strict=True))
        assert sum(0 if c != c else c for c in capacities.values()) == 21
        assert meta["crs"] == "EPSG:4326"


async def test_a_flatgeobuf_keeps_every_value_in_its_column(client, stored, tmp_path) -> None:
    square = [[[106.0, 29.0], [106.1, 29.0], [106.1, 29.1], [106.0, 29.1], [106.0, 29.0]]]
    hole = [[106.04, 29.04], [106.04, 29.06], [106.06, 29.06], [106.06, 29.04], [106.04, 29.04]]
    own = {"type": "Polygon", "coordinates": [square[0], hole]}
    await a_resource(stored, "fire_watch_point", 106.05, 29.05, footprint=own, watch_radius_m=1000)
    await a_resource(stored, "fire_watch_point", 106.05, 29.05, watch_radius_m=2500.5, name={"en": "Ridge"})
    path = tmp_path / "areas.fgb"
    path.write_bytes(await file(client, "fgb", collection="coverage-footprints"))
    meta, _, geometry, fields = pyogrio.raw.read(path)
    assert (meta["geometry_type"], meta["crs"]) == ("Polygon", "EPSG:4326")
    table = dict(zip(meta["fields"], fields, strict=True))
    order = sorted(range(2), key=lambda n: table["watch_radius_m"][n])
    assert [table["watch_radius_m"][n] for n in order] == [1000, 2500.5]
    assert [table["name_zh"][n] for n in order] == ["测试点", None]
    assert [table["drawing"][n] for n in order] == ["own_polygon", "circle"]
    assert shapely.equals(shapely.from_wkb(geometry[order[0]]), shapely.geometry.shape(own))


async def test_files_honour_conditions(client, shelters) -> None:
    town = {i for i, known in shelters.items() if known["level"] == "town"}
    assert {row["id"] for row in await rows_of(client, "&level=town")} == town
    query = "&filter=capacity_persons%20>%202&bbox=106,28,106.55,30"
    wanted = {i for i, k in shelters.items() if (k["capacity_persons"] or 0) > 2 and k["lon"] <= 106.55}
    assert {row["id"] for row in await rows_of(client, query)} == wanted


async def test_what_has_no_position_has_a_table(client, stored) -> None:
    identity = await a_resource(stored, "shelter", None)
    (row,) = await rows_of(client, collection="unlocated-resources")
    assert row["id"] == str(identity)
    assert "longitude" not in row
    assert len(await file(client, "gpkg", collection="unlocated-resources")) > 1000


async def test_an_empty_collection_is_an_empty_file(client, stored, tmp_path) -> None:
    assert await file(client, "geojsonseq") == b""
    assert await rows_of(client) == []
    path = tmp_path / "none.gpkg"
    path.write_bytes(await file(client, "gpkg"))
    assert pyogrio.read_info(path)["features"] == 0
    assert len(ElementTree.fromstring(await file(client, "kml"))) == 1


@pytest.mark.parametrize(
    "query", ["limit=5", "sortby=version", "crs=http://www.opengis.net/def/crs/EPSG/0/3857", "bom=x"]
)
async def test_what_a_file_cannot_honour_is_refused(client, stored, query) -> None:
    assert (await client.get(f"{ROOT}/shelters/items?f=csv&{query}")).status_code == 400


async def test_only_so_many_files_at_once_and_one_of_them_for_the_command_lane(
    client, stored, signed, monkeypatch
) -> None:
    monkeypatch.setattr(admission, "STREAM_PATIENCE_S", 0.2)
    slots, url = client.app.state.stream_slots, f"{ROOT}/shelters/items?f=csv"
    held = [admission.Admission(slots, lane) for lane in ("public", "field")]
    for one in held:
        await one.enter()
    answer = await client.get(url)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert int(answer.headers["retry-after"]) >= 1
    assert (await client.get(url, headers=await signed("planner"))).status_code == 200
    for one in held:
        one.leave()
    assert await rows_of(client) == []
    assert sum(slots.running.values()) == 0


async def test_a_file_that_cannot_be_made_says_so_before_it_begins(client, stored) -> None:
    answer = await client.get(f"{ROOT}/shelters/items?f=geojsonseq&filter=1/0%20=%20version&area_m2=1e14")
    assert answer.status_code == 200
    bad = await client.get(f"{ROOT}/shelters/items?f=csv&filter=nothing=1")
    assert (bad.status_code, bad.headers["content-type"]) == (400, "application/problem+json")


async def test_a_file_of_a_drill_says_so_in_its_name_its_metadata_and_its_rows(
    client, stored, tmp_path
) -> None:
    await a_resource(stored, "shelter", exercise="drill", level="town")
    asked = f"{ROOT}/shelters/items?exercise=drill&level=town&as_of=2026-06-01T00:00:00Z&f="
    said = {}
    for form in ("kml", "fgb", "gpkg", "xlsx", "csv"):
        answer = await client.get(asked + form)
        assert answer.status_code == 200, answer.text
        name = answer.headers["content-disposition"]
        assert f'filename="exercise-drill-shelters-as-of-20260601T000000-part.{form}"' in name
        path = tmp_path / f"drill.{form}"
        path.write_bytes(answer.content)
        said[form] = answer.content.decode("utf-8", "ignore")
    for form in ("kml", "fgb", "gpkg"):
        for word in ("Exercise: drill", "2026-06-01T00:00:00", "level=town", "listed 1"):
            assert word in said[form], (form, word)
        fields = pyogrio.raw.read(tmp_path / f"drill.{form}")
        assert list(fields[3][list(fields[0]["fields"]).index("exercise")]) == ["drill"]
    (row,) = csv.DictReader(io.StringIO(said["csv"]))
    assert row["exercise"] == "drill"
    about = CalamineWorkbook.from_path(str(tmp_path / "drill.xlsx"))
    assert ["演练 Exercise", "drill"] in about.get_sheet_by_name("说明").to_python()
    assert "drill" in str(about.get_sheet_by_name("应急避难场所").to_python()[0][0])


async def test_a_workbook_has_chinese_headings_words_beside_codes_and_dates(
    client, stored, towns, tmp_path
) -> None:
    times = {"status_at": "2026-01-01T20:00:00Z", "valid_from": "2026-01-01T00:00:00Z"}
    await a_resource(
        stored, "shelter", level="town", place="T1", name={"zh": "=1+1"}, capacity_persons=7, **times
    )
    path = tmp_path / "shelters.xlsx"
    path.write_bytes(await file(client, "xlsx"))
    head, row = CalamineWorkbook.from_path(str(path)).get_sheet_by_name("应急避难场所").to_python()
    made = dict(zip(head, row, strict=True))
    assert head[:3] == ["编号", "经度", "纬度"]
    assert (made["中文名称"], made["容量"]) == ("=1+1", 7)
    assert (made["所在地代码"], made["所在地代码名称"], made["级别"], made["级别名称"]) == (
        "T1",
        "T1",
        "town",
        "乡镇级",
    )
    zone = ZoneInfo((await client.get("/v1/jurisdiction")).json().get("tz", "UTC"))
    assert made["状态时间"] == datetime(2026, 1, 1, 20, tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


async def test_a_geopackage_has_the_times_and_defaults_of_its_standard(client, stored, tmp_path) -> None:
    await a_resource(stored, "shelter", status_at="2026-01-01T20:00:00.25Z")
    path = tmp_path / "one.gpkg"
    path.write_bytes(await file(client, "gpkg"))
    with sqlite3.connect(path) as package:
        times = package.execute("SELECT status_at, created_at, updated_at FROM shelters").fetchone()
        (made,) = package.execute("SELECT sql FROM sqlite_master WHERE name = 'gpkg_contents'").fetchone()
    assert times[0] == "2026-01-01T20:00:00.250Z"
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time) for time in times)
    assert "DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))" in made


async def test_a_field_of_kml_does_not_collide_with_its_own(client, stored, tmp_path) -> None:
    await a_resource(stored, "shelter")
    path = tmp_path / "one.kml"
    path.write_bytes(await file(client, "kml"))
    meta, _, _, fields = pyogrio.raw.read(path)
    assert list(fields[list(meta["fields"]).index("record_visibility")]) == ["public"]
