"""Try a file: what each row would do, what is wrong with it, and what has to be asked. Stores nothing."""

from collections import Counter
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct, field, structs

from registry.domain.access.sight import Sight
from registry.domain.errors import Invalid
from registry.domain.intake.files.draft import FileAnswers, FileGround
from registry.domain.intake.files.drafts import draft_rows, totals
from registry.domain.intake.files.header import Column, Header, doubled, find_header, header_at, nearest_field
from registry.domain.intake.files.header_words import FIELD_WORDS
from registry.domain.intake.files.plan import Action, PlanGround, PlannedRow, gone, plan_rows
from registry.domain.intake.files.rows import SetAside, sort_rows
from registry.domain.intake.files.sheet import Sheet, Workbook, letters
from registry.domain.intake.finding import Finding
from registry.domain.records.resource import Datum, Kind
from registry.services.clock import now
from registry.services.intake import reference
from registry.services.intake.files.ground import load_file_ground, load_known
from registry.store.database.pool import Reader
from registry.store.files.child_process import read_in_child

Question = Literal["encoding", "sheet", "header", "column", "name_column", "datum"]


class FileOptions(Struct, frozen=True, kw_only=True):
    """What is known of a file, and what the office answered about it.

    `columns` gives a field, or None, to a column by its letter or its title. `header_row` is its last row,
    from 1. With `whole_list_of` the list is all that there is in that place.
    """

    kind: Kind
    reference: str
    encoding: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    columns: dict[str, str | None] = field(default_factory=dict)
    datum: Datum | None = None
    system: str = "office"
    whole_list_of: str | None = None


class FileQuestion(Struct, frozen=True, kw_only=True):
    """What has to be answered; while a `blocking` one is open no row can be read."""

    about: Question
    zh: str
    en: str
    blocking: bool = True
    choices: list[Any] = field(default_factory=list)


class CheckedRow(Struct, frozen=True, kw_only=True):
    """What a row would do, and what was found in it. A retirement has no row."""

    row: int | None
    action: Action
    name: str
    target: UUID | None = None
    changed: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


class CheckedColumn(Struct, frozen=True, kw_only=True):
    """A column and the field that it is read as; `nearest` is the likely field of one that is not read."""

    column: str
    title: str
    field: str | None = None
    nearest: str | None = None


class CheckedFile(Struct, frozen=True, kw_only=True):
    """What a file would do. Every row of its sheet is in `rows` or in `set_aside`."""

    format: str
    encoding: str | None
    sheet: str | None = None
    sheets_not_read: list[str] = field(default_factory=list)
    columns: list[CheckedColumn] = field(default_factory=list)
    questions: list[FileQuestion] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    rows: list[CheckedRow] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    """Findings about the sheet as a whole, such as a total that differs."""


async def check_file(reader: Reader, sight: Sight, content: bytes, options: FileOptions) -> CheckedFile:
    """What the rows of a file would do beside the records of this sight; RefusedFile if unreadable."""
    workbook = await read_in_child(content, options.encoding)
    if not workbook.sheets:
        return CheckedFile(format=workbook.format, encoding=None, questions=[_encoding_question(workbook)])
    ground = await load_file_ground(reader)
    if options.whole_list_of is not None and options.whole_list_of not in ground.gazetteer.places:
        raise Invalid(f"there is no place {options.whole_list_of}", field="whole_list_of")
    sheet, header = _table(workbook, options)
    start = CheckedFile(
        format=workbook.format,
        encoding=workbook.encoding,
        sheet=sheet.name,
        sheets_not_read=[one.name for one in workbook.sheets if one is not sheet],
    )
    if header is None:
        return structs.replace(start, questions=[_header_question(sheet)])
    questions = _questions(header)
    start = structs.replace(start, columns=_columns(header, options.kind), questions=questions)
    if any(question.blocking for question in questions):
        return start
    return await _checked(reader, sight, start, (sheet, header), ground, options)


