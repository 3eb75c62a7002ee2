"""Read the cells of a row into the body of an item of reference data: only what the row states."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

import msgspec
from msgspec import Struct, field

from registry.domain.intake.files.draft import SheetContext
from registry.domain.intake.files.file_findings import file_finding
from registry.domain.intake.files.header import Column
from registry.domain.intake.files.row_reader import CLEARED
from registry.domain.intake.files.rows import RecordRow
from registry.domain.intake.files.sheet import Cell, is_blank, letters, text_of
from registry.domain.intake.files.text import one_line
from registry.domain.intake.files.values import amounts, dates, labels
from registry.domain.intake.files.values.amounts import Unreadable
from registry.domain.intake.files.values.positions import NoPosition, read_pair
from registry.domain.intake.finding import Finding
from registry.domain.intake.lists.list_kind import (
    OWNER,
    POSITION,
    ListField,
    ListKind,
    bare,
    list_fields,
)

DRAWN = ("place", "zone")
"""Lists in which the shape of a row is the border or the line of what it is about."""


class ListLine(Struct, kw_only=True):
    """What a row states: members of its body, those that it clears, and how it names its resource."""

    row: int
    given: dict[str, Any] = field(default_factory=dict)
    cleared: list[str] = field(default_factory=list)
    owner: dict[str, str] = field(default_factory=dict)
    external_id: str | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What people call the row."""
        name = self.given.get("name") or self.given.get("label") or {}
        text = (name.get("zh") or name.get("en")) if isinstance(name, dict) else name
        return str(text or self.given.get("code") or self.given.get("number") or self.external_id or "")


def read_line(kind: ListKind, context: SheetContext, row: RecordRow) -> ListLine:
    """What a row of a list states."""
    line, fields = ListLine(row=row.row), list_fields(kind)
    for column in context.read_columns:
        cell = row.cells[column.index] if column.index < len(row.cells) else None
        name = column.field or ""
        if name in fields and name not in POSITION and not is_blank(cell):
            _read(line, name, fields[name], column, cell, context)
    if "geometry" in {one.member for one in fields.values()} or kind in DRAWN:
        _locate(line, context, row)
    return line


def _read(
    line: ListLine, name: str, one: ListField, column: Column, cell: Cell, context: SheetContext
) -> None:
    text, at = one_line(text_of(cell)), letters(column.index)
    if text in CLEARED:
        line.cleared.append(one.member)
    elif name in OWNER:
        line.owner[name] = text
    elif name == "external_id":
        line.external_id = text[:200]
    elif one.tongue is not None:
        line.given.setdefault(one.member, {})[one.tongue] = text
    elif one.is_place:
        codes = context.ground.gazetteer.exact(text)
        line.given[one.member] = next(iter(codes)) if len(codes) == 1 else text
    else:
        try:
            value = cell_value(cell, one.hint)
            line.given[one.member] = _coded(value, one, context) if one.subjects else value
        except (Unreadable, dates.Ambiguous):
            is_day = bare(one.hint) in (date, datetime)
            code = "unreadable_date" if is_day else "unreadable_number"
            line.findings.append(file_finding(code, line.row, at, text, text=text))


def _coded(value: Any, one: ListField, context: SheetContext) -> Any:
    """Codes in the place of their labels; a word that is neither stays, and the gate names the nearest."""
    if isinstance(value, list):
        return [_coded(item, one, context) for item in value]
    found = (context.ground.labels.code(subject, str(value)) for subject in one.subjects)
    return next((code for pair in found if pair is not None for code in pair[1:]), value)


def cell_value(cell: Cell, hint: Any) -> Any:
    """A cell as a JSON value of a type; Unreadable where it has no such value. Structures are JSON texts."""
    kind = bare(hint)
    text = one_line(text_of(cell))
    if get_origin(kind) in (list, tuple):
        inner = get_args(kind)[0]
        return [cell_value(piece, inner) for piece in labels.pieces(text)]
    if kind in _READERS:
        return _READERS[kind](cell)
    if kind in (str, UUID) or get_origin(kind) is Literal:
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise Unreadable(text) from error


def _number(cell: Cell) -> float | None:
    if isinstance(cell, bool):
        raise Unreadable("a truth value")
    amount = amounts.length_m(cell)
    if amount.basis != "exact":
        raise Unreadable(text_of(cell))
    return amount.value


def _whole(cell: Cell) -> int:
    value = _number(cell)
    if value is None or value != int(value):
        raise Unreadable(text_of(cell))
    return int(value)


def _day(cell: Cell) -> str:
    day = dates.day(cell)
    if day is None:
        raise Unreadable(text_of(cell))
    return str(day)


def _instant(cell: Cell) -> str:
    text = text_of(cell)
    return text if "T" in text and len(text) > 16 else f"{_day(cell)}T00:00:00Z"


def _truth(cell: Cell) -> bool:
    said = labels.choice("yes_no", one_line(text_of(cell)))
    if said is None:
        raise Unreadable(text_of(cell))
    return said == "yes"


_READERS: dict[Any, Callable[[Cell], Any]] = {
    float: _number,
    int: _whole,
    bool: _truth,
    date: _day,
    datetime: _instant,
}


def _locate(line: ListLine, context: SheetContext, row: RecordRow) -> None:
    """The shape of a row in a map format, or the point that its columns say."""
    shapes = context.sheet.shapes
    shape = shapes[row.row - 2] if shapes is not None and 0 <= row.row - 2 < len(shapes) else None
    if shape is not None:
        line.given["geometry"] = {"type": shape["type"], "coordinates": shape["coordinates"]}
        line.given["location"] = {"quality": "surveyed", "datum": context.datum or "wgs84"}
        return
    first, second = context.column("longitude"), context.column("latitude")
    columns = (first or context.column("coordinates"), second)
    cells = [
        None if column is None or column.index >= len(row.cells) else row.cells[column.index]
        for column in columns
    ]
    try:
        reading = read_pair(cells[0], cells[1], context.ground.extent)
    except NoPosition as error:
        at = None if columns[0] is None else letters(columns[0].index)
        text = " ".join(text_of(cell) for cell in cells if not is_blank(cell))
        line.findings.append(file_finding(error.code, line.row, at, text, text=text))
        return
    if reading is not None:
        datum = "cgcs2000" if reading.frame == "projected" else context.datum or "unknown"
        line.given["geometry"] = {"type": "Point", "coordinates": [reading.lon, reading.lat]}
        quality = "approximate" if datum == "unknown" else "surveyed"
        line.given["location"] = {"quality": quality, "datum": datum}
