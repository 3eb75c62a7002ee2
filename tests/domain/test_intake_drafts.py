"""From the messy files to drafts of records, as the README beside them says."""

from pathlib import Path
from typing import Any

import pytest
import shapely

from registry.domain.intake.files.draft import DraftedRow, FileAnswers, FileGround
from registry.domain.intake.files.drafts import draft_rows, totals
from registry.domain.intake.files.file_findings import FILE_KINDS
from registry.domain.intake.files.header import find_header
from registry.domain.intake.files.rows import sort_rows
from registry.domain.intake.files.values.gazetteer import Gazetteer, PlaceName
from registry.domain.intake.files.values.labels import Label, Labels
from registry.domain.intake.files.values.positions import JurisdictionExtent
from registry.domain.records.resource import Datum, Kind
from registry.store.files.read import read_file

DATA = Path(__file__).parent.parent / "data" / "intake"
TOWNS = {"500110001": "古南街道", "500110104": "永新镇", "500110113": "赶水镇", "500110110": "石壕镇"}
SPECIALTIES = {
    "comprehensive": "综合",
    "forest_fire": "森林火灾",
    "geohazard": "地质灾害",
    "water": "水上救援",
    "hazmat": "危险化学品",
    "aviation": "航空（无人机）",
}
HAZARDS = {"flood": "洪涝", "earthquake": "地震", "geohazard": "地质灾害"}


def ground(extent: tuple[float, float, float, float], datum: Datum | None = None) -> FileGround:
    towns = [
        PlaceName(code=code, level="town", names=(name,), parent="500110") for code, name in TOWNS.items()
    ]
    listed = [("specialty", SPECIALTIES), ("hazard", HAZARDS), ("amenity", {"accessible": "无障碍"})]
    return FileGround(
        gazetteer=Gazetteer(towns, home="500110"),
        labels=Labels(
            Label(scheme="registry", subject=subject, code=code, labels=(label,))
            for subject, codes in listed
            for code, label in codes.items()
        ),
        extent=JurisdictionExtent(shapely.box(*extent).wkb),
        area_code="023",
        default_datum=datum,
    )


QIJIANG = ground((106.4, 28.5, 107.0, 29.2))
TAIWAN = ground((120.0, 23.0, 121.0, 24.0))
TAKAMATSU = ground((133.9, 34.1, 134.2, 34.5), "wgs84")
NO_ANSWERS = FileAnswers()


def drafts(
    name: str, kind: Kind, at: FileGround = QIJIANG, answers: FileAnswers = NO_ANSWERS
) -> list[DraftedRow]:
    sheet = read_file((DATA / name).read_bytes()).sheets[0]
    header = find_header(sheet, kind)
    assert header is not None
    return draft_rows(sheet, header, sort_rows(sheet, header), kind, at, answers)


def codes(draft: DraftedRow, severity: str | None = None) -> set[str]:
    return {one.code for one in draft.findings if severity in (None, one.severity)}


def test_m1_twelve_shelters_with_their_datum_from_the_header() -> None:
    rows = drafts("m1-shelters-form.xlsx", "shelter")
    assert len(rows) == 12
    assert not [row for row in rows if codes(row, "refuse")]
    assert {row.members["location"]["datum"] for row in rows} == {"gcj02"}
    assert rows[0].members["location"]["raw"] == [106.651, 29.026]
    assert rows[0].members["geometry"]["coordinates"] == pytest.approx([106.6473, 29.0292], abs=0.001)
    assert "position_swapped" in codes(rows[2])
    assert rows[5].members["location"]["raw"] == pytest.approx([106.545, 28.963889], abs=1e-6)
    assert rows[8].members["location"]["raw"] == [106.714, 28.745]
    assert [row.members["place"] for row in rows[::4]] == ["500110001", "500110104", "500110113"]


def spaces(draft: DraftedRow) -> dict[str, int]:
    return {one["space"]: one["persons"] for one in draft.members["capacities"]}