async def _checked(
    reader: Reader,
    sight: Sight,
    start: CheckedFile,
    table: tuple[Sheet, Header],
    ground: FileGround,
    options: FileOptions,
) -> CheckedFile:
    sheet, header = table
    sorted_rows = sort_rows(sheet, header)
    answers = FileAnswers(datum=options.datum, system=options.system, reference=options.reference)
    drafts = draft_rows(sheet, header, sorted_rows, options.kind, ground, answers)
    plan = PlanGround(
        kind=options.kind,
        known=await load_known(reader, sight, options.kind),
        reference=await reference.load(reader),
        now=now(),
        exercise=sight.exercise,
    )
    planned = plan_rows(drafts, header, plan, {})
    if options.whole_list_of is not None:
        planned += gone(plan, planned, options.whole_list_of)
    questions = list(start.questions)
    if any(one.code == "datum_not_stated" for row in planned for one in row.findings):
        questions.append(_datum_question())
    return structs.replace(
        start,
        questions=questions,
        counts=dict(Counter(row.action for row in planned)),
        rows=[_described(row) for row in planned],
        set_aside=sorted_rows.aside,
        findings=totals(sheet, header, sorted_rows),
    )


def _table(workbook: Workbook, options: FileOptions) -> tuple[Sheet, Header | None]:
    """The sheet that was named, or the one with the most known columns, and its header."""
    shown = [sheet for sheet in workbook.sheets if not sheet.hidden]
    if options.sheet is not None:
        shown = [sheet for sheet in shown if sheet.name == options.sheet]
    if not shown:
        raise Invalid("there is no such sheet that is shown", field="sheet")
    if options.header_row is not None:
        return shown[0], _mapped(header_at(shown[0], options.kind, options.header_row - 1, 1), options)
    headers = [(sheet, find_header(sheet, options.kind)) for sheet in shown]
    sheet, header = max(headers, key=lambda pair: len(pair[1].fields) if pair[1] else 0)
    return sheet, None if header is None else _mapped(header, options)


def _mapped(header: Header, options: FileOptions) -> Header:
    """The header with the fields that the office gave to its columns."""
    if unknown := {name for name in options.columns.values() if name} - FIELD_WORDS.keys():
        raise Invalid(f"there is no field {sorted(unknown)[0]}", field="columns")

    def given(column: Column) -> Column:
        for name in (letters(column.index), column.title, column.path[-1]):
            if name in options.columns:
                return structs.replace(column, field=options.columns[name], score=100.0)
        return column

    return structs.replace(header, columns=tuple(given(column) for column in header.columns))


def _columns(header: Header, kind: Kind) -> list[CheckedColumn]:
    return [
        CheckedColumn(
            column=letters(column.index),
            title=column.title,
            field=column.field,
            nearest=None if column.field else nearest_field(column.path, kind),
        )
        for column in header.columns
    ]


def _described(row: PlannedRow) -> CheckedRow:
    return CheckedRow(
        row=row.row,
        action=row.action,
        name=row.name,
        target=row.target,
        changed=row.changed,
        findings=row.findings,
    )


def _questions(header: Header) -> list[FileQuestion]:
    questions = [
        FileQuestion(
            about="column",
            zh=f"有多列对应 {name}，请选择一列",
            en=f"several columns are read as {name}; which one is it?",
            choices=[letters(column.index) for column in columns],
        )
        for name, columns in doubled(header).items()
    ]
    if not header.fields & {"name", "name_en"}:
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
    )


def _datum_question() -> FileQuestion:
    return FileQuestion(
        about="datum",
        zh="未注明坐标系，请回答（高德、腾讯为 gcj02，百度为 bd09）",
        en="no datum is stated; which one is it (Gaode and Tencent are gcj02, Baidu bd09)?",
        blocking=False,
        choices=["wgs84", "cgcs2000", "gcj02", "bd09"],
    )
