"""Counts, areas, dates, telephones and names of towns as people write them, against tables made by hand."""

from datetime import date, datetime

import pytest

from registry.domain.intake.files.sheet import Cell
from registry.domain.intake.files.values import amounts, dates, labels, phones
from registry.domain.intake.files.values.amounts import Unreadable
from registry.domain.intake.files.values.dates import Ambiguous
from registry.domain.intake.files.values.gazetteer import Gazetteer, PlaceName
from registry.domain.intake.files.values.labels import Label, Labels

COUNTS: list[tuple[Cell, float | None, str]] = [
    ("约300人", 300, "approximate"),
    ("300余", 300, "approximate"),
    ("800余", 800, "approximate"),
    ("20多名", 20, "approximate"),
    ("二十余人", 20, "approximate"),
    ("500人以上", 500, "approximate"),
    ("近千人", 1000, "approximate"),
    ("不少于300", 300, "approximate"),
    ("３５０", 350, "exact"),
    ("3,350", 3350, "exact"),
    (480.0, 480, "exact"),
    ("1.2万", 12000, "exact"),
    ("一百二十", 120, "exact"),
    ("两千", 2000, "exact"),
    ("0", 0, "exact"),
    ("15-20", 15, "range"),
    ("15～20人", 15, "range"),
    ("约1.5-2万人", 15000, "range"),
    ("屋内480人／屋外3,350人", 3830, "split"),
    ("三百五", 350, "spoken"),
    ("一万二", 12000, "spoken"),
    ("待核实", None, "unknown"),
    ("/", None, "unknown"),
    ("同上", None, "same_as_above"),
    ("", None, "empty"),
]
NO_COUNTS: list[Cell] = ["300/500", "-5", "1e3", "2.5", "1,2", "480人（床位20）", True, "20-15", -5.0]


@pytest.mark.parametrize(("cell", "value", "basis"), COUNTS)
def test_counts_as_people_write_them(cell: Cell, value: float | None, basis: str) -> None:
    amount = amounts.count(cell)
    assert (amount.value, amount.basis) == (value, basis)


@pytest.mark.parametrize("cell", NO_COUNTS)
def test_what_has_no_one_meaning_is_no_count(cell: Cell) -> None:
    with pytest.raises(Unreadable):
        amounts.count(cell)


def test_counts_have_bounds_and_parts() -> None:
    assert (amounts.count("15-20").low, amounts.count("15-20").high) == (15, 20)
    assert (amounts.count("300余").low, amounts.count("300余").high) == (300, None)
    assert (amounts.count("约300").low, amounts.count("约300").high) == (None, None)
    assert amounts.count("屋内480人／屋外3,350人").parts == {"indoor": 480, "outdoor": 3350}


@pytest.mark.parametrize(
    ("cell", "header", "square_metres"),
    [
        ("1.2万", "", 12000),
        ("0.35公顷", "", 3500),
        ("2,000㎡", "", 2000),
        ("3亩", "", 2000),
        ("3", "面积（亩）", 2000),
        ("约1.2万平方米", "", 12000),
        (1200.0, "有效面积（㎡）", 1200),
        ("2平方公里", "", 2_000_000),
    ],
)
def test_areas_have_units(cell: Cell, header: str, square_metres: float) -> None:
    assert amounts.area_m2(cell, header).value == pytest.approx(square_metres)


DATES: list[tuple[Cell, str | None]] = [
    (date(2026, 3, 1), "2026-03-01"),
    (datetime(2026, 3, 1, 8, 30), "2026-03-01"),  # noqa: DTZ001 - spreadsheets know no time zone
    ("2026年3月1日", "2026-03-01"),
    ("2026/3/1", "2026-03-01"),
    ("20260301", "2026-03-01"),
    (46082.0, "2026-03-01"),
    ("45992", "2025-12-01"),
    ("2026.3", "2026-03"),
    (2026.3, "2026-03"),
    ("2025-12", "2025-12"),
    ("令和7年5月1日", "2025-05-01"),
    ("民國112年5月1日", "2023-05-01"),
    ("无", None),
]


@pytest.mark.parametrize(("cell", "day"), DATES)
def test_days_as_people_write_them(cell: Cell, day: str | None) -> None:
    read = dates.day(cell)
    assert (None if read is None else str(read)) == day


