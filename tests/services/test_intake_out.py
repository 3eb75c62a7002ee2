"""What leaves for offices: a workbook comes back unchanged, a report never says 0 of what nobody stated."""

import asyncio
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import docx
import pytest
import xlsxwriter
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from registry.cli.main import registry
from registry.domain.access.actor import Actor
from registry.domain.conditions import Filter
from registry.domain.errors import Forbidden
from registry.domain.intake.files.header import find_header
from registry.domain.intake.files.refusal import RefusedFile
from registry.domain.intake.out.report import NOT_FILLED, table_of
from registry.domain.intake.out.workbook import columns_of
from registry.domain.records.resource import KINDS, Kind
from registry.runtime.database import as_role, writing
from registry.services.intake.files.correct_row import RowCorrection, correct_row
from registry.services.intake.out.make_workbook import make_workbook
from registry.services.intake.out.own_file import own_file
from registry.services.intake.out.render_report import ReportForm, render_report
from registry.services.intake.out.report_kind import report_kind
from registry.services.seeding import seed
from registry.store.database.pool import Writer
from registry.store.files.read import read_file
from registry.store.records import changes
from tests.builders import A_CHANGE, a_place, an_inventory, make
from tests.services.test_intake_files import AROUND, PLANNER, Office, office  # noqa: F401

VIEWER = Actor(id="viewer", role="viewer")


@pytest.mark.parametrize("kind", KINDS)
async def test_an_empty_workbook_is_read_as_its_columns(writer: Writer, kind: Kind) -> None:
    content = await make_workbook(writer, Office(writer).sight, PLANNER, kind, None)
    workbook = read_file(content)
    [sheet] = [one for one in workbook.sheets if not one.hidden]
    header = find_header(sheet, kind)
    assert header is not None
    assert [column.field for column in header.columns] == [column.field for column in columns_of(kind)]
    assert {one.name for one in workbook.sheets if one.hidden} == {"_lists", "_registry"}
    with pytest.raises(Forbidden):
        await make_workbook(writer, Office(writer).sight, VIEWER, kind, None)


@pytest.mark.parametrize("exercise", [None, "demo"])
async def test_every_record_of_the_seeds_comes_back_unchanged(writer: Writer, exercise: str | None) -> None:
    await seed.seed(writer)
    await seed.add_demonstration(writer)
    clerk = Office(writer, exercise=exercise)
    for kind in KINDS:
        content = await make_workbook(writer, clerk.sight, PLANNER, kind, Filter(kind=kind))
        identity = await clerk.bring(content, kind)
        intake = await clerk.read(identity)
        assert intake.report is not None
        assert not intake.report.questions
        acted = {name: rows for name, rows in intake.report.counts.items() if name != "aside"}
        wrong = [row for row in await clerk.rows(identity) if row.action not in ("unchanged", "aside")]
        assert set(acted) <= {"unchanged"}, [(row.name, row.changed, row.findings) for row in wrong[:3]]
        if exercise is not None and acted:
            with pytest.raises(RefusedFile, match="demo"):
                await Office(writer).bring(content, kind)


async def test_what_is_changed_in_a_workbook_is_the_only_change(office: Office) -> None:  # noqa: F811
    content = await make_workbook(office.writer, office.sight, PLANNER, "shelter", Filter(kind="shelter"))
    identity = await office.bring(content)
    columns = {one.field: number for number, one in enumerate(columns_of("shelter"))}
    row = next(one for one in await office.rows(identity) if one.action == "unchanged")
    column = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[columns["capacity_persons"]]
    corrected = await correct_row(office.work, identity, row.n, RowCorrection(corrections={column: 301}))
    assert (corrected.action, corrected.changed) == ("update", ["capacity_persons", "sources"])


async def test_the_own_file_comes_back_with_results_and_can_be_brought_again(office: Office) -> None:  # noqa: F811
    text = "避难场所统计表,,\n名称,乡镇,容量\n城北第三小学,town,3/4\n示例甲场所,town,300\n合计,,300\n"
    identity = await office.bring(text)
    name, content = await own_file(office.writer, office.sight, PLANNER, identity)
    assert name == "list-处理结果.xlsx"
    [sheet] = read_file(content).sheets
    assert [row[:3] for row in sheet.rows[:3]] == [
        ["避难场所统计表", None, None],
        ["名称", "乡镇", "容量"],
        ["城北第三小学", "town", "3/4"],
    ]
    assert (sheet.rows[2][3], "C" in str(sheet.rows[2][4])) == ("退回 refused", True)
    again = await office.bring(content)
    assert await office.actions(again) == ["refused", "unchanged"]


