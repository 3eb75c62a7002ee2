"""Check the sheets of a file: what each row would do, what is wrong with it, and what has to be asked."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, cast

import msgspec
from msgspec import Struct, field, structs

from registry.domain.access.sight import Sight
from registry.domain.errors import Invalid
from registry.domain.intake.files.datum_vote import DatumVote
from registry.domain.intake.files.draft import DraftedRow, FileAnswers, FileGround, SheetContext
from registry.domain.intake.files.drafts import SharedValues, context_of, datum_of_headers, totals
from registry.domain.intake.files.drill import refuse_drill
from registry.domain.intake.files.header import (
    FIRST_ROWS,
    Column,
    Header,
    OwnColumns,
    doubled,
    fields_of,
    find_header,
    header_at,
    header_hash,
    nearest_field,
)
from registry.domain.intake.files.plan import (
    PlanGround,
    PlannedRow,
    RowDecision,
    RowPlanner,
    gone,
    refuse_shared_targets,
)
from registry.domain.intake.files.row_reader import RowReader
from registry.domain.intake.files.rows import RecordRow, SetAside, SortedRows, sort_rows
from registry.domain.intake.files.sheet import Sheet, Workbook, letters, text_of
from registry.domain.intake.files.stored_row import Corrections, SheetLayout, corrected, layout_of
from registry.domain.intake.files.text import one_line
from registry.domain.intake.finding import Finding
from registry.domain.intake.lists.list_kind import LIST_KINDS, FileKind, list_fields, list_title
from registry.domain.records import feature
from registry.domain.records.resource import DEFAULT_VISIBILITY, Datum, Kind, Visibility
from registry.services.intake.files.ground import load_file_ground, load_plan_ground
from registry.services.intake.lists.plan_list import load_planner, plan_list
from registry.services.progress import Advance, unwatched
from registry.store.database.pool import Reader

STEP = 1_000
PACK, UNPACK = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(DraftedRow)
MOST_CELLS, MOST_SHOWN = 12, 40
"""Cells of a row, and characters of a cell, that a question shows."""
Question = Literal["encoding", "sheet", "header", "column", "name_column", "datum"]


class FileOptions(Struct, frozen=True, kw_only=True):
    """What is known of a file, and what the office answered about it.

    `columns` gives a field, or None, to a column by its letter or its title. `header_row` is its last row,
    from 1. With `whole_list_of` the list is all that there is in that place.
    """

    kind: FileKind
    reference: str
    """How the file is named as a source."""
    encoding: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    columns: dict[str, str | None] = field(default_factory=dict)
    datum: Datum | None = None
    system: str = "office"
    """The office's own list, whose identities the rows have."""
    whole_list_of: str | None = None


class FileQuestion(Struct, frozen=True, kw_only=True):
    """What has to be answered; while a `blocking` one is open no row can be read."""

    about: Question
    """What the question is about."""
    zh: str
    en: str
    blocking: bool = True
    choices: list[Any] = field(default_factory=list)
    proposal: str | None = None
    """The answer that the known records of the file speak for."""


class CheckedColumn(Struct, frozen=True, kw_only=True):
    """A column and the field that it is read as; `nearest` is the likely field of one that is not read."""

    column: str
    """Letters of the column."""
    title: str
    """Title of the column."""
    field: str | None = None
    """Field that it is read as; null when it is not."""
    nearest: str | None = None


class CheckedFile(Struct, frozen=True, kw_only=True):
    """What was found of a file as a whole; every row of its sheet is a record or set aside by name."""

    format: str
    encoding: str | None
    sheet: str | None = None
    sheets_not_read: list[str] = field(default_factory=list)
    columns: list[CheckedColumn] = field(default_factory=list)
    """The columns, each with the field that it is read as."""
    fields: dict[str, str] = field(default_factory=dict)
    """What a column of a list of reference data may be read as, with the heading of each."""
    datum: Datum | None = None
    """The datum that was answered, or that the headers name."""
    remembered: bool = False
    """Whether answers of an earlier file with the same headers were taken."""
    questions: list[FileQuestion] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    """How many rows would do what."""
    findings: list[Finding] = field(default_factory=list)
    """Findings about the sheet as a whole, such as a total that differs."""
    codes: dict[str, int] = field(default_factory=dict)
    """How many rows have a finding of each code."""


