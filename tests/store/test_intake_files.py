"""Reading the messy files of tests/data/intake: their README holds the right answers."""

import zlib
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest

from registry.domain.intake.files.header import Header, find_header
from registry.domain.intake.files.rows import SortedRows, sort_rows
from registry.domain.intake.files.sheet import Row, Sheet, Workbook
from registry.store.files.read import read_file
from registry.store.files.transport import pack, unpack

DATA = Path(__file__).parent.parent / "data" / "intake"


def read(name: str) -> Workbook:
    return read_file((DATA / name).read_bytes())


def sorted_of(sheet: Sheet, kind: str) -> tuple[Header, SortedRows]:
    header = find_header(sheet, kind)
    assert header is not None
    return header, sort_rows(sheet, header)


def test_m1_a_form_with_two_header_rows_merges_and_notes() -> None:
    form, explanation, hidden = read("m1-shelters-form.xlsx").sheets
    header, rows = sorted_of(form, "shelter")
    assert [row.row for row in rows.records] == list(range(5, 17))
    assert [(one.row, one.reason) for one in rows.aside] == [
        (1, "title"),
        (2, "title"),
        (3, "header"),
        (4, "header"),
        (17, "total"),
        (18, "blank"),
        (19, "note"),
        (20, "signature"),
    ]
    assert [row.cells[1] for row in rows.records] == ["古南街道"] * 4 + ["永新镇"] * 4 + ["赶水镇"] * 4
    assert header.column("longitude").path == ("坐标(高德)", "经度")  # type: ignore[union-attr]
    assert {"capacity_indoor", "capacity_outdoor", "name", "address", "contact_phone"} <= header.fields
    assert find_header(explanation, "shelter") is None
    assert hidden.hidden
    assert not hidden.rows


TEAMS = {"name", "force", "personnel", "place", "specialties", "contact_phone"}
METRES = {"external_id", "x", "y", "frame"}
IN_TAIWAN = {"name", "longitude", "latitude", "hazards", "accessible"}
IN_JAPAN = {"name", "hazard:flood", "hazard:tsunami", "capacity_persons"}


@pytest.mark.parametrize(
    ("name", "kind", "encoding", "records", "fields"),
    [
        ("m2-teams-gb18030.csv", "rescue_team", "gb18030", 4, TEAMS),
        ("m3-hydrants-cgcs2000.xls", "fire_watch_point", None, 30, METRES),
        ("m3-hydrants-cgcs2000.xlsx", "fire_watch_point", None, 30, METRES),
        ("m4-shelters-big5.csv", "shelter", "big5hkscs", 13, IN_TAIWAN),
        ("m5-shelters-sjis.csv", "shelter", "cp932", 12, IN_JAPAN),
        ("m7-teams-next-month.csv", "rescue_team", "utf-8-sig", 4, TEAMS),
    ],
)
def test_tables_are_read_whole(
    name: str, kind: str, encoding: str | None, records: int, fields: set[str]
) -> None:
    workbook = read(name)
    header, rows = sorted_of(workbook.sheets[0], kind)
    assert workbook.encoding == encoding
    assert len(rows.records) == records
    assert len(rows.records) + len(rows.aside) == len(workbook.sheets[0].rows)
    assert fields <= header.fields


def test_m6_a_shapefile_without_a_code_page() -> None:
    workbook = read("m6-villages-shp.zip")
    [villages] = workbook.sheets
    header, rows = sorted_of(villages, "shelter")
    assert (workbook.encoding, villages.crs) == ("gb18030", "EPSG:4326")
    assert header.fields == {"place_code", "name"}
    assert [row.cells[1] for row in rows.records][:2] == ["示例甲村", "示例乙村"]
    assert [shape and shape["type"] for shape in villages.shapes or []] == ["Polygon"] * 6


def test_row_numbers_stay_those_of_the_file() -> None:
    workbook = read_file("\n\n单位名称,人数\n\n示例甲队,3\n合计,3\n示例乙队,4\n".encode())
    _, rows = sorted_of(workbook.sheets[0], "rescue_team")
    assert [row.row for row in rows.records] == [5, 7]
    assert [(one.row, one.reason) for one in rows.aside] == [
        (1, "blank"),
        (2, "blank"),
        (3, "header"),
        (4, "blank"),
        (6, "total"),
    ]


def test_a_header_that_repeats_on_every_page_is_set_aside() -> None:
    page = "单位名称,人数\n示例甲队,3\n示例乙队,4\n"
    _, rows = sorted_of(read_file((page * 3).encode()).sheets[0], "rescue_team")
    assert [one.reason for one in rows.aside] == ["header", "repeated_header", "repeated_header"]
    assert len(rows.records) == 6


def test_headers_in_four_languages() -> None:
    for line in (
        "名称,经度,纬度,容量",
        "名稱,經度,緯度,收容人數",
        "施設名,経度,緯度,想定収容人数",
        "Name,Lon,Lat,Capacity",
    ):
        header = find_header(read_file(f"{line}\nA,1,2,3\n".encode()).sheets[0], "shelter")
        assert header is not None
        assert [column.field for column in header.columns] == [
            "name",
            "longitude",
            "latitude",
            "capacity_persons",
        ]


def test_a_parent_without_merges_reaches_to_the_right() -> None:
    rows = "名称,坐标（百度）,,可容纳人数,\n,经度,纬度,室内,室外\n示例场所,106.6,29.0,300,500\n"
    header, split = sorted_of(read_file(rows.encode()).sheets[0], "shelter")
    assert (header.first, header.depth) == (0, 2)
    assert [column.field for column in header.columns] == [
        "name",
        "longitude",
        "latitude",
        "capacity_indoor",
        "capacity_outdoor",
    ]
    assert header.columns[2].path == ("坐标(百度)", "纬度")
    assert len(split.records) == 1


def test_sheets_travel_between_processes_with_equal_texts_once() -> None:
    rows: list[Row] = [["town", number, 1.5, True, None, date(2026, 3, 1)] for number in range(2_500)]
    rows.append(["town", datetime(2026, 3, 1, 8, tzinfo=UTC)])
    sheet = Sheet(name="a", rows=rows, merges=[(0, 0, 1, 0)], uncalculated=[(3, 1)])
    [back] = unpack(pack(Workbook(format="csv", sheets=[sheet]))).sheets
    assert back == sheet
    assert len({id(row[0]) for row in back.rows}) == 1
    earlier = {"format": "csv", "encoding": None, "previews": {}}
    plain = {"name": "a", "merges": [], "hidden": False, "shapes": None, "crs": None, "uncalculated": []}
    packed = zlib.compress(msgspec.msgpack.encode(earlier | {"sheets": [plain | {"rows": [["x", 1]]}]}))
    assert unpack(packed).sheets[0].rows == [["x", 1]], "as the release before kept it"