def test_a_number_under_a_hazard_is_the_capacity_for_it() -> None:
    one, other = text_drafts("名称,可容纳人数,室内容纳人数,洪水,地震\n甲,500,480,300,1\n乙,,,,○\n")
    assert one.members["capacity_persons"] == 500, "what is stated in all is not the sum"
    flood = {"persons": 300, "space": None, "hazard": {"scheme": "registry", "code": "flood"}}
    assert one.members["capacities"] == [{"persons": 480, "space": "indoor", "hazard": None}, flood]
    assert [code["code"] for code in one.members["hazards"]] == ["flood", "earthquake"]
    assert "capacities" not in other.members


def test_m1_capacities_areas_and_telephones() -> None:
    first, second, third, fourth = drafts("m1-shelters-form.xlsx", "shelter")[:4]
    assert spaces(first) == spaces(fourth) == {"indoor": 480, "outdoor": 3350}
    assert (spaces(second), codes(second)) == ({"indoor": 300}, {"number_approximate"})
    assert spaces(third) == {"indoor": 350, "outdoor": 800}
    assert "capacity_persons" not in first.members, "the gate adds them up"
    assert [row.members["area_m2"] for row in (first, second, third, fourth)] == [1200, 12000, 3500, 2000]
    assert [contact["phone"] for contact in second.contacts] == ["13800000001", "023-00000002"]
    assert [contact["phone"] for contact in third.contacts] == ["13800000003"]
    assert [contact["phone"] for contact in fourth.contacts] == ["023-00000004 (8001)"]
    assert "启用时间：2026-03-01" in first.members["note"]
    assert "启用时间：2026-03-01" in third.members["note"]
    assert "date_serial" in codes(third)
    assert "启用时间：2026-03" in fourth.members["note"]
    assert first.members["space"] == "indoor"
    assert "space" not in third.members
    assert "unknown_label" in codes(fourth)


def test_m1_the_stated_total_is_compared() -> None:
    sheet = read_file((DATA / "m1-shelters-form.xlsx").read_bytes()).sheets[0]
    header = find_header(sheet, "shelter")
    assert header is not None
    found = totals(sheet, header, sort_rows(sheet, header))
    assert {(one.code, one.row, one.column) for one in found} == {
        ("total_differs", 17, "G"),
        ("total_differs", 17, "H"),
    }


def test_m2_four_teams() -> None:
    gunan, luzi, yongxin, shihao = drafts("m2-teams-gb18030.csv", "rescue_team")
    assert [row.name for row in (gunan, luzi)] == ["示例古南街道综合应急救援队", "示例㵲水镇救援队"]
    assert shihao.name == "示例石壕救援队"
    assert [row.members.get("personnel") for row in (gunan, luzi, yongxin, shihao)] == [30, 20, 15, 15]
    assert "number_range" in codes(shihao)
    assert [entry["code"] for entry in gunan.members["specialties"]] == ["forest_fire", "geohazard"]
    assert [entry["code"] for entry in luzi.members["specialties"]] == ["water", "hazmat"]
    assert yongxin.members["force"] == "militia"
    assert [contact["phone"] for contact in yongxin.contacts] == ["023-00000004"]
    assert [contact["phone"] for contact in luzi.contacts] == ["023-00000003"]
    assert not shihao.contacts
    assert gunan.members["location"]["candidate_places"] == ["500110001"]
    assert codes(luzi) >= {"unknown_town"}


def test_m3_thirty_points_in_metres() -> None:
    for name in ("m3-hydrants-cgcs2000.xls", "m3-hydrants-cgcs2000.xlsx"):
        rows = drafts(name, "fire_watch_point")
        spots = [row.members["geometry"]["coordinates"] for row in rows]
        assert len(spots) == 30
        assert spots[0] == pytest.approx([106.641, 29.0207], abs=1e-4)
        assert all(106.4 < lon < 107.0 and 28.5 < lat < 29.2 for lon, lat in spots)
        epsg = [one.message.en for row in rows for one in row.findings if "EPSG" in one.message.en]
        assert {text.rpartition(" ")[2] for text in epsg} == {"EPSG:4524", "EPSG:4545"}
        assert rows[0].external_id == "XHS-0001"


