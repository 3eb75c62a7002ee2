"""A benchmark that misses its promise says so."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import asyncpg
import httpx
import pytest

from benchmarks import compared, figures
from benchmarks.__main__ import sizes
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.load import script
from benchmarks.peers import pg_featureserv, shape, views
from benchmarks.recorded import Statement, statements
from benchmarks.stage import Stage
from registry.store.database.pool import Writer, prepare
from tests.builders import a_resource


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


def test_a_peer_is_told_where_the_database_is() -> None:
    there = shape.connection("postgresql://registry@/rows?host=/tmp/x/run")
    assert there == {"host": "/tmp/x/run", "dbname": "rows", "user": "registry"}


BOX = "106.5,29,107,29.5"


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have every server answer with these positions."""

    def answer(spots: list[tuple[float, float]], status: int = 200) -> None:
        features = [{"geometry": {"coordinates": list(spot)}} for spot in spots]
        transport = httpx.MockTransport(lambda _: httpx.Response(status, json={"features": features}))
        monkeypatch.setattr(compared.httpx, "Client", partial(httpx.Client, transport=transport))

    return answer


def test_answers_that_hold_what_the_box_holds_are_accepted(answering: Callable[..., None]) -> None:
    answering([(106.5, 29), (106.7, 29.2)])
    compared.agree("http://peer.test", ["/items"], [BOX], [2])


@pytest.mark.parametrize(
    ("spots", "status"),
    [
        ([], 200),
        ([(106.7, 29.2)], 200),
        ([(106.7, 29.2)] * 3, 200),
        ([(106.7, 29.2), (107.1, 29.2)], 200),
        ([(106.7, 29.2), (106.7, 28.9)], 200),
        ([(106.7, 29.2)] * 2, 503),
    ],
)
def test_a_benchmark_of_other_answers_is_refused(
    answering: Callable[..., None], spots: list[tuple[float, float]], status: int
) -> None:
    answering(spots, status)
    with pytest.raises((RuntimeError, httpx.HTTPStatusError)):
        compared.agree("http://peer.test", ["/items"], [BOX], [2])


def test_without_go_its_peer_is_absent_and_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shape, "HOME", tmp_path / "peers")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(shape.Absent, match="no Go here"):
        pg_featureserv.built()
    compiler = tmp_path / "go"
    compiler.write_text("#!/bin/sh\nexit 1\n")
    compiler.chmod(0o755)
    with pytest.raises(shape.Absent, match="could not build"):
        pg_featureserv.built()


async def _stored(url: str) -> None:
    connection = await asyncpg.connect(url)
    await prepare(connection)
    for kind, visibility in (("shelter", "public"), ("shelter", "restricted"), ("rescue_team", "public")):
        await a_resource(Writer(connection), kind, 106.65, 29.03, visibility=visibility)
    await connection.close()


def test_the_peers_are_given_what_the_public_sees(new_database: Callable[[], str]) -> None:
    stage = Stage(3, new_database(), 106, 29, 107, 30)
    asyncio.run(_stored(stage.database_url))
    for _ in range(2):
        views.make(stage)
    boxes = [BOX, "0,0,1,1"]
    assert views.held(stage, views.ALL, boxes) == [2, 0]
    assert views.held(stage, views.SHELTERS, boxes) == [1, 0]


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
