"""The gate as a pure function: what it refuses, what it warns of, and what it makes of a record."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
import shapely

from registry.domain.datum import bd09_of, gcj02_of
from registry.domain.intake.doubles import doubles
from registry.domain.intake.examine import ExaminedRecord, examine
from registry.domain.intake.finding import KINDS, pointer_of_field
from registry.domain.intake.fold import folded
from registry.domain.intake.reference import EMPTY, Ground, KnownRecord, Reference
from registry.domain.intake.shape import read_members
from registry.domain.intake.territory import GEOD, KnownPlace, Territory
from registry.domain.intake.vocabulary import KnownCode, Vocabularies
from registry.domain.records.change import Draft
from registry.domain.records.resource import Resource
from registry.domain.values import Name

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
HERE = [106.65, 29.03]


def a_place(code: str, zh: str, box: tuple[float, ...], **values: Any) -> KnownPlace:
    shape = bytes(shapely.to_wkb(shapely.box(*box)))
    return KnownPlace(
        code, "town", Name(zh, values.pop("en", None)), extent=shape, **{"basis": "boundary"} | values
    )


DISTRICT = a_place("500110", "綦江区", (106.3, 28.5, 107.0, 29.2), en="Qijiang")
TOWN = a_place("500110113", "永新镇", (106.6, 29.0, 106.7, 29.1), en="Yongxin", parent="500110")
GUESSED = a_place("500110114", "三角镇", (106.7, 29.0, 106.8, 29.1), parent="500110", basis="voronoi")
ENDED = a_place("500110115", "旧镇", (106.3, 28.5, 106.4, 28.6), ended_on=NOW.date())
CODES = [
    KnownCode("registry", "hazard", "flood", Name("洪涝", "Flood")),
    KnownCode("registry", "hazard", "forest_fire", Name("森林火灾", "Forest fire")),
    KnownCode("registry", "specialty", "mine", Name("矿山", "Mine rescue")),
    KnownCode("registry", "amenity", "toilets", Name("厕所", "Toilets")),
    KnownCode("gbt38565", "supply_class", "1", Name("基本生活保障物资", "Basic supplies")),
]
REFERENCE = Reference(Territory([DISTRICT, TOWN, GUESSED, ENDED]), Vocabularies(CODES))


def a_feature(kind: str = "shelter", at: list[float] | None = HERE, **properties: Any) -> dict[str, Any]:
    location = {"quality": "surveyed" if at else "unknown"} | properties.pop("location", {})
    properties = {
        "kind": kind,
        "name": {"zh": "中心敬老院"},
        "place": "500110113",
        "location": location,
    } | properties
    return {
        "type": "Feature",
        "geometry": at and {"type": "Point", "coordinates": at},
        "properties": properties,
    }


def examined(feature: Any, *near: KnownRecord, reference: Reference = REFERENCE) -> ExaminedRecord:
    return examine(feature, Ground(reference=reference, now=NOW, near=near))


def codes(result: ExaminedRecord) -> list[tuple[str, str, str | None]]:
    return [(one.severity, one.code, one.field) for one in result.findings]


def made(result: ExaminedRecord) -> Resource:
    assert result.record is not None
    return result.record


def test_a_good_record_has_no_findings() -> None:
    assert codes(examined(a_feature())) == []


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        (a_feature(capasity_persons=3), ("unknown_member", "/properties/capasity_persons")),
        (a_feature(capacity_persons="300"), ("wrong_value", "/properties/capacity_persons")),
        (a_feature(capacity_persons=-5), ("wrong_value", "/properties/capacity_persons")),
        (a_feature(name={"zh": "\u200b \u3000"}), ("empty_text", "/properties/name/zh")),
        (a_feature(hazards=[{"code": "floood"}]), ("unknown_code", "/properties/hazards/0/code")),
        (a_feature(amenities=[{"code": "first_aid_kit"}]), ("unknown_code", "/properties/amenities/0/code")),
        (a_feature(place="500110999"), ("unknown_place", "/properties/place")),
        (a_feature(place="500110115", at=None), ("place_ended", "/properties/place")),
        (a_feature(at=[0, 0]), ("zero_position", "/geometry/coordinates")),
        (a_feature(status_at="2026-11-30T08:05:01Z"), ("clock_ahead", "/properties/status_at")),
        (a_feature(status_at="1989-12-31T00:00:00Z"), ("clock_too_old", "/properties/status_at")),
        (a_feature(status_at="2026-11-30T08:00:00"), ("no_time_zone", "/properties/status_at")),
        (a_feature(at=None, location={"quality": "surveyed"}), ("rule_broken", "/geometry")),
        (
            a_feature(location={"datum": "gcj02", "raw": [106.7, 29.1]}),
            ("raw_disagrees", "/properties/location/raw"),
        ),
        (
            a_feature("supply_depot", stock=[{"item_code": "nosuch", "name": {"en": "x"}}]),
            ("unknown_code", "/properties/stock/0/item_code"),
        ),
    ],
)  # fmt: skip
def test_what_is_refused(feature: dict[str, Any], expected: tuple[str, str]) -> None:
    result = examined(feature)
    assert result.record is None
    assert ("refuse", *expected) in codes(result)


def test_all_faults_of_a_record_are_named_at_once() -> None:
    faulty = a_feature(hazards=[{"code": 1}, {"code": "floood"}, {"x": 1}], capasity_persons=3)
    assert {(one.code, one.field, one.proposal) for one in examined(faulty).findings} == {
        ("unknown_member", "/properties/capasity_persons", "capacity_persons"),
        ("wrong_value", "/properties/hazards/0/code", None),
        ("unknown_member", "/properties/hazards/2/x", None),
        ("missing_member", "/properties/hazards/2/code", None),
        ("unknown_code", "/properties/hazards/1/code", "flood"),
    }


def test_a_number_written_as_text_is_proposed() -> None:
    (fault,) = examined(a_feature(capacity_persons="300")).findings
    assert fault.proposal == 300


def test_swapped_coordinates_out_of_range_are_proposed_the_other_way_round() -> None:
    (fault,) = examined(a_feature(at=[29.03, 106.65])).findings
    assert (fault.severity, fault.proposal) == ("refuse", [106.65, 29.03])


@pytest.mark.parametrize("form", ["500110113", "500110113000"])
def test_a_place_is_known_by_each_form_of_its_code(form: str) -> None:
    assert made(examined(a_feature(place=form))).properties.place == "500110113"


@pytest.mark.parametrize("form", ["500110", "500110000", "500110000000"])
def test_a_district_is_known_by_each_form_of_its_code(form: str) -> None:
    place = REFERENCE.territory.find(form)
    assert place is not None
    assert place.code == "500110"


def test_heights_and_boxes_are_left_out() -> None:
    feature = a_feature(at=[*HERE, 312.5]) | {"bbox": [1, 2, 3, 4]}
    result = examined(feature)
    assert [code for _, code, _ in codes(result)] == ["bbox_dropped", "height_dropped"]
    assert msgspec.to_builtins(made(result))["geometry"]["coordinates"] == tuple(HERE)


@pytest.mark.parametrize(("datum", "shift"), [("gcj02", gcj02_of), ("bd09", bd09_of)])
def test_a_geometry_in_a_shifted_datum_is_converted_and_the_raw_pair_kept(datum: str, shift: Any) -> None:
    came = list(shift((106.65, 29.03)))
    for raw in ({}, {"raw": came}):
        record = made(examined(a_feature(at=came, location={"datum": datum} | raw)))
        assert record.geometry is not None
        assert GEOD.inv(*record.geometry.coordinates, 106.65, 29.03)[2] < 0.02
        assert record.properties.location.raw == tuple(came)
        again = examine(record, Ground(reference=REFERENCE, now=NOW))
        assert made(again) == record
        assert not again.findings


def test_a_point_outside_its_stated_place_is_measured_and_the_right_place_named() -> None:
    result = examined(a_feature(at=[106.65, 28.9]))
    (finding,) = result.findings
    assert (finding.severity, finding.code, finding.proposal) == ("warn", "outside_place", "500110")
    metres = GEOD.inv(106.65, 28.9, 106.65, 29.0)[2]
    assert f"{metres:.0f} m outside" in finding.message.en
    assert "綦江区" in finding.message.zh


def test_a_point_within_its_uncertainty_is_not_outside() -> None:
    near = {"quality": "approximate", "uncertainty_m": 12_000}
    assert not examined(a_feature(at=[106.65, 28.9], location=near)).findings


def test_a_place_is_derived_from_the_point() -> None:
    result = examined(a_feature(place=None))
    assert made(result).properties.place == "500110113"
    assert codes(result) == [("note", "place_derived", "/properties/place")]


def test_a_place_of_assumed_extent_is_a_warning() -> None:
    result = examined(a_feature(place=None, at=[106.75, 29.05]))
    assert made(result).properties.place == "500110114"
    assert codes(result) == [("warn", "place_assumed", "/properties/place")]


def test_no_place_is_derived_that_the_uncertainty_leaves() -> None:
    vague = {"quality": "approximate", "uncertainty_m": 5_000}
    assert (
        made(examined(a_feature(place=None, at=[106.61, 29.05], location=vague))).properties.place == "500110"
    )


def test_a_point_beyond_all_places_is_told_with_the_nearest() -> None:
    (finding,) = examined(a_feature(place=None, at=[116.4, 39.9])).findings
    assert (finding.severity, finding.code, finding.proposal) == ("warn", "outside_territory", "500110")


def test_swapped_axes_are_proposed() -> None:
    southern = a_place("1", "南", (28.0, 50.0, 29.0, 51.0))
    reference = Reference(Territory([southern]), Vocabularies(()))
    (finding,) = examined(a_feature(place=None, at=[50.5, 28.5]), reference=reference).findings
    assert (finding.code, finding.proposal) == ("axes_swapped", [28.5, 50.5])


def test_an_empty_registry_knows_no_place_and_accepts_every_code() -> None:
    result = examined(a_feature(hazards=[{"code": "any"}], place=None), reference=EMPTY)
    assert codes(result) == []


def test_more_persons_than_room_is_a_warning() -> None:
    result = examined(a_feature(capacity_persons=10, occupancy_persons=11))
    assert codes(result) == [("warn", "over_capacity", "/properties/occupancy_persons")]


@pytest.mark.parametrize(
    ("stated", "capacities", "total", "found"),
    [
        (None, [(480, "indoor"), (3350, "outdoor")], 3830, [("note", "capacity_added")]),
        (500, [(480, "indoor")], 500, []),
        (500, [(480, "indoor"), (30, "outdoor")], 500, [("warn", "capacity_differs")]),
        (500, [(600, "indoor")], 500, [("warn", "capacity_differs")]),
        (500, [(200, "indoor"), (300, "indoor")], None, [("refuse", "rule_broken")]),
    ],
)
def test_capacities_by_space(
    stated: int | None, capacities: list[Any], total: int | None, found: list[tuple[str, str]]
) -> None:
    listed = [{"persons": persons, "space": space} for persons, space in capacities]
    result = examined(a_feature(capacity_persons=stated, capacities=listed))
    assert [(severity, code) for severity, code, _ in codes(result)][: len(found)] == found
    if total is None:
        assert result.record is None
    else:
        assert result.record is not None
        assert result.record.properties.capacity_persons == total  # type: ignore[union-attr]


def test_the_hazard_of_a_capacity_is_known() -> None:
    result = examined(a_feature(capacities=[{"persons": 5, "hazard": {"code": "floood"}}]))
    assert ("refuse", "unknown_code", "/properties/capacities/0/hazard/code") in codes(result)


def test_what_the_stored_record_has_already_only_warns() -> None:
    held = a_feature(hazards=[{"code": "old"}], visibility="public")
    current = msgspec.convert(held | {"id": UUID(int=1)}, Resource)
    ground = Ground(reference=REFERENCE, now=NOW)
    same = examine(msgspec.structs.replace(current), ground, current)
    assert codes(same) == [("warn", "unknown_code", "/properties/hazards/0/code")]
    other = msgspec.convert(a_feature(hazards=[{"code": "new"}]) | {"id": UUID(int=1)}, Resource)
    assert examine(other, ground, current).record is None


NAME_PAIRS = (
    ("綦江区永新镇敬老院", "敬老院", True),
    ("永新敬老院", "永新镇敬老院", True),
    ("永新镇消防站", "永新镇消防救援站", None),
    ("第一小学", "第二小学", False),
    ("三组", "四组", False),
    ("3组避难点", "4组避难点", False),
    ("1号水库", "11号水库", False),
    ("人民广场南区", "人民广场北区", False),
    ("A栋活动室", "B栋活动室", False),
    ("永新镇卫生院", "三角镇中学", False),
    ("中心敬老院 ", "中心\u3000敬老院", True),
    ("Yongxin School", "yongxin  school", True),
)


@pytest.mark.parametrize(("one", "other", "same"), NAME_PAIRS)
def test_names_of_one_thing(one: str, other: str, same: bool | None) -> None:
    known = KnownRecord(id=UUID(int=9), name=Name(other), place="500110113")
    found = doubles(Name(one), "500110113", [known], REFERENCE.territory)
    likely = [double.percent >= 85 for double in found]
    assert likely == {True: [True], None: [False], False: []}[same]


def test_a_double_is_named_with_its_record() -> None:
    known = KnownRecord(id=UUID(int=9), name=Name("永新镇中心敬老院"), place="500110113")
    result = examined(a_feature(), known)
    assert made(result)
    (finding,) = result.findings
    assert (finding.severity, finding.code) == ("warn", "likely_double")
    assert finding.proposal["id"] == str(UUID(int=9))


def test_folded_text() -> None:
    assert folded(" Ａ１\u3000永新镇（一）\u200b ｱ 5² ") == "A1 永新镇（一） ア 5²"
    assert folded("一行 \r\n  二行", one_line=False) == "一行\n 二行"


def test_every_finding_has_words_in_both_languages() -> None:
    for kind in KINDS.values():
        assert kind.zh
        assert kind.en
        figures = {part.partition("}")[0] for part in kind.en.split("{")[1:]}
        assert {part.partition("}")[0] for part in kind.zh.split("{")[1:]} - figures <= {"subject_zh"}


def test_pointers() -> None:
    assert pointer_of_field("properties.stock[3].name") == "/properties/stock/3/name"
    assert read_members([], Draft).value is None


def test_a_report_from_five_minutes_ahead_is_the_last_that_is_accepted() -> None:
    limit = (NOW + timedelta(minutes=5)).isoformat()
    assert not examined(a_feature(status_at=limit)).findings