def an_own_form() -> bytes:
    """A form as an office made it: a merged title, widths, a formula, a chart, a hidden sheet."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as workbook:
        table = workbook.add_worksheet("统计表")
        bold = workbook.add_format({"bold": True, "bg_color": "#ddebf7", "border": 1})
        table.merge_range("A1:D1", "避难场所统计表", bold)
        table.set_column("A:A", 37)
        table.write_row("A2", ["名称", "乡镇", "容量", "两倍"], bold)
        table.write_row("A3", ["城北第三小学", "town", "3/4"])
        table.write_formula("D3", "=E3*2", None, 8)
        table.write_row("A4", ["示例甲场所", "town", 300])
        table.write_row("A5", ["合计", "", 300])
        chart = workbook.add_chart({"type": "column"})
        chart.add_series({"values": "=统计表!$C$3:$C$4"})
        table.insert_chart("H2", chart)
        workbook.add_worksheet("说明").hide()
    return buffer.getvalue()


async def test_the_own_form_keeps_its_looks_and_has_corrections_and_results(office: Office) -> None:  # noqa: F811
    came = an_own_form()
    identity = await office.bring(came)
    await correct_row(office.work, identity, 3, RowCorrection(corrections={"C": "4/5", "D": 9}))
    _, content = await own_file(office.writer, office.sight, PLANNER, identity)
    before, after = (zipfile.ZipFile(io.BytesIO(one)) for one in (came, content))
    with before, after:
        assert before.namelist() == after.namelist(), "charts, themes and hidden sheets stay"
        sheet = after.read("xl/worksheets/sheet1.xml").decode()
        assert 'width="37' in sheet
        assert '<mergeCell ref="A1:D1"/>' in sheet
        assert "<f>" not in sheet, "a formula that was corrected is a value"
        was, styles = (one.read("xl/styles.xml").decode() for one in (before, after))
        assert was.partition("</cellXfs>")[0].rpartition("<cellXfs")[2].partition(">")[2] in styles
        assert "FFFFC7CE" in styles
    shown, hidden = read_file(content).sheets
    assert (shown.name, hidden.hidden) == ("统计表", True)
    assert shown.rows[1][4:] == ["处理结果（result）", "问题（problems）"]
    assert shown.rows[2][:5] == ["城北第三小学", "town", "4/5", 9, "退回 refused"]
    assert shown.rows[3][:5] == ["示例甲场所", "town", 300, None, "不变 unchanged"]
    assert shown.rows[4][:3] == ["合计", None, 300]
    again = await office.bring(content)
    assert await office.actions(again) == ["refused", "unchanged"]


async def test_an_empty_form_with_names_comes_back_filled(office: Office) -> None:  # noqa: F811
    identity = await office.bring(
        "名称,乡镇,容量,经度（高德）,纬度,备注\n示例甲场所,town,,,,自己的\n不认识,town,,,,\n"
    )
    _, content = await own_file(office.writer, office.sight, PLANNER, identity, filled_in=True)
    [sheet] = read_file(content).sheets
    assert sheet.rows[1][:6] == ["示例甲场所", "town", 300, None, None, "自己的"], "no WGS 84 under 高德"
    assert sheet.rows[2][:3] == ["不认识", "town", None]
    identity = await office.bring("名称,乡镇,容量,经度（WGS84）,纬度\n示例甲场所,town,,,\n")
    _, content = await own_file(office.writer, office.sight, PLANNER, identity, filled_in=True)
    [sheet] = read_file(content).sheets
    assert sheet.rows[1][2:5] == [300, 106.65, 29.03]
    again = await office.bring(content)
    assert await office.actions(again) == ["unchanged"]


async def test_a_report_says_not_filled_in_and_never_0_of_what_is_not_stated(writer: Writer) -> None:
    await a_place(writer, "district", level="district", extent=AROUND, extent_basis="boundary")
    for town in ("t1", "t2", "t3"):
        await a_place(writer, town, "district")
    for town, capacity in (("t1", 300), ("t1", None), ("t2", None)):
        record = make(
            "shelter", None, place=town, capacity_persons=capacity, name={"zh": f"{town}{capacity}"}
        )
        await changes.insert(writer, record, A_CHANGE)
    sight = Office(writer, VIEWER).sight
    report = await report_kind(writer, sight, VIEWER, "shelter", "district")
    blank = NOT_FILLED.zh
    assert table_of(report, "zh") == [
        ["t1", "2", "0", f"≥ 300（1 {blank}）", str(blank)],
        ["t2", "1", "0", str(blank), str(blank)],
        ["t3", str(blank), str(blank), str(blank), str(blank)],
        ["合计", "3", "0", f"≥ 300（2 {blank}）", str(blank)],
    ]
    assert report.completeness.state == "open"
    await an_inventory(writer, "shelter", "district")
    closed = await report_kind(writer, sight, VIEWER, "shelter", "district")
    assert table_of(closed, "zh")[2] == ["t3", "0", "0", "0", "0"]
    forms: dict[ReportForm, Any] = {form: render_report(report, form, "zh") for form in get_args(ReportForm)}
    rows = CalamineWorkbook.from_filelike(io.BytesIO(forms["xlsx"])).get_sheet_by_index(0).to_python()
    assert [str(blank)] * 4 == rows[-2][1:5]
    table = docx.Document(io.BytesIO(forms["docx"])).tables[0]
    assert [cell.text for cell in table.rows[3].cells] == ["t3", *[str(blank)] * 4]
    assert str(blank) in forms["html"].decode()


async def test_a_report_of_a_drill_says_so_everywhere(writer: Writer) -> None:
    await a_place(writer, "district", level="district")
    sight = Office(writer, VIEWER, exercise="demo").sight
    report = await report_kind(writer, sight, VIEWER, "rescue_team", "district")
    mark = "演练数据 EXERCISE DATA: demo"
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(render_report(report, "xlsx", "zh")))
    rows = workbook.get_sheet_by_index(0).to_python()
    assert rows[0][0] == mark
    assert "演练" in rows[4]
    document = docx.Document(io.BytesIO(render_report(report, "docx", "zh")))
    assert mark in {paragraph.text for paragraph in document.paragraphs}
    assert document.sections[0].header.paragraphs[0].text == mark
    assert mark in render_report(report, "html", "en").decode()


def test_the_commands_write_files_that_say_what_they_are(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = new_database()

    async def fill() -> None:
        async with writing(url) as writer:
            await seed.seed_if_new(writer)

    asyncio.run(fill())
    monkeypatch.setenv("DATABASE_URL", as_role(url))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(registry, list(arguments))
        return result.exit_code, result.output

    assert run("export", "--kind", "rescue_team", "--exercise", "demo")[0] == 0
    [drill] = tmp_path.glob("*.xlsx")
    assert drill.name == "演练-demo-救援队伍-全部.xlsx"
    code, output = run("import", str(drill), "--kind", "rescue_team", "--exercise", "demo")
    assert (code, "unchanged 不变" in output, "new 新增" in output) == (0, True, False)
    assert run("import", str(drill), "--kind", "rescue_team")[0] == 2
    assert run("export", "--kind", "hotline", "--out", "filled.xlsx")[0] == 0
    code, output = run("import", "filled.xlsx", "--kind", "hotline")
    assert (code, "unchanged 不变" in output, "new 新增" in output) == (0, True, False), output
    assert run("export", "--kind", "hotline", "--empty", "--out", "hotlines.xlsx")[0] == 0
    (tmp_path / "hotlines.csv").write_text("名称,电话,所属乡镇\n值班室,12350,500110113\n", "utf-8")
    code, output = run("import", "hotlines.csv", "--kind", "hotline")
    assert (code, "stored 已提交: new 新增 1" in output) == (0, True), output
    code, output = run("report", "--kind", "shelter", "--place", "500110")
    assert (code, "未填" in output) == (0, True)
    assert run("report", "--kind", "shelter", "--place", "500110", "--out", "a.docx")[0] == 0
    assert (tmp_path / "a.docx").read_bytes().startswith(b"PK")
    assert run("report", "--kind", "shelter", "--place", "500110", "--out", "a.pdf")[0] == 2
    assert run("report", "--kind", "shelter", "--place", "nowhere")[0] == 1
