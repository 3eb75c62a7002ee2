"""Rows as they are kept between reading a file and storing its records: cells, corrections, layout."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from msgspec import Struct

from registry.domain.errors import Invalid
from registry.domain.intake.files.drafts import SharedPoints
from registry.domain.intake.files.header import Header
from registry.domain.intake.files.rows import RecordRow
from registry.domain.intake.files.sheet import Cell, Row, Sheet, letters, text_of

Corrections = Mapping[str, str | int | float | bool | None]
"""New values of cells by the letters of their columns; None empties a cell."""


class StoredCells(Struct, frozen=True, omit_defaults=True):
    """The cells of one row, with the shape that it has in a map format, and a formula without a value."""

    values: list[Any]
    shape: dict[str, Any] | None = None
    uncalculated: int | None = None


class SheetLayout(Struct, frozen=True, kw_only=True):
    """What is needed to read single rows of a sheet again."""

    sheet: str
    header: Header
    crs: str | None = None
    has_shapes: bool = False
    shared: list[tuple[float, float, int]] = []
    """Points that several rows of the file have, and how many."""

    @property
    def shared_points(self) -> SharedPoints:
        """The same by point."""
        return {(lon, lat): rows for lon, lat, rows in self.shared}


class RowCells(Struct, frozen=True):
    """A row by its number in the sheet, from 1, with the corrections that somebody made."""

    row: int
    cells: StoredCells
    corrections: Corrections = {}


def layout_of(sheet: Sheet, header: Header, shared: SharedPoints) -> SheetLayout:
    """The layout of a sheet that was read."""
    points = [(lon, lat, rows) for (lon, lat), rows in shared.items()]
    has_shapes = sheet.shapes is not None
    return SheetLayout(sheet=sheet.name, header=header, crs=sheet.crs, has_shapes=has_shapes, shared=points)


def stored_cells(sheet: Sheet, row: int, cells: Row, uncalculated: Mapping[int, int]) -> StoredCells:
    """What is kept of a row; `row` counts from 1."""
    shape = None
    if sheet.shapes is not None and 0 <= row - 2 < len(sheet.shapes):
        shape = sheet.shapes[row - 2]
    return StoredCells([_stored(cell) for cell in cells], shape, uncalculated.get(row - 1))


def _stored(cell: Cell) -> Any:
    if isinstance(cell, datetime):
        return {"instant": cell.isoformat()}
    return {"day": cell.isoformat()} if isinstance(cell, date) else cell


def _cell(value: Any) -> Cell:
    if not isinstance(value, dict):
        cell: Cell = value
        return cell
    if "day" in value:
        return date.fromisoformat(value["day"])
    return datetime.fromisoformat(value["instant"])


def unstored(cells: StoredCells) -> Row:
    """The cells as they were read."""
    return [_cell(value) for value in cells.values]


def texts(cells: StoredCells) -> dict[str, str]:
    """The cells that hold something, as people read them, by the letters of their columns."""
    read = {letters(index): text_of(_cell(value)) for index, value in enumerate(cells.values)}
    return {column: text for column, text in read.items() if text}


def corrected(cells: Row, corrections: Corrections) -> Row:
    """The cells with the corrections in their place."""
    row = list(cells)
    for column, value in corrections.items():
        index = column_number(column)
        row.extend([None] * (index + 1 - len(row)))
        row[index] = value
    return row


def column_number(column: str, field: str = "corrections") -> int:
    """The number, from 0, of a column that is named as spreadsheets do; Invalid for another name."""
    number = 0
    for letter in column:
        if not "A" <= letter <= "Z" or number > 200:
            raise Invalid(f"{column} is no column of a sheet", field=f"{field}.{column}")
        number = number * 26 + ord(letter) - 64
    if not 0 < number <= 200:
        raise Invalid(f"{column} is no column of a sheet", field=f"{field}.{column}")
    return number - 1


def part_of_sheet(layout: SheetLayout, rows: Iterable[RowCells]) -> tuple[Sheet, list[RecordRow]]:
    """A sheet that has these rows only, in their own places, and its records."""
    given = sorted(rows, key=lambda one: one.row)
    size = given[-1].row if given else 0
    cells: list[Row] = [[] for _ in range(size)]
    shapes: list[dict[str, Any] | None] = [None] * max(size - 1, 0)
    uncalculated: list[tuple[int, int]] = []
    records: list[RecordRow] = []
    for one in given:
        row = corrected(unstored(one.cells), one.corrections)
        cells[one.row - 1] = row
        if layout.has_shapes and one.row >= 2:
            shapes[one.row - 2] = one.cells.shape
        if one.cells.uncalculated is not None and letters(one.cells.uncalculated) not in one.corrections:
            uncalculated.append((one.row - 1, one.cells.uncalculated))
        records.append(RecordRow(one.row, row))
    sheet = Sheet(
        name=layout.sheet,
        rows=cells,
        shapes=shapes if layout.has_shapes else None,
        crs=layout.crs,
        uncalculated=uncalculated,
    )
    return sheet, records
