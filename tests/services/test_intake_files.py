"""A file from its upload to its records and back: check, correct, store, undo, and again next month."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.cli.main import registry
from registry.domain.access.actor import Actor, sight_of
from registry.domain.datum import bd09_of, gcj02_of
from registry.domain.errors import Conflict, Invalid, NeedsApproval, NotFound, Stale
from registry.domain.intake.files.plan import RowDecision
from registry.domain.intake.files.refusal import REFUSAL_WORDS, RefusedFile
from registry.domain.intake.files.sheet import Workbook
from registry.runtime.database import as_role
from registry.services.intake.files.answer import RowsDecision, answer, decide_rows, discard
from registry.services.intake.files.check_intake import check_intake
from registry.services.intake.files.commit_intake import commit_intake
from registry.services.intake.files.correct_row import RowCorrection, correct_row
from registry.services.intake.files.intakes import Intake, IntakeAnswers, list_intakes, read_intake
from registry.services.intake.files.receive import receive
from registry.services.intake.files.rows import IntakeRow, list_rows
from registry.services.intake.files.tasks import IntakeTask
from registry.services.intake.files.undo_intake import undo_intake
from registry.services.records.amend import amend
from registry.services.records.check import check
from registry.services.records.work import ANY_VERSION, Edition, Work
from registry.store.database.pool import Writer
from registry.store.files.read import read_file
from registry.store.records import changes
from tests.builders import A_CHANGE, a_place, make

DATA = Path(__file__).parent.parent / "data" / "intake"
RING = [[106.4, 28.5], [107.0, 28.5], [107.0, 29.2], [106.4, 29.2], [106.4, 28.5]]
AROUND = json.dumps({"type": "Polygon", "coordinates": [RING]})
PLANNER = Actor(id="planner", role="planner")


class Office:
    """Somebody who brings files, over one transaction that is rolled back after the test."""

    def __init__(self, writer: Writer, actor: Actor = PLANNER, exercise: str | None = None) -> None:
        self.writer, self.actor = writer, actor
        self.sight = sight_of(actor, exercise)
        self.work = Work(writer, actor, self.sight)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Writer]:
        async with self.writer.savepoint():
            yield self.writer

    def task(self, step: Any, identity: UUID, **more: Any) -> IntakeTask:
        return IntakeTask(step=step, intake=identity, actor=self.actor, exercise=self.sight.exercise, **more)

    async def bring(self, content: str | bytes, kind: Any = "shelter", **answers: Any) -> UUID:
        data = content if isinstance(content, bytes) else content.encode()
        identity = await receive(self.work, kind, "list.csv", data, IntakeAnswers(**answers))
        await check_intake(self.open, self.task("check", identity))
        return identity

    async def again(self, identity: UUID) -> None:
        await check_intake(self.open, self.task("check", identity))

    async def commit(self, identity: UUID, **more: Any) -> dict[str, Any]:
        return await commit_intake(self.open, self.task("commit", identity, **more))

    async def undo(self, identity: UUID, **more: Any) -> dict[str, Any]:
        return await undo_intake(self.open, self.task("undo", identity, **more))

    async def read(self, identity: UUID) -> Intake:
        return await read_intake(self.writer, self.sight, self.actor, identity)

    async def rows(self, identity: UUID, **conditions: Any) -> list[IntakeRow]:
        page = await list_rows(self.writer, self.sight, self.actor, identity, conditions, -1, 1000)
        return page.rows

    async def actions(self, identity: UUID) -> list[str]:
        return [row.action for row in await self.rows(identity) if row.action != "aside"]


@pytest.fixture(autouse=True)
def _read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read in this process: that of its own has tests of its own, and takes a second to start."""

    async def read(content: bytes, encoding: str | None = None) -> Workbook:
        return read_file(content, encoding)

    monkeypatch.setattr("registry.services.intake.files.check_intake.read_in_child", read)


@pytest.fixture
async def office(writer: Writer) -> Office:
    """An office in a town with one shelter."""
    await a_place(writer, "town", extent=AROUND, extent_basis="boundary")
    shelter = make("shelter", 106.65, 29.03, name={"zh": "示例甲场所"}, place="town", capacity_persons=300)
    await changes.insert(writer, shelter, A_CHANGE)
    return Office(writer)