@pytest.mark.parametrize("cell", ["3/4/2026", "2026-2-30", "26/5/1", "soon", 12, 46082000.0, True])
def test_what_is_no_day_is_refused(cell: Cell) -> None:
    with pytest.raises(Unreadable):
        dates.day(cell)


@pytest.mark.parametrize(("cell", "reading"), [("112/5/1", "2023-05-01"), (2026.1, "2026-01")])
def test_what_has_two_readings_is_asked(cell: Cell, reading: str) -> None:
    with pytest.raises(Ambiguous) as asked:
        dates.day(cell)
    assert str(asked.value.reading) == reading


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("13800000001/023-00000002", ["13800000001", "023-00000002"]),
        ("13800000001；13800000002", ["13800000001", "13800000002"]),
        ("023－00000003", ["023-00000003"]),
        (13800000003.0, ["13800000003"]),
        ("00000004转8001", ["023-00000004 ext 8001"]),
        ("0000 0004", ["023-00000004"]),
        ("(05)000-0001", ["(05)000-0001"]),
        ("无", []),
    ],
)
def test_telephones_of_a_cell(cell: Cell, numbers: list[str]) -> None:
    assert [str(phone) for phone in phones.phones(cell, "023").numbers] == numbers


def test_a_number_without_area_code_stays_local_and_words_are_no_number() -> None:
    [phone] = phones.phones("0000 0004").numbers
    assert (phone.number, phone.local) == ("00000004", True)
    assert phones.phones("张三").unreadable == ["张三"]


GAZETTEER = Gazetteer(
    [
        PlaceName(code="500110", level="district", names=("綦江区",), parent="500000"),
        PlaceName(code="500110001", level="town", names=("古南街道",), parent="500110"),
        PlaceName(code="500110104", level="town", names=("永新镇",), parent="500110"),
        PlaceName(code="500110113", level="town", names=("赶水镇",), parent="500110"),
        PlaceName(code="500116", level="district", names=("江津区",), parent="500000"),
        PlaceName(code="500116109", level="town", names=("永新镇",), parent="500116"),
    ],
    home="500110",
)


@pytest.mark.parametrize(
    ("address", "codes"),
    [
        ("古南街道示例路1号", {"500110001"}),
        ("重庆市綦江区赶水镇政府旁", {"500110113"}),
        ("赶水示例路", {"500110113"}),
        ("古南街办", {"500110001"}),
        ("永新镇示例路", {"500110104"}),
        ("江津区永新镇示例路", {"500116109"}),
        ("綦江县古南镇", {"500110001"}),
        ("示例路1号", set()),
    ],
)
def test_the_town_of_an_address_is_the_longest_name_in_its_district(address: str, codes: set[str]) -> None:
    assert GAZETTEER.in_address(address) == codes


def test_without_a_home_a_name_that_repeats_is_ambiguous() -> None:
    places = list(GAZETTEER.places.values())
    assert Gazetteer(places).exact("永新镇") == {"500110104", "500116109"}
    assert GAZETTEER.exact("永新镇") == {"500110104"}


def test_labels_become_codes_only_by_exact_words() -> None:
    known = [
        ("森林火灾", "forest_fire"),
        ("危险化学品", "hazmat"),
        ("水上救援", "water"),
        ("综合", "comprehensive"),
    ]
    coded = Labels(
        Label(scheme="registry", subject="specialty", code=code, labels=(label,)) for label, code in known
    )
    assert coded.code("specialty", "森林防火") == ("registry", "forest_fire")
    assert coded.code("specialty", "危化") == ("registry", "hazmat")
    assert coded.code("specialty", "registry:water") == ("registry", "water")
    assert coded.code("specialty", "forrest_fire") is None
    assert coded.near("specialty", "forrest_fire") == ["forest_fire"]
    assert labels.pieces("森林防火、地灾/水上 救援；无") == ["森林防火", "地灾", "水上", "救援"]
    assert labels.choice("force", "民兵") == "militia"
    assert labels.choice("force", "民兵救援") is None
    assert "militia" in labels.near_choices("force", "民兵应急队")
