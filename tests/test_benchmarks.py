"""A benchmark that misses its promise says so."""

import pytest

from benchmarks import figures
from benchmarks.__main__ import sizes
from benchmarks.areas.listing import _with_host
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.load import script
from benchmarks.recorded import Statement, statements


@pytest.mark.parametrize(("value", "met"), [(34.99, False), (35.0, True), (36.0, True)])
def test_a_lower_bound_is_inclusive(value: float, met: bool) -> None:
    assert at_least("nearest", "share", value, 35, " %").met is met


@pytest.mark.parametrize(("value", "met"), [(59.9, True), (60.0, True), (60.01, False)])
def test_an_upper_bound_is_inclusive(value: float, met: bool) -> None:
    assert at_most("nearest", "p99", value, 60, " ms").met is met


def test_the_page_has_every_figure_and_shows_a_miss() -> None:
    measured = [Figure("a", "plain", "7"), at_most("b", "slow", 3, 2, " s"), at_least("c", "many", 5, 4, "")]
    page = figures.markdown(measured, 1_000_000)
    rows = [line for line in page.splitlines() if line.startswith("| ")][1:]
    assert rows == [
        "| a | plain | 7 |  |  |",
        "| b | slow | 3.00 s | ≤ 2 s | NO |",
        "| c | many | 5.00 | ≥ 4 | yes |",
    ]


def test_smaller_databases_are_made_only_where_growth_is_measured() -> None:
    assert sizes(1_000_000, ("nearest", "growth")) == [10_000, 100_000, 1_000_000]
    assert sizes(1_000_000, ("nearest",)) == [1_000_000]
    assert sizes(20_000, ("growth",)) == [10_000, 20_000]
    assert sizes(1_000_000, ("nearest", "plans")) == [100_000, 1_000_000]
    assert sizes(100_000, ("plans",)) == [100_000]


def test_a_socket_becomes_a_host() -> None:
    url = _with_host("postgresql://registry@/rows?host=/tmp/x/run")
    assert url == "postgresql://registry@%2Ftmp%2Fx%2Frun/rows"


def test_a_recorded_statement_becomes_a_script_with_its_own_values_and_drawn_ones() -> None:
    asked = Statement("SELECT $1::float + $2 + $11\n  FROM t", [1.5, 7, *([None] * 8), ["a", "b'c"]])
    assert script([asked], {1.5: "random(1, 2)"}).splitlines() == [
        r"\set drawn_0 random(1, 2)",
        r"\set given_0_2 7",
        "SELECT :drawn_0::float + :given_0_2 + ARRAY['a', 'b''c'] FROM t;",
    ]


def test_what_a_question_asks_the_database_is_recorded(new_database) -> None:
    seen = statements(new_database(), "/v1/proximity/nearest?lon=106.5&lat=29.5&k=3&max_m=500")
    numbers = {value for each in seen for value in each.arguments if isinstance(value, float)}
    assert {106.5, 29.5, 500.0} <= numbers