async def count(conn: asyncpg.Connection, table: str = "resource") -> int:
    number: int = await conn.fetchval(f"SELECT count(*) FROM {table}")
    return number


async def members(conn: asyncpg.Connection) -> list[tuple[str, str]]:
    rows = await conn.fetch(
        "SELECT DISTINCT ON (resource_id) resource_id, members FROM change_log"
        " ORDER BY resource_id, version DESC"
    )
    unset = ("version", "updated_at", "created_at", "verified_at", "verified_by")
    plain = []
    for row in rows:
        whole = json.loads(row["members"])
        whole["properties"] = {k: v for k, v in whole["properties"].items() if k not in unset}
        plain.append((str(row["resource_id"]), json.dumps(whole, sort_keys=True)))
    return plain


async def test_rows_are_compared_with_the_stored_records(office: Office) -> None:
    identity = await office.bring(
        "名称,乡镇,容量\n示例甲场所,town,300\n城北第三小学,town,5\n", whole_list_of="town"
    )
    assert await office.actions(identity) == ["unchanged", "create"]
    identity = await office.bring("名称,乡镇,容量\n示例甲场所,town,301\n,town,5\n合计,,306\n")
    intake = await office.read(identity)
    assert intake.report is not None
    assert intake.report.counts == {"update": 1, "refused": 1, "aside": 2}
    update = (await office.rows(identity, action="update"))[0]
    assert update.changed == ["capacity_persons", "sources"]
    assert update.cells == {"A": "示例甲场所", "B": "town", "C": "301"}
    aside = await office.rows(identity, action="aside")
    assert [(row.n, row.name) for row in aside] == [(1, "名称 乡镇 容量"), (4, "合计 306")]
    identity = await office.bring("名称,乡镇\n示例丙场所,town\n", whole_list_of="town")
    last = (await office.rows(identity))[-1]
    assert (last.row, last.action, last.name) == (None, "retire", "示例甲场所")


async def test_what_has_to_be_asked(office: Office) -> None:
    for text, about in (
        ("甲".encode("gb18030"), "encoding"),
        ("甲,乙\n丙,丁\n", "header"),
        ("容量,乡镇\n3,town\n", "name_column"),
        ("名称,场所名称\n甲,乙\n", "column"),
    ):
        intake = await office.read(await office.bring(text))
        assert intake.report is not None
        assert [question.about for question in intake.report.questions] == [about]
        assert intake.state == "asks"
        with pytest.raises(Conflict):
            await office.commit(intake.id)
    identity = await office.bring("名称,经度,纬度\n示例丁场所,106.66,29.01\n")
    intake = await office.read(identity)
    assert intake.report is not None
    assert [(one.about, one.blocking) for one in intake.report.questions] == [("datum", False)]
    with pytest.raises(Conflict, match="question"):
        await office.commit(identity)
    await answer(office.work, identity, IntakeAnswers(datum="unknown"), Edition(ANY_VERSION))
    await office.again(identity)
    assert (await office.commit(identity))["created"] == 1


@pytest.mark.parametrize(("shift", "datum"), [(gcj02_of, "gcj02"), (bd09_of, "bd09"), (None, "wgs84")])
async def test_known_records_speak_for_the_datum_of_a_file(office: Office, shift: Any, datum: str) -> None:
    """Six records are known, one of which was moved by a kilometre; four are too few to say anything."""
    lines = []
    for number in range(6):
        lon, lat = 106.6 + number / 50, 28.9 + number / 60
        known = make("shelter", lon, lat, name={"zh": f"示例{number}号站"}, place="town")
        await changes.insert(office.writer, known, A_CHANGE)
        moved = lat + (0.01 if number == 3 else 0.0004)
        came = (lon, moved) if shift is None else shift((lon, moved))
        lines.append(f"示例{number}号站,town,{came[0]:.6f},{came[1]:.6f}")
    for rows, proposal in ((6, datum), (4, None)):
        intake = await office.read(await office.bring("\n".join(["名称,乡镇,经度,纬度", *lines[:rows]])))
        assert intake.report is not None
        [question] = intake.report.questions
        assert (question.about, question.proposal) == ("datum", proposal)
        assert (f"speak for {datum}" in question.en) == (proposal is not None)


