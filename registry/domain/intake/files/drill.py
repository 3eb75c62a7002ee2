"""Files of exercises: how they are marked when they leave, and how they are known when they come back."""

from typing import Final

from registry.domain.intake.files.header import Header
from registry.domain.intake.files.refusal import RefusedFile
from registry.domain.intake.files.sheet import Sheet, text_of
from registry.domain.intake.files.text import one_line

FIRST_ROW: Final = "演练数据 EXERCISE DATA"
"""The first row of every file of an exercise begins so; its name follows after a colon."""
LOOKED_AT = 3
NONE = ("exercise", "无", "否", "live", "no", "-", "/")
"""The code of the column itself, and what says that a record is of no exercise."""


def first_row(exercise: str) -> str:
    """The first row of a file of this exercise."""
    return f"{FIRST_ROW}: {exercise}"


def file_name(name: str, exercise: str | None) -> str:
    """The name of a file that leaves: one of an exercise says so at its beginning."""
    return name if exercise is None else f"演练-{exercise}-{name}"


def refuse_drill(sheet: Sheet, header: Header | None, exercise: str | None) -> None:
    """RefusedFile for a file of an exercise that is brought into another one, or into real life."""
    stated = _marked(sheet) | ({} if header is None else _in_column(sheet, header))
    for name in stated:
        if name != exercise:
            raise RefusedFile("of_exercise", exercise=name)


def _marked(sheet: Sheet) -> dict[str, None]:
    found: dict[str, None] = {}
    for row in sheet.rows[:LOOKED_AT]:
        for cell in row:
            if isinstance(cell, str) and one_line(cell).startswith(FIRST_ROW):
                found[one_line(cell).removeprefix(FIRST_ROW).lstrip(": ") or "?"] = None
    return found


def _in_column(sheet: Sheet, header: Header) -> dict[str, None]:
    column = header.column("exercise")
    if column is None:
        return {}
    cells = (row[column.index] for row in sheet.rows[header.data :] if column.index < len(row))
    names = (one_line(text_of(cell)) for cell in cells)
    return {name: None for name in names if name and name not in NONE}
