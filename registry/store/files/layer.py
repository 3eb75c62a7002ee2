"""A layer of a map format: a sheet whose first row names the columns, with a shape for each further row."""

import json
import math
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from registry.domain.intake.files.refusal import RefusedFile
from registry.domain.intake.files.sheet import Cell, Sheet
from registry.store.files.envelope import MOST_CELL_CHARACTERS, MOST_COLUMNS, MOST_ROWS
from registry.store.files.shapes import to_degrees

Shape = dict[str, Any] | None
WGS84 = "EPSG:4326"


def layer(name: str, records: Iterable[tuple[dict[str, Any], Shape]], crs: str | None) -> Sheet:
    """A sheet with a first row of names, a row for each feature, and their shapes."""
    columns: dict[str, int] = {}
    rows: list[list[Cell]] = []
    shapes: list[Shape] = []
    for properties, shape in records:
        if len(rows) >= MOST_ROWS:
            raise RefusedFile("too_many_rows", rows=MOST_ROWS)
        row: list[Cell] = [None] * len(columns)
        for key, value in properties.items():
            if key not in columns:
                columns[key] = len(columns)
                row.append(None)
            row[columns[key]] = _cell(value)
        if len(columns) > MOST_COLUMNS:
            raise RefusedFile("too_many_columns", columns=MOST_COLUMNS)
        rows.append(row)
        shapes.append(shape)
    return Sheet(name=name, rows=[list(columns), *rows], shapes=shapes, crs=crs)


def _cell(value: Any) -> Cell:
    if value is None or value == "" or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, bool | int | float | datetime | date):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if len(text) > MOST_CELL_CHARACTERS:
        raise RefusedFile("cell_too_long", characters=MOST_CELL_CHARACTERS)
    return text.rstrip("\x00 ") or None


def shape_in(shape: Shape, crs: str | None) -> Shape:
    """A geometry in WGS 84, or as it came where its system is not known; None for a damaged one."""
    if shape is None or not _is_plain(shape.get("coordinates")):
        return None
    return shape if crs is None else to_degrees(shape, crs)


def _is_plain(coordinates: Any, depth: int = 0) -> bool:
    """Whether coordinates are lists of numbers, no deeper than a multipolygon's."""
    if not isinstance(coordinates, list) or not coordinates or depth > 4:
        return False
    if isinstance(coordinates[0], list):
        return all(_is_plain(part, depth + 1) for part in coordinates)
    return len(coordinates) >= 2 and all(
        isinstance(number, int | float) and math.isfinite(number) for number in coordinates
    )