async def test_answers_settle_questions_and_are_remembered_for_the_next_month(office: Office) -> None:
    text = "甲,乙\n示例戊场所,3\n"
    identity = await office.bring(text, header_row=1)
    columns = {"甲": "name", "B": "capacity_persons"}
    with pytest.raises(Stale):
        await answer(office.work, identity, IntakeAnswers(columns=columns), Edition({99}))
    await answer(office.work, identity, IntakeAnswers(columns=columns), Edition(ANY_VERSION))
    await office.again(identity)
    intake = await office.read(identity)
    assert intake.report is not None
    assert [(one.column, one.field) for one in intake.report.columns] == [
        ("A", "name"),
        ("B", "capacity_persons"),
    ]
    assert intake.report.counts == {"create": 1, "aside": 1}
    later = await office.read(await office.bring("甲,乙\n示例己场所,4\n", header_row=1))
    assert later.report is not None
    assert (later.report.remembered, later.state) == (True, "checked")
    stranger = Office(office.writer, Actor(id="other", role="planner"))
    assert (await stranger.read(await stranger.bring(text, header_row=1))).state == "asks"
    for wrong in ({"columns": {"A": "colour"}}, {"sheet": "other"}, {"whole_list_of": "nowhere"}):
        with pytest.raises(Invalid):
            await office.bring("名称\n甲\n", **wrong)


async def test_a_file_that_cannot_be_read_says_why_in_both_languages(office: Office) -> None:
    identity = await receive(office.work, "shelter", "list.xlsx", b"\x7fELF\x00\x01")
    with pytest.raises(RefusedFile):
        await office.again(identity)
    intake = await office.read(identity)
    assert (intake.state, intake.problem and intake.problem["code"]) == ("refused", "unknown_format")
    assert all(zh and en and zh != en for zh, en in REFUSAL_WORDS.values())


async def test_checking_stores_no_record_and_storing_is_one_batch(
    office: Office, conn: asyncpg.Connection
) -> None:
    before = await count(conn, "change_log")
    text = "编号,名称,乡镇,容量,联系人,电话\nA1,示例甲场所,town,301,示例,13000000000\n"
    text += "A2,城北第三小学,town,5,,\nA3,,town,6,,\n"
    identity = await office.bring(text)
    assert await count(conn, "change_log") == before
    receipt = await office.commit(identity)
    assert (receipt["created"], receipt["updated"], receipt["waiting"]) == (1, 1, 1)
    assert await count(conn, "change_log") == before + 2
    assert await count(conn, "contact") == 1
    assert (await office.read(identity)).state == "committed"
    assert await check(office.writer, b"no seals yet") == []
    row = (await office.rows(identity, action="stored"))[1]
    stored = await conn.fetchval("SELECT feature FROM resource WHERE name_zh = '城北第三小学'")
    assert row.record is not None
    assert json.loads(stored)["id"] == str(row.record.id)
    verbs = await conn.fetch("SELECT verb, reason FROM change_log ORDER BY seq DESC LIMIT 2")
    assert {one["verb"] for one in verbs} == {"create", "update"}
    assert all("list.csv" in one["reason"] for one in verbs)
    again = await office.bring(text)
    assert await office.actions(again) == ["unchanged", "unchanged", "refused"]
    assert (await office.commit(again))["created"] == 0
    assert await count(conn, "change_log") == before + 2


async def test_all_rows_or_none(office: Office, conn: asyncpg.Connection) -> None:
    identity = await office.bring("名称,乡镇\n城北第三小学,town\n,town\n")
    with pytest.raises(Conflict, match="1 rows wait"):
        await office.commit(identity, policy="all")
    records = await count(conn)
    identity = await office.bring("名称,乡镇\n城北第三小学,town\n城南第五中学,town\n")
    await conn.execute(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'in the middle'; END $$"
    )
    await conn.execute("CREATE TRIGGER fail BEFORE INSERT ON change_log EXECUTE FUNCTION fail()")
    with pytest.raises(Exception, match="in the middle"):
        await office.commit(identity)
    await conn.execute("DROP TRIGGER fail ON change_log")
    assert await count(conn) == records
    assert (await office.read(identity)).state == "checked"
    assert (await office.commit(identity, policy="all"))["created"] == 2