class CheckedRows(Struct, frozen=True, kw_only=True):
    """The rows of a sheet, what each would do, and the layout to read one of them again."""

    layout: SheetLayout
    sheet: Sheet
    records: list[RecordRow]
    aside: list[SetAside]
    planned: list[PlannedRow]


class RowAnswers(Struct, frozen=True):
    """What a person said of single rows, by their numbers: corrected cells, and decisions."""

    corrections: Mapping[int, Corrections] = {}
    decisions: Mapping[int, RowDecision] = {}


class FileCheck(Struct, frozen=True, kw_only=True):
    """What was found of a file, and its rows where nothing has to be answered first."""

    report: CheckedFile
    header: Header | None = None
    rows: CheckedRows | None = None


class Checker(Struct, frozen=True, kw_only=True):
    """Who checks, and what is asked and answered."""

    reader: Reader
    sight: Sight
    options: FileOptions
    scope: tuple[str, ...] | None = None
    default_visibility: Visibility = DEFAULT_VISIBILITY
    answers: RowAnswers = RowAnswers()
    advance: Advance = unwatched


Recall = Callable[[str], Awaitable[FileOptions | None]]
"""The options with the answers of an earlier file whose headers have this hash; None where there are none."""


async def check_sheets(workbook: Workbook, checker: Checker, recall: Recall | None = None) -> FileCheck:
    """What the rows of a workbook would do beside the records of this sight."""
    if not workbook.sheets:
        questions = [_encoding_question(workbook)]
        return FileCheck(report=CheckedFile(format=workbook.format, encoding=None, questions=questions))
    ground = await load_file_ground(checker.reader)
    options = checker.options
    if options.whole_list_of is not None and options.whole_list_of not in ground.gazetteer.places:
        raise Invalid(f"there is no place {options.whole_list_of}", field="whole_list_of")
    sheet, header = _table(workbook, options, ground.words.columns)
    refuse_drill(sheet, header, checker.sight.exercise)
    start = CheckedFile(
        format=workbook.format,
        encoding=workbook.encoding,
        sheet=sheet.name,
        sheets_not_read=[one.name for one in workbook.sheets if one is not sheet],
    )
    if header is None:
        return FileCheck(report=structs.replace(start, questions=[_header_question(sheet)]))
    if recall is not None and (recalled := await recall(header_hash(header))) is not None:
        options, header = recalled, _mapped(header, recalled)
        checker = structs.replace(checker, options=options)
        start = structs.replace(start, remembered=True)
    questions = _questions(header, named=options.kind not in LIST_KINDS)
    start = structs.replace(
        start,
        columns=_columns(header, options.kind),
        fields=_list_titles(options.kind),
        questions=questions,
        datum=options.datum or datum_of_headers(header),
    )
    if any(question.blocking for question in questions):
        return FileCheck(report=start, header=header)
    return await _checked(checker, start, (sheet, header), ground)


