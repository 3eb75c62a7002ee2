"""A position as somebody says it on the telephone is read, or refused with what would be right."""

import pytest

from registry.domain.datum import wgs84_of
from registry.domain.errors import InvalidQuery
from registry.domain.proximity.written_position import road_kilometre, written_position

BOX = (106.3, 28.5, 107.0, 29.4)


@pytest.mark.parametrize(
    "text",
    [
        "106.65, 29.03",
        "29.03 106.65",
        "106.65，29.03",
        "106°39′E 29°01′48″N",
        "北纬29°01′48″ 东经106°39′",
        "东经106度39分，北纬29度1分48秒",
        "N29.03 E106.65",
    ],
)
def test_the_usual_forms_of_one_position_are_the_same(text: str) -> None:
    read = written_position(text, "wgs84", BOX)
    assert (read.lon, read.lat) == pytest.approx((106.65, 29.03), abs=1e-6)
    assert not read.far


def test_a_shifted_datum_is_converted() -> None:
    read = written_position("106.65, 29.03", "gcj02", BOX)
    assert (read.lon, read.lat) == pytest.approx(wgs84_of("gcj02", (106.65, 29.03)), abs=1e-6)


def test_what_lies_far_away_is_read_as_written_and_said() -> None:
    read = written_position("N39.9 E116.4", "wgs84", BOX)
    assert (read.lon, read.lat, read.far) == (116.4, 39.9, True)


@pytest.mark.parametrize("text", ["Shijiao", "0, 0", "106.65", "106°75′ 29°01′"])
def test_what_is_no_position_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidQuery, match=r"106\.65, 29\.03") as refused:
        written_position(text, "wgs84", BOX)
    assert refused.value.zh is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("G75 K1060+300", ("G75", 1060.3)),
        ("g75k1060", ("G75", 1060.0)),
        ("S303 12.5", ("S303", 12.5)),
        ("106.65, 29.03", None),
        ("K1060", None),
    ],
)
def test_a_kilometre_of_a_road_is_told_from_degrees(text: str, expected) -> None:
    named = road_kilometre(text)
    assert (None if named is None else tuple(named)) == expected
