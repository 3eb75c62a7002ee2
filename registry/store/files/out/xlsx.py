"""Write workbooks for offices: headings that are read back, drop-downs, and the mark of an exercise."""

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from registry.domain.intake.files.sheet import Cell, Merge
from registry.domain.intake.out.workbook import WorkbookSheet

PLAIN = {
    "in_memory": True,
    "strings_to_numbers": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
}
"""What a cell holds is written as it is: a text never becomes a formula, a link or a number."""
ROWS_WITH_CHOICES = 5_000
LISTS, ABOUT = "_lists", "_registry"
MOST_WIDE = 40


def write_sheet(sheet: WorkbookSheet, about: Mapping[str, str]) -> bytes:
    """A workbook with one sheet that can be brought back; hidden ones hold the words and what it is."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, PLAIN) as workbook:
        table = workbook.add_worksheet(sheet.name)
        first = _mark(workbook, table, sheet.mark, len(sheet.columns))
        _head(workbook, table, sheet, first)
        for number, row in enumerate(sheet.rows, first + 2):
            for column, cell in enumerate(row):
                _write(table, number, column, cell)
        _choices(workbook, table, sheet, first + 2)
        _about(workbook, about)
    return buffer.getvalue()


def _mark(workbook: Workbook, table: Worksheet, mark: str | None, width: int) -> int:
    """Write the first row of an exercise, and say so in the head of every page; the row that follows."""
    if mark is None:
        return 0
    table.set_header(f"&C&B{mark}")
    form = workbook.add_format({"bold": True, "font_color": "#9c0006", "bg_color": "#ffc7ce"})
    table.write_string(0, 0, mark, form)
    for column in range(1, width):
        table.write_blank(0, column, None, form)
    return 1


def _head(workbook: Workbook, table: Worksheet, sheet: WorkbookSheet, first: int) -> None:
    """The headings, the codes of their fields in a hidden row, formats and widths of the columns."""
    bold = workbook.add_format({"bold": True, "text_wrap": True, "bg_color": "#ddebf7", "border": 1})
    text = workbook.add_format({"num_format": "@"})
    for column, one in enumerate(sheet.columns):
        width = min(MOST_WIDE, max(10, 2 * len(one.title)))
        options = {"hidden": 1} if one.is_hidden else {}
        table.set_column(column, column, width, text if one.is_text else None, options)
        table.write_string(first, column, one.title, bold)
        table.write_comment(first, column, one.english)
        table.write_string(first + 1, column, one.field)
    table.set_row(first + 1, None, None, {"hidden": 1})
    table.freeze_panes(first + 2, 2)


def _write(table: Worksheet, row: int, column: int, cell: Cell) -> None:
    if cell is None:
        return
    if isinstance(cell, bool):
        table.write_boolean(row, column, cell)
    elif isinstance(cell, int | float):
        table.write_number(row, column, cell)
    else:
        text = cell.isoformat() if isinstance(cell, date | datetime) else cell
        table.write_string(row, column, text)


def _choices(workbook: Workbook, table: Worksheet, sheet: WorkbookSheet, first: int) -> None:
    """Drop-downs from a hidden sheet: a list within a rule may have 255 characters only."""
    listed = workbook.add_worksheet(LISTS)
    listed.hide()
    last = first + max(len(sheet.rows), ROWS_WITH_CHOICES)
    for column, one in enumerate(sheet.columns):
        if not one.choices:
            continue
        listed.write_column(0, column, one.choices)
        name = xl_col_to_name(column)
        source = f"={LISTS}!${name}$1:${name}${len(one.choices)}"
        rule = {"validate": "list", "source": source, "error_type": "warning"}
        table.data_validation(first, column, last, column, rule)


def _about(workbook: Workbook, about: Mapping[str, str]) -> None:
    table = workbook.add_worksheet(ABOUT)
    table.hide()
    for row, (name, value) in enumerate(about.items()):
        table.write_string(row, 0, name)
        table.write_string(row, 1, value)


def write_table(
    name: str,
    rows: Sequence[Sequence[Cell]],
    *,
    mark: str | None = None,
    merges: Sequence[Merge] = (),
    heads: int = 0,
    coloured: Mapping[int, str] | None = None,
) -> bytes:
    """A plain table as a workbook; `coloured` gives rows, from 0, a background, `heads` rows are bold."""
    buffer = io.BytesIO()
    width = max((len(row) for row in rows), default=1)
    with xlsxwriter.Workbook(buffer, PLAIN) as workbook:
        table = workbook.add_worksheet(name[:31])
        first = _mark(workbook, table, mark, width)
        bold = workbook.add_format({"bold": True, "text_wrap": True})
        for number, row in enumerate(rows):
            form: Any = bold if number < heads else None
            if coloured and number in coloured:
                form = workbook.add_format({"bg_color": coloured[number]})
            table.set_row(first + number, None, form)
            for column, cell in enumerate(row):
                _write(table, first + number, column, cell)
        for top, left, bottom, right in merges:
            text = rows[top][left] if left < len(rows[top]) else ""
            form = workbook.add_format({"align": "center", "valign": "vcenter", "text_wrap": True})
            table.merge_range(first + top, left, first + bottom, right, text, form)
        table.set_column(0, max(width - 1, 0), 16)
        if heads:
            table.freeze_panes(first + heads, 1)
    return buffer.getvalue()