async def _checked(
    checker: Checker, start: CheckedFile, table: tuple[Sheet, Header], ground: FileGround
) -> FileCheck:
    sheet, header = table
    sorted_rows = sort_rows(sheet, header)
    corrections = checker.answers.corrections
    sheet.uncalculated = [
        (row, column)
        for row, column in sheet.uncalculated
        if letters(column) not in corrections.get(row + 1, {})
    ]
    records = [_corrected(row, corrections) for row in sorted_rows.records]
    context = context_of(sheet, header, checker.options.kind, ground, file_answers(checker.options))
    shared = SharedValues()
    vote = DatumVote()
    planned = await _compared(checker, context, records, (shared, vote))
    questions = list(start.questions)
    unstated = checker.options.datum is None
    if unstated and any(one.code == "datum_not_stated" for row in planned for one in row.findings):
        questions.append(_datum_question(vote))
    report = structs.replace(
        start,
        questions=questions,
        counts=dict(Counter(row.action for row in planned)) | {"aside": len(sorted_rows.aside)},
        codes=dict(Counter(code for row in planned for code in {one.code for one in row.findings})),
        findings=totals(sheet, header, SortedRows(records, sorted_rows.aside)),
    )
    rows = CheckedRows(
        layout=layout_of(sheet, header, shared.points()),
        sheet=sheet,
        records=sorted_rows.records,
        aside=sorted_rows.aside,
        planned=planned,
    )
    return FileCheck(report=report, header=header, rows=rows)


async def _compared(
    checker: Checker,
    context: SheetContext,
    records: list[RecordRow],
    collected: tuple[SharedValues, DatumVote],
) -> list[PlannedRow]:
    """What each row would do, and the records that a whole list does not name."""
    shared, _ = collected
    kind, options = checker.options.kind, checker.options
    if kind in LIST_KINDS:
        planner = await load_planner(checker.reader, kind, options, checker.sight, checker.scope)
        return await plan_list(planner, context, records, checker.answers.decisions, checker.advance)
    drafts = _drafts(context, records, checker.advance, shared)
    plan = await load_plan_ground(
        checker.reader,
        checker.sight,
        cast("Kind", kind),
        checker.scope,
        default_visibility=checker.default_visibility,
    )
    planned = _planned(drafts, context.header, plan, checker, collected)
    if options.whole_list_of is not None:
        planned += gone(plan, planned, options.whole_list_of)
    return planned


def file_answers(options: FileOptions) -> FileAnswers:
    """What the office said about its file, as its rows are read by it."""
    return FileAnswers(datum=options.datum, system=options.system, reference=options.reference)


def _corrected(row: RecordRow, corrections: Mapping[int, Corrections]) -> RecordRow:
    return RecordRow(row.row, corrected(row.cells, corrections[row.row])) if row.row in corrections else row


def _drafts(
    context: SheetContext, records: list[RecordRow], advance: Advance, shared: SharedValues
) -> list[bytes]:
    """The drafts of the rows, each as bytes: as values a long list takes a gigabyte."""
    drafts: list[bytes] = []
    for done, row in enumerate(records, 1):
        draft = RowReader(context, row).read()
        shared.add(draft)
        drafts.append(PACK.encode(draft))
        if done % STEP == 0 or done == len(records):
            advance("read", done, len(records))
    return drafts


def _planned(
    drafts: list[bytes],
    header: Header,
    plan: PlanGround,
    checker: Checker,
    collected: tuple[SharedValues, DatumVote],
) -> list[PlannedRow]:
    """What each draft would do."""
    shared, vote = collected
    planner, planned, total = RowPlanner(header, plan), list[PlannedRow](), len(drafts)
    drafts.reverse()
    while drafts:
        draft = UNPACK.decode(drafts.pop())
        shared.mark(draft, header)
        row = planner.plan(draft, checker.answers.decisions.get(draft.row, RowDecision()))
        known = planner.known(row.target)
        if draft.reading is not None and known is not None:
            vote.add((draft.reading.lon, draft.reading.lat), known)
        if row.record is not None:
            row.members, row.record = feature.canonical(row.record).encode(), None
        planned.append(row)
        if len(planned) % STEP == 0 or not drafts:
            checker.advance("check", len(planned), total)
    refuse_shared_targets(planned)
    return planned