async def test_a_row_is_corrected_in_place_with_those_that_it_has_to_do_with(office: Office) -> None:
    identity = await office.bring("编号,名称,乡镇,容量\nA1,示例乙,town,3/4\nA1,城北第三小学,town,5\n")
    assert await office.actions(identity) == ["refused", "refused"]
    row = await correct_row(office.work, identity, 2, RowCorrection(corrections={"D": "34", "A": "A2"}))
    assert (row.action, row.corrections, row.cells["D"]) == ("create", {"D": "34", "A": "A2"}, "3/4")
    assert await office.actions(identity) == ["create", "create"], "the other row was refused for this one"
    row = await correct_row(office.work, identity, 3, RowCorrection(decision=RowDecision(take="skip")))
    assert row.action == "skip"
    intake = await office.read(identity)
    assert intake.report is not None
    assert intake.report.counts == {"create": 1, "skip": 1, "aside": 1}
    await office.again(identity)
    assert await office.actions(identity) == ["create", "skip"], "what was said of rows outlives a check"
    assert (await office.commit(identity))["created"] == 1
    for n, wrong in ((99, {}), (1, {})):
        with pytest.raises(NotFound):
            await correct_row(office.work, identity, n, RowCorrection(**wrong))
    with pytest.raises(Invalid, match="no column"):
        await correct_row(office.work, identity, 2, RowCorrection(corrections={"d1": 3}))


async def test_what_is_stored_is_settled_and_may_be_corrected_and_stored_again(
    office: Office, conn: asyncpg.Connection
) -> None:
    """The second storing changes a record that the first one made: undoing takes both back."""
    identity = await office.bring("编号,名称,乡镇,容量\nA1,城北第三小学,town,5\nA2,城南中学,town,3/4\n")
    assert (await office.commit(identity))["created"] == 1
    [row] = await office.rows(identity, action="stored")
    assert (row.n, row.target_version) == (2, 1)
    with pytest.raises(Conflict, match="no row is left"):
        await office.commit(identity)
    row = await correct_row(office.work, identity, 2, RowCorrection(corrections={"D": 6}))
    assert (row.action, row.target_version) == ("update", 1)
    await correct_row(office.work, identity, 3, RowCorrection(corrections={"D": 34}))
    receipt = await office.commit(identity)
    assert (receipt["created"], receipt["updated"]) == (1, 1)
    assert await office.actions(identity) == ["stored", "stored"]
    await office.again(identity)
    assert await office.actions(identity) == ["unchanged", "unchanged"]
    await office.undo(identity)
    left = await conn.fetch("SELECT name_zh FROM resource WHERE lifecycle <> 'retired'")
    assert [row["name_zh"] for row in left] == ["示例甲场所"]


