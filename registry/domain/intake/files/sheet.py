"""What a reader makes of a file: sheets of cells, with the shapes of the formats that have any."""

import math
from datetime import date, datetime
from typing import Any

from msgspec import Struct, field

Cell = str | bool | int | float | datetime | date | None
Row = list[Cell]
Merge = tuple[int, int, int, int]
"""First row, first column, last row, last column, counted from 0."""


class Sheet(Struct, kw_only=True):
    """A table as it stands in the file.

    `shapes` holds a GeoJSON geometry for each row after the first, in formats that have shapes. `crs` is the
    system of their coordinates as the file names it. `uncalculated` are the cells, from 0, whose formula was
    saved without a value.
    """

    name: str
    rows: list[Row]
    merges: list[Merge] = field(default_factory=list)
    hidden: bool = False
    shapes: list[dict[str, Any] | None] | None = None
    crs: str | None = None
    uncalculated: list[tuple[int, int]] = field(default_factory=list)


class Workbook(Struct, kw_only=True):
    """The sheets of a file; `previews` holds the first lines of a text by encoding, where none is sure."""

    format: str
    sheets: list[Sheet]
    encoding: str | None = None
    previews: dict[str, list[str]] = field(default_factory=dict)


def text_of(cell: Cell) -> str:
    """A cell as its text; whole numbers without a decimal point."""
    if cell is None:
        return ""
    if isinstance(cell, float) and math.isfinite(cell) and cell == int(cell) and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime) and (cell.hour, cell.minute, cell.second) == (0, 0, 0):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def is_blank(cell: Cell) -> bool:
    """Whether a cell has nothing that can be seen."""
    return cell is None or (isinstance(cell, str) and not cell.strip(" \t\r\n\u3000\u200b\ufeff"))


def letters(column: int) -> str:
    """The name of a column as spreadsheets write it: 0 is A."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def trimmed(rows: list[Row]) -> list[Row]:
    """The rows without the blank ones at the end."""
    end = len(rows)
    while end and all(is_blank(cell) for cell in rows[end - 1]):
        end -= 1
    return rows[:end]