def _table(workbook: Workbook, options: FileOptions, own: OwnColumns) -> tuple[Sheet, Header | None]:
    """The sheet that was named, or the one with the most known columns, and its header."""
    shown = [sheet for sheet in workbook.sheets if not sheet.hidden]
    if options.sheet is not None:
        shown = [sheet for sheet in shown if sheet.name == options.sheet]
    if not shown:
        raise Invalid("there is no such sheet that is shown", field="sheet")
    if options.header_row is not None:
        return shown[0], _mapped(header_at(shown[0], options.kind, options.header_row - 1, 1, own), options)
    headers = [(sheet, find_header(sheet, options.kind, own)) for sheet in shown]
    sheet, header = max(headers, key=lambda pair: len(pair[1].fields) if pair[1] else 0)
    return sheet, None if header is None else _mapped(header, options)


def _mapped(header: Header, options: FileOptions) -> Header:
    """The header with the fields that the office gave to its columns."""
    if unknown := {name for name in options.columns.values() if name} - set(fields_of(options.kind)):
        raise Invalid(f"there is no field {sorted(unknown)[0]}", field="columns")

    def given(column: Column) -> Column:
        for name in (letters(column.index), column.title, column.path[-1]):
            if name in options.columns:
                return structs.replace(column, field=options.columns[name], score=100.0)
        return column

    return structs.replace(header, columns=tuple(given(column) for column in header.columns))


def _columns(header: Header, kind: FileKind) -> list[CheckedColumn]:
    return [
        CheckedColumn(
            column=letters(column.index),
            title=column.title,
            field=column.field,
            nearest=None if column.field else nearest_field(column.path, kind),
        )
        for column in header.columns
    ]


def _list_titles(kind: FileKind) -> dict[str, str]:
    return {name: list_title(kind, name) for name in list_fields(kind)} if kind in LIST_KINDS else {}


def _questions(header: Header, *, named: bool) -> list[FileQuestion]:
    """What has to be answered about the columns; `named` where every row has a name."""
    questions = [
        FileQuestion(
            about="column",
            zh=f"有多列对应 {name}，请选择一列",
            en=f"several columns are read as {name}; which one is it?",
            choices=[letters(column.index) for column in columns],
        )
        for name, columns in doubled(header).items()
    ]
    if named and not header.fields & {"name", "name_en"}:
        questions.append(
            FileQuestion(
                about="name_column",
                zh="没有名称列，请指定",
                en="no column holds a name; which one is it?",
                choices=[letters(column.index) for column in header.columns],
            )
        )
    return questions


def _encoding_question(workbook: Workbook) -> FileQuestion:
    return FileQuestion(
        about="encoding",
        zh="文字编码不能确定，请选择可读的一种",
        en="the encoding is not sure; which of these reads well?",
        choices=[{"encoding": name, "lines": lines} for name, lines in workbook.previews.items()],
    )


def _header_question(sheet: Sheet) -> FileQuestion:
    return FileQuestion(
        about="header",
        zh=f"工作表“{sheet.name}”中没有找到表头，请指出其行号",
        en=f"no header was found in the sheet “{sheet.name}”; which row is it?",
        choices=[
            {"row": number, "cells": [one_line(text_of(cell))[:MOST_SHOWN] for cell in row[:MOST_CELLS]]}
            for number, row in enumerate(sheet.rows[:FIRST_ROWS], 1)
        ],
    )


def _datum_question(vote: DatumVote) -> FileQuestion:
    likely = vote.datum()
    zh = "" if likely is None else f"；与已登记的 {vote.rows} 处位置相比，可能为 {likely}"
    en = "" if likely is None else f" The positions of {vote.rows} known records speak for {likely}."
    return FileQuestion(
        about="datum",
        zh="未注明坐标系，请回答（高德、腾讯为 gcj02，百度为 bd09）" + zh,
        en="no datum is stated; which one is it (Gaode and Tencent are gcj02, Baidu bd09)?" + en,
        proposal=likely,
        blocking=False,
        choices=["wgs84", "cgcs2000", "gcj02", "bd09", "unknown"],
    )