def test_m4_twelve_located_and_one_refused_for_its_point() -> None:
    rows = drafts("m4-shelters-big5.csv", "shelter", TAIWAN, FileAnswers(datum="wgs84"))
    assert len([row for row in rows if "geometry" in row.members and not codes(row, "refuse")]) == 12
    [refused] = [row for row in rows if codes(row, "refuse")]
    assert (refused.row, codes(refused, "refuse")) == (14, {"zero_position"})
    first = rows[0]
    assert [entry["code"] for entry in first.members["hazards"]] == ["flood", "earthquake", "geohazard"]
    assert first.members["space"] == "indoor"
    assert "space" not in rows[1].members
    assert [contact["phone"] for contact in first.contacts] == ["(05)000-0001"]
    assert [entry["code"] for entry in first.members["amenities"]] == ["accessible"]
    assert first.members["capacity_persons"] == 201


def test_m5_twelve_shelters_of_which_five_share_a_point() -> None:
    rows = drafts("m5-shelters-sjis.csv", "shelter", TAKAMATSU)
    assert len(rows) == 12
    assert [row.row for row in rows if "shared_point" in codes(row)] == [2, 3, 4, 5, 6]
    assert [row.members["location"]["quality"] for row in rows].count("approximate") == 5
    assert spaces(rows[0]) == {"indoor": 401, "outdoor": 3001}
    assert [entry["code"] for entry in rows[0].members["hazards"]] == ["flood", "geohazard", "earthquake"]
    assert [entry["code"] for entry in rows[1].members["hazards"]] == ["geohazard", "earthquake"]
    assert "津波：◎" in rows[2].members["note"]
    assert {row.members["location"]["datum"] for row in rows} == {"wgs84"}


def text_drafts(text: str, kind: Kind = "shelter", **answers: Any) -> list[DraftedRow]:
    sheet = read_file(text.encode()).sheets[0]
    header = find_header(sheet, kind)
    assert header is not None
    return draft_rows(sheet, header, sort_rows(sheet, header), kind, QIJIANG, FileAnswers(**answers))


def test_an_unstated_datum_is_asked_and_widens_the_uncertainty() -> None:
    text = "名称,经度,纬度\n示例甲场所,106.65,29.02\n"
    [asked] = text_drafts(text)
    assert (asked.members["location"]["datum"], codes(asked)) == ("unknown", {"datum_not_stated"})
    [answered] = text_drafts(text, datum="bd09")
    assert (answered.members["location"]["datum"], codes(answered)) == ("bd09", set())


def test_an_identity_twice_refuses_both_rows() -> None:
    one, other, third = text_drafts("编号,名称\nA1,示例甲\nA1,示例乙\nA2,示例丙\n", system="civil")
    assert codes(one, "refuse") == codes(other, "refuse") == {"twice_in_file"}
    assert not codes(third)
    assert third.members["external_ids"] == [{"system": "civil", "id": "A2"}]


def test_empty_leaves_a_value_and_a_dash_clears_it() -> None:
    left, cleared = text_drafts("名称,容量,开放时间\n示例甲,,\n示例乙,—,待核实\n")
    assert "capacity_persons" not in left.members
    assert (left.cleared, cleared.cleared) == ([], ["capacity_persons"])
    assert "hours" not in cleared.members


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ("示例甲,300/500", "unreadable_number"),
        ("示例甲,-5", "unreadable_number"),
        ("示例甲,同上", "same_as_above"),
        (",300", "no_name"),
        ("示例甲,300,多出的一格", "beyond_header"),
    ],
)
def test_faults_are_named_with_their_cell(cells: str, code: str) -> None:
    [draft] = text_drafts(f"名称,容量\n{cells}\n")
    [found] = [one for one in draft.findings if one.code == code]
    assert found.row == 2
    assert found.severity == FILE_KINDS[code].severity
    assert found.column is not None
    assert found.message.zh
    assert found.message.en


def test_a_system_without_public_parameters_is_refused() -> None:
    [draft] = text_drafts("名称,经度（西安80）,纬度\n示例甲,106.65,29.02\n")
    assert "no_parameters" in codes(draft, "refuse")
    assert "geometry" not in draft.members