async def test_storing_takes_no_more_statements_for_more_rows(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements, own = 0, asyncio.current_task()

    def counted(name: str) -> None:
        plain = getattr(Writer, name)

        async def run(*arguments: Any, **named: Any) -> Any:
            nonlocal statements
            statements += asyncio.current_task() is own  # applications of other tests write too
            return await plain(*arguments, **named)

        monkeypatch.setattr(Writer, name, run)

    for name in ("rows", "row", "run", "run_many", "copy"):
        counted(name)
    taken = []
    for rows in (5, 50):
        lines = [f"示例{rows}之{n},town,{n + 1},示例,0000000{n:04}" for n in range(rows)]
        identity = await office.bring("\n".join(["名称,乡镇,容量,联系人,电话", *lines]))
        statements = 0
        assert (await office.commit(identity))["created"] == rows
        taken.append(statements)
    assert taken[0] == taken[1], taken


async def test_a_likely_double_waits_until_somebody_decides(office: Office, conn: asyncpg.Connection) -> None:
    identity = await office.bring("名称,乡镇,经度（WGS84）,纬度,容量\n示例甲场地,town,106.65,29.03,9\n")
    [row] = await office.rows(identity, action="confirm")
    assert (await office.commit(identity))["created"] == 0
    known = await conn.fetchval("SELECT id FROM resource")
    row = await correct_row(
        office.work, identity, row.n, RowCorrection(decision=RowDecision(same_as=UUID(str(known))))
    )
    assert (row.action, row.target) == ("update", known)
    assert not [one for one in row.findings if "double" in one["code"]]
    row = await correct_row(office.work, identity, row.n, RowCorrection(decision=RowDecision()))
    assert row.action == "confirm"
    [code] = [one["code"] for one in row.findings if "double" in one["code"]]
    version = (await office.read(identity)).version
    decision = RowsDecision(version=version, action="confirm", code=code, take="new")
    assert await decide_rows(office.work, identity, decision) == 1
    await office.again(identity)
    assert await office.actions(identity) == ["create"]
    assert (await office.commit(identity, strict=True))["created"] == 1
    kept = await conn.fetchrow("SELECT code, severity, settled_by, subject FROM finding")
    assert (kept["code"], kept["severity"], kept["settled_by"]) == (code, "warn", "planner")
    told = await amend(office.work, kept["subject"], {"properties": {"note": "n"}}, Edition(ANY_VERSION))
    assert not [one for one in told.findings if "double" in one.code], "a person told them apart"


async def test_records_that_moved_since_the_check_stand_against_storing(office: Office) -> None:
    identity = await office.bring("名称,乡镇,容量\n示例甲场所,town,301\n")
    [row] = await office.rows(identity, action="update")
    assert row.target is not None
    await amend(office.work, row.target, {"properties": {"note": "seen"}}, Edition(ANY_VERSION))
    with pytest.raises(Conflict, match="2 示例甲场所"):
        await office.commit(identity)
    await office.again(identity)
    assert (await office.commit(identity))["updated"] == 1
    identity = await office.bring("名称,乡镇\n城北第三小学,town\n")
    await a_place(office.writer, "other")
    with pytest.raises(Conflict, match="places or vocabularies"):
        await office.commit(identity)


async def test_undoing_brings_back_what_was_there(office: Office, conn: asyncpg.Connection) -> None:
    before = await members(conn)
    text = (
        "编号,名称,乡镇,容量,电话\nA1,示例甲场所,town,301,13000000000\nA2,城北第三小学,town,5,13000000001\n"
    )
    identity = await office.bring(text)
    await office.commit(identity)
    receipt = await office.undo(identity)
    assert receipt["undone"]["records"] == 2
    assert (await office.read(identity)).state == "undone"
    after = dict(await members(conn))
    assert {one: after[one] for one, _ in before} == dict(before), (
        "equal but for the members that the registry sets"
    )
    gone = [json.loads(text)["properties"] for one, text in after.items() if one not in dict(before)]
    assert [(one["lifecycle"], one["external_ids"]) for one in gone] == [("retired", [])]
    assert await count(conn, "contact") == 0
    assert await check(office.writer, b"no seals yet") == []
    with pytest.raises(Conflict, match="undone"):
        await office.undo(identity)
    again = await office.bring(text)
    assert await office.actions(again) == ["update", "create"]
    assert (await office.commit(again))["created"] == 1


async def test_later_edits_stand_against_undoing_and_are_named(office: Office) -> None:
    identity = await office.bring("名称,乡镇,容量\n示例甲场所,town,301\n城北第三小学,town,5\n")
    await office.commit(identity)
    row = (await office.rows(identity, action="stored"))[0]
    assert row.target is not None
    await amend(office.work, row.target, {"properties": {"note": "seen"}}, Edition(ANY_VERSION))
    with pytest.raises(Conflict, match="示例甲场所"):
        await office.undo(identity)
    receipt = await office.undo(identity, leave_edited=True)
    assert (receipt["undone"]["records"], [one["name"] for one in receipt["left"]]) == (1, ["示例甲场所"])


async def test_what_a_whole_list_lacks_is_proposed_and_the_list_can_be_closed(
    office: Office, conn: asyncpg.Connection
) -> None:
    identity = await office.bring("名称,乡镇\n城北第三小学,town\n", whole_list_of="town")
    gone = (await office.rows(identity, action="retire"))[0]
    assert (await office.commit(identity))["retired"] == 0, "nothing is retired that nobody ticked"
    await office.again(identity)
    await correct_row(office.work, identity, gone.n, RowCorrection(decision=RowDecision(take="retire")))
    row = (await office.rows(identity, action="retire"))[0]
    assert row.decision.take == "retire"
    receipt = await office.commit(identity, close=True)
    assert receipt["retired"] == 1
    body = await conn.fetchval("SELECT body FROM entry WHERE register = 'inventory'")
    assert (body["place"], body["kind"], body["of"]) == ("town", "shelter", "resources")
    back = await office.bring("名称,乡镇\n示例甲场所,town\n")
    assert await office.actions(back) == ["create"], "a retired record is not found by its name"


async def test_a_retired_record_that_its_identity_names_comes_back(
    office: Office, conn: asyncpg.Connection
) -> None:
    first = await office.bring("编号,名称,乡镇\nA7,城北第三小学,town\n")
    await office.commit(first)
    await conn.execute("UPDATE resource SET lifecycle = lifecycle")
    identity = (await office.rows(first, action="stored"))[0].record
    assert identity is not None
    await amend(office.work, identity.id, {"properties": {"lifecycle": "retired"}}, Edition(ANY_VERSION))
    again = await office.bring("编号,名称,乡镇\nA7,城北第三小学,town\n")
    [row] = await office.rows(again, action="update")
    assert "was_retired" in {one["code"] for one in row.findings}
    assert "lifecycle" in row.changed


async def test_an_identity_of_quite_another_name_has_to_be_confirmed(office: Office) -> None:
    await office.commit(await office.bring("编号,名称,乡镇\nA7,城北第三小学,town\n"))
    identity = await office.bring("编号,名称,乡镇\nA7,Harbour depot,town\n")
    row = (await office.rows(identity))[1]
    assert (row.action, [one["code"] for one in row.findings if one["severity"] == "warn"]) == (
        "confirm",
        ["other_name"],
    )


async def test_what_lies_outside_the_places_of_an_actor_is_refused(office: Office) -> None:
    await a_place(office.writer, "elsewhere")
    clerk = Office(office.writer, Actor(id="clerk", role="planner", places=("elsewhere",)))
    identity = await clerk.bring("名称,乡镇\n示例甲场所,town\n城北第三小学,elsewhere\n城东,town\n")
    assert await clerk.actions(identity) == ["refused", "create", "refused"]
    found = await clerk.rows(identity, code="outside_scope")
    assert [row.n for row in found] == [2, 4]
    with pytest.raises(NotFound):
        await office.read(identity)
    page = await list_intakes(office.writer, office.sight, office.actor, None, 10)
    assert identity not in {one.id for one in page.intakes}


async def test_mass_changes_of_status_need_a_second_person(office: Office) -> None:
    rows = "".join(f"B{number},示例队{number},town,可用\n" for number in range(3))
    text = "编号,队伍名称,乡镇,战备状态\n"
    assert (await office.commit(await office.bring(text + rows, "rescue_team")))["created"] == 3
    off = await office.bring(text + rows.replace("可用", "不可用"), "rescue_team")
    assert (await office.read(off)).counts["removals"] == 3
    with pytest.raises(NeedsApproval):
        await office.commit(off, mass_change_limit=2)
    assert (await office.commit(off, mass_change_limit=3))["updated"] == 3


async def test_a_drill_stays_a_drill(office: Office) -> None:
    drill = Office(office.writer, exercise="demo")
    identity = await drill.bring("名称,乡镇\n演练避难所,town\n")
    assert (await drill.commit(identity))["created"] == 1
    with pytest.raises(NotFound):
        await office.read(identity)
    for text in (
        "演练数据 EXERCISE DATA: demo\n名称,乡镇\n演练避难所,town\n",
        "名称,演练\n演练避难所,demo\n",
    ):
        assert await drill.bring(text)
        with pytest.raises(RefusedFile, match="demo"):
            await office.bring(text)


async def test_an_uncommitted_file_can_be_given_up(office: Office) -> None:
    identity = await office.bring("名称,乡镇\n城北第三小学,town\n")
    await discard(office.work, identity)
    with pytest.raises(NotFound):
        await office.read(identity)
    identity = await office.bring("名称,乡镇\n城北第三小学,town\n")
    await office.commit(identity)
    with pytest.raises(Conflict, match="undo"):
        await discard(office.work, identity)


async def test_warnings_are_kept_with_the_records_until_they_no_longer_hold(
    office: Office, conn: asyncpg.Connection
) -> None:
    await office.commit(await office.bring("编号,名称,乡镇,容量\nA1,城北第三小学,town,约300\n"))
    codes = "SELECT code FROM finding WHERE severity = 'warn' AND settled_at IS NULL"
    assert [row["code"] for row in await conn.fetch(codes)] == ["number_approximate"]
    identity = await conn.fetchval("SELECT id FROM resource WHERE name_zh = '城北第三小学'")
    await amend(office.work, identity, {"properties": {"manager": "m"}}, Edition(ANY_VERSION))
    assert len(await conn.fetch(codes)) == 1, "an edit does not see the cells of a file"
    await office.commit(await office.bring("编号,名称,乡镇,容量\nA1,城北第三小学,town,320\n"))
    assert await conn.fetch(codes) == []
    approximate = await office.bring("编号,名称,乡镇,容量\nA1,城北第三小学,town,约340\n")
    assert (await office.commit(approximate, strict=True))["updated"] == 0


def test_the_command_says_what_it_found_and_stores_it(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", as_role(new_database()))

    def run(*arguments: str, content: bytes = b"") -> tuple[int, str]:
        (tmp_path / "list.csv").write_bytes(content)
        named = [str(tmp_path / "list.csv"), "--kind", "shelter"] if content else []
        result = CliRunner().invoke(registry, ["import", *named, *arguments])
        return result.exit_code, result.output

    def records() -> int:
        return len(json.loads(run("--dry-run", "--json", content=every)[1])["intake"]["report"]["counts"])

    every = "名称,容量\n示例甲,3\n".encode()
    code, output = run("--dry-run", content=every)
    assert (code, "new 新增 1" in output) == (0, True)
    code, output = run("--dry-run", content="名称,容量\n示例甲,300/500\n注：示例\n".encode())
    assert (code, "B2" in output) == (2, True)
    text = "名称,经度,纬度\n示例甲,106.65,29.02\n".encode()
    code, output = run(content=text)
    assert (code, "datum" in output, "stored" in output) == (3, True, False)
    assert run("--dry-run", "--answer", "datum=wgs84", content=text)[0] == 0
    code, output = run("--dry-run", "--json", content=every)
    intake = json.loads(output)["intake"]
    assert intake["counts"]["storing"] == 1
    code, output = run("--commit", intake["id"])
    assert (code, "new 新增 1" in output) == (0, True)
    code, output = run(content=every)
    assert (code, "unchanged 不变 1" in output) == (0, True)
    code, output = run("--undo", intake["id"])
    assert (code, "undone 已撤销: 1" in output) == (0, True)
    assert run(content=b"<html><table></table></html>")[0] == 2
    assert run("--answer", "datum", content=b"name\nA\n")[0] == 2
    assert run("--dry-run")[0] == 2
    assert run("--undo", intake["id"], content=every)[0] == 2
    assert records() == 2


NAMES = st.sampled_from(["示例甲场所", "示例甲场地", "城北第三小学", "城南第五中学", "", "示例 甲", "A hall"])
TABLE_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["", "A1", "A2", "A3"]),
        NAMES,
        st.sampled_from(["town", "", "nowhere"]),
        st.sampled_from(["", "3", "约300", "3/4", "—", "300"]),
        st.sampled_from(["", "106.65", "106.9", "0"]),
        st.sampled_from(["", "29.03", "28.9", "0"]),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=TABLE_ROWS, second=TABLE_ROWS)
