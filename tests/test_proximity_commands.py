"""`registry nearest`, `covering` and `situation` on a terminal and as JSON."""

import asyncio
import json

import asyncpg
import pytest
from click.testing import CliRunner

from registry.cli import coverage, covering, nearest, plan, situation
from registry.domain.conditions import Conditions, declared
from registry.domain.identity import new_id
from registry.domain.plans.entry import Hotline, Responsibility
from registry.domain.values import Name
from registry.runtime.database import as_role
from registry.store.database.pool import Writer, prepare
from registry.store.places import vocabularies
from registry.store.plans import entries
from registry.store.records import changes
from tests.builders import A_CHANGE, NOW, a_place, make

AT = ["106.65", "29.03"]
RING = [[106.6, 29.0], [106.7, 29.0], [106.7, 29.1], [106.6, 29.1], [106.6, 29.0]]
AROUND = json.dumps({"type": "Polygon", "coordinates": [RING]})


@pytest.fixture(scope="module")
def filled_url(new_database) -> str:
    url = new_database()
    records = [
        make("rescue_team", 106.66, 29.03, name={"zh": "近队"}, specialties=[{"code": "mine"}]),
        make("rescue_team", 106.70, 29.03, name={"zh": "远队"}),
        make("supply_depot", 106.67, 29.03, name={"zh": "社会库"}, ownership="social"),
        make("supply_depot", 106.68, 29.03, name={"zh": "政府库"}, ownership="government"),
        make("fire_watch_point", 106.65, 29.04, name={"zh": "瞭望塔"}, watch_radius_m=5000),
        make("fire_watch_point", None, name={"zh": "未定点"}, watch_radius_m=5000),
    ]

    given = {"place": "town", "visibility": "public", "version": 1, "created_at": NOW, "updated_at": NOW}
    desk = Responsibility(id=new_id(1), name=Name(zh="值守"), role="duty_desk", duty=["24h"], **given)
    hotline = Hotline(id=new_id(2), number="96000", topic=["lift"], **given)

    async def fill() -> None:
        connection = await asyncpg.connect(url)
        await prepare(connection)
        async with connection.transaction():
            await changes.load(Writer(connection), records, A_CHANGE)
            await changes.load(Writer(connection), [make(exercise="drill")], A_CHANGE)
            flood = {"scheme": "registry", "subject": "hazard", "code": "flood"}
            words = {"label_zh": "洪水", "label_en": "Flood", "source": None}
            hazards = [flood | words | {"code": code} for code in ("flood", "lift", "mine")]
            await vocabularies.upsert(Writer(connection), hazards)
            await a_place(Writer(connection), "town", extent=AROUND, extent_basis="boundary")
            await entries.insert_many(Writer(connection), [desk, hotline], "test")
        await connection.close()

    with asyncio.Runner() as runner:
        runner.run(fill())
    return url


def run(url: str, command, *args: str) -> str:
    result = CliRunner().invoke(command, [*AT, *args], env={"DATABASE_URL": as_role(url), "COLUMNS": "120"})
    assert result.exit_code == 0, result.output
    return result.output


def test_nearest_prints_a_table_and_json(filled_url) -> None:
    table = run(filled_url, nearest.command, "--kind", "rescue_team")
    assert table.index("近队") < table.index("远队")
    told = json.loads(run(filled_url, nearest.command, "--specialty", "mine", "--json"))
    assert [feature["properties"]["name"]["zh"] for feature in told["features"]] == ["近队"]


def test_every_condition_is_an_option(filled_url) -> None:
    options = {option.name for option in nearest.command.params}
    assert set(declared(Conditions)) <= options
    told = json.loads(run(filled_url, nearest.command, "--ownership", "government", "--json"))
    assert [feature["properties"]["name"]["zh"] for feature in told["features"]] == ["政府库"]


def test_a_condition_that_contradicts_itself_is_one_sentence(filled_url) -> None:
    result = CliRunner().invoke(
        nearest.command, [*AT, "--quantity", "3"], env={"DATABASE_URL": as_role(filled_url)}
    )
    assert (result.exit_code, str(result.exception)) == (1, "a quantity is of an item")


def test_covering_names_what_could_not_be_tested(filled_url) -> None:
    table = run(filled_url, covering.command)
    assert "瞭望塔" in table
    assert "未定点" in table
    assert json.loads(run(filled_url, covering.command, "--json"))["undecided"]["count"] == 1


def test_situation_prints_every_part(filled_url) -> None:
    table = run(filled_url, situation.command, "--hazard", "mine")
    assert "近队" in table
    assert "瞭望塔" in table
    for text in ("值守", "duty_desk", "24h", "general", "no hotline"):
        assert text in table
    assert "96000" not in table
    assert "96000" in run(filled_url, situation.command, "--hazard", "lift")
    told = json.loads(run(filled_url, situation.command, "--json"))
    assert [feature["properties"]["name"]["zh"] for feature in told["teams"]["features"]] == ["近队", "远队"]


@pytest.mark.parametrize(
    ("command", "given"),
    [
        (nearest.command, ["nan", "29.03"]),
        (covering.command, ["106.65", "nan"]),
        (situation.command, ["nan", "29.03"]),
        (situation.command, [*AT, "--hazard", "a b"]),
        (nearest.command, [*AT, "--specialty", "a b"]),
        (covering.command, [*AT, "--exercise", "No Such"]),
    ],
)
def test_what_cannot_be_asked_is_a_usage_error(filled_url, command, given) -> None:
    result = CliRunner().invoke(command, given, env={"DATABASE_URL": as_role(filled_url)})
    assert (result.exit_code, type(result.exception)) == (2, SystemExit), result.output


UNKNOWN = [
    (nearest.command, [*AT, "--place", "tonw"], "there is no place tonw; did you mean town"),
    (nearest.command, [*AT, "--hazard", "flod"], "flod is no known code of a hazard; did you mean flood"),
    (situation.command, [*AT, "--hazard", "flod"], "flod is no known code of a hazard; did you mean flood"),
    (coverage.command, ["tonw", "--kind", "fire_watch_point"], "there is no place tonw; did you mean town"),
    (plan.check, ["--place", "tonw"], "there is no place tonw; did you mean town"),
    (plan.check, ["--place", "town", "--as-of", "2999-01-01T00:00:00Z"], "later than the registry's clock"),
    *(
        (command, [*given, "--exercise", "dril"], "there is no exercise dril; did you mean drill")
        for command, given in (
            (nearest.command, AT), (covering.command, AT), (situation.command, AT),
            (coverage.command, ["town", "--kind", "fire_watch_point"]), (plan.check, ["--place", "town"]),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("command", "given", "said"), UNKNOWN)
def test_what_nobody_knows_is_refused_with_the_nearest(filled_url, command, given, said) -> None:
    result = CliRunner().invoke(command, given, env={"DATABASE_URL": as_role(filled_url)})
    assert result.exit_code == 1
    assert said in str(result.exception)


@pytest.mark.parametrize("command", [nearest.command, covering.command, situation.command])
def test_a_converted_position_is_said(filled_url, command) -> None:
    assert "from gcj02" in run(filled_url, command, "--datum", "gcj02")
    assert "WGS 84" not in run(filled_url, command)
