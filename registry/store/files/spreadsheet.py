"""Read workbooks of Excel, WPS and LibreOffice."""

import io
import math
import re
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

import defusedxml.ElementTree
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from registry.domain.intake.files.refusal import RefusedFile
from registry.domain.intake.files.sheet import Cell, Merge, Sheet, Workbook, letters
from registry.store.files.envelope import (
    MOST_CELL_CHARACTERS,
    MOST_COLUMNS,
    MOST_ROWS,
    MOST_SHEETS,
    checked_zip,
    chunks,
)

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
OF_DOCUMENT = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
CELL_NAME = re.compile(rb'<(?:\w+:)?c r="([A-Z]{1,3})(\d{1,7})"')
FORMULA_WITHOUT_VALUE = re.compile(
    rb'<c r="([A-Z]{1,3})(\d{1,7})"[^>]*><f(?:/>|[^>]*/>|[^>]*>[^<]*</f>)(?:<v/>|<v></v>)?</c>'
)
REPEATED_ROWS = re.compile(rb'number-rows-repeated="(\d{1,9})"')
MOST_NAMED = 50
OVERLAP = 65_536


def read_spreadsheet(content: bytes, file_format: str) -> Workbook:
    """The sheets of a workbook. Formulas are read as the values that were saved with them."""
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as workbook:
            sheets = _sheets(workbook)
    except PasswordError as error:
        raise RefusedFile("encrypted") from error
    except (CalamineError, OSError, ValueError) as error:
        if file_format == "ods" and _is_stretched(content):
            raise RefusedFile("too_many_rows", rows=MOST_ROWS) from error
        raise RefusedFile("damaged") from error
    if file_format == "xlsx":
        for sheet, part in _parts(content):
            found = next((one for one in sheets if one.name == sheet), None)
            if found is not None and not found.hidden:
                found.uncalculated = _uncalculated(content, part)
    return Workbook(format=file_format, sheets=sheets)


def _is_stretched(content: bytes) -> bool:
    """Whether a table says that its rows are repeated more often than is read: no reader can hold them."""
    archive = checked_zip(content)
    head = b"".join(chunks(archive, archive.getinfo("content.xml")))
    return any(int(times) > MOST_ROWS for times in REPEATED_ROWS.findall(head))


def _sheets(workbook: CalamineWorkbook) -> list[Sheet]:
    tables = [one for one in workbook.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
    if len(tables) > MOST_SHEETS:
        raise RefusedFile("too_many_sheets", sheets=len(tables))
    sheets: list[Sheet] = []
    for table in tables:
        hidden = table.visible != SheetVisibleEnum.Visible
        sheets.append(
            Sheet(name=table.name, rows=[], hidden=True)
            if hidden
            else _sheet(table.name, workbook.get_sheet_by_name(table.name))
        )
    return sheets


def _sheet(name: str, table: CalamineSheet) -> Sheet:
    if table.end is not None:
        last_row, last_column = table.end
        if last_row >= MOST_ROWS or last_column >= MOST_COLUMNS:
            raise RefusedFile("far_cell", sheet=name, cell=f"{letters(last_column)}{last_row + 1}")
    # With `skip_empty_area=False` rows keep the numbers that Excel gives them.
    rows = [[_cell(value, name) for value in row] for row in table.to_python(skip_empty_area=False)]
    return Sheet(name=name, rows=rows, merges=_merges(table))


def _cell(value: Any, sheet: str) -> Cell:
    if value == "" or value is None:
        return None
    if isinstance(value, str):
        if len(value) > MOST_CELL_CHARACTERS:
            raise RefusedFile("cell_too_long", sheet=sheet, characters=MOST_CELL_CHARACTERS)
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, time | timedelta):
        return str(value)
    return value if isinstance(value, bool | int | datetime | date) else str(value)


def _merges(table: CalamineSheet) -> list[Merge]:
    return [(top, left, bottom, right) for (top, left), (bottom, right) in table.merged_cell_ranges or []]


def far_cell(content: bytes) -> str | None:
    """The cell of a workbook that stands farthest out, by its name: what makes a reader run out of memory."""
    farthest, name = 0, None
    for _, part in _parts(content):
        for column, row in _cell_names(content, part):
            area = int(row) * _number(column)
            if area > farthest:
                farthest, name = area, f"{column}{row}"
    return name


def _number(column: str) -> int:
    number = 0
    for letter in column:
        number = number * 26 + ord(letter) - 64
    return number


def _cell_names(content: bytes, part: str) -> Any:
    archive, rest = zipfile.ZipFile(io.BytesIO(content)), b""
    for chunk in chunks(archive, archive.getinfo(part)):
        for match in CELL_NAME.finditer(rest + chunk):
            yield match[1].decode(), match[2].decode()
        rest = chunk[-32:]


def _uncalculated(content: bytes, part: str) -> list[tuple[int, int]]:
    """Row and column, from 0, of formulas that were saved without a value."""
    archive, rest = zipfile.ZipFile(io.BytesIO(content)), b""
    found: dict[tuple[int, int], None] = {}
    for chunk in chunks(archive, archive.getinfo(part)):
        text = rest + chunk
        rest = text[-OVERLAP:]
        if b"<f" not in text:
            continue
        for match in FORMULA_WITHOUT_VALUE.finditer(text):
            found[int(match[2]) - 1, _number(match[1].decode()) - 1] = None
            if len(found) >= MOST_NAMED:
                return list(found)
    return list(found)


def _parts(content: bytes) -> list[tuple[str, str]]:
    """The names of the sheets and of the parts that hold them."""
    archive = checked_zip(content)
    try:
        book = defusedxml.ElementTree.fromstring(archive.read("xl/workbook.xml"))
        links = defusedxml.ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    except (KeyError, defusedxml.ElementTree.ParseError):
        return []
    targets = {link.get("Id"): str(link.get("Target")) for link in links}
    named = set(archive.namelist())
    parts: list[tuple[str, str]] = []
    for sheet in book.iter(f"{MAIN}sheet"):
        target = targets.get(sheet.get(f"{OF_DOCUMENT}id"), "")
        path = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        if path in named:
            parts.append((str(sheet.get("name")), path))
    return parts