async def test_what_was_shown_is_what_is_stored(
    office: Office, conn: asyncpg.Connection, first: list[tuple[str, ...]], second: list[tuple[str, ...]]
) -> None:
    """Two files after each other: every row comes to what it said, and the second time changes nothing."""
    header = "编号,名称,乡镇,容量,经度（WGS84）,纬度\n"
    async with undone(conn):
        for table in (first, second):
            text = header + "".join(",".join(row) + "\n" for row in table)
            identity = await office.bring(text)
            shown = await office.rows(identity)
            before = dict(await members(conn))
            await office.commit(identity)
            after = dict(await members(conn))
            promised = {
                str(row.record.id): row for row in shown if row.action in ("create", "update") and row.record
            }
            assert {one for one in after if after[one] != before.get(one)} == set(promised)
            for one, row in promised.items():
                assert json.loads(after[one])["properties"]["name"]["zh" if not row.name.isascii() else "en"]
                for name in row.changed:
                    old = json.loads(before[one])
                    new = json.loads(after[one])
                    assert old["geometry"] != new["geometry"] or old["properties"].get(name) != new[
                        "properties"
                    ].get(name)
            assert set(await office.actions(await office.bring(text))) <= {"unchanged", "confirm", "refused"}
        assert await check(office.writer, b"no seals yet") == []


@asynccontextmanager
async def undone(conn: asyncpg.Connection) -> AsyncIterator[None]:
    transaction = conn.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()
