"""Give the office its own file back: its rows as they came, each with what became of it and what is wrong."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from registry.domain.access.actor import Actor
from registry.domain.access.sight import Sight
from registry.domain.errors import Conflict
from registry.domain.intake.files.drill import first_row
from registry.domain.intake.files.sheet import Cell, letters
from registry.domain.intake.files.stored_row import (
    SheetLayout,
    StoredCells,
    column_number,
    corrected,
    unstored,
)
from registry.services.intake.files.intakes import read_intake
from registry.services.intake.out.known_values import known_values
from registry.store.database.pool import Reader
from registry.store.files.child_process import fill_in_child
from registry.store.files.out.own_form import FormCells
from registry.store.files.out.xlsx import write_table
from registry.store.intake import intake_rows, intakes

PAGE = 5_000
COLOURS = {"refused": "#ffc7ce", "confirm": "#ffeb9c"}
RESULT, PROBLEMS = "处理结果（result）", "问题（problems）"
WORDS = {
    "create": "新增 new",
    "update": "更新 update",
    "unchanged": "不变 unchanged",
    "confirm": "疑似重复，待确认 to be confirmed",
    "refused": "退回 refused",
    "skip": "略过 left out",
    "stored": "已入库 stored",
    "aside": "",
}


async def own_file(
    reader: Reader, sight: Sight, actor: Actor, identity: UUID, *, filled_in: bool = False
) -> tuple[str, bytes]:
    """The workbook of an intake with corrections and results in place, and its name.

    An xlsx file keeps its styles, pictures and formulas; of another format the rows come as a plain table.
    With `filled_in` the blank cells of known records hold what the registry knows.
    """
    intake = await read_intake(reader, sight, actor, identity)
    stored = await intakes.get(reader, sight, identity)
    if stored is None or stored["layout"] is None:
        raise Conflict("the file was not read yet, or waits for an answer")
    layout = msgspec.convert(stored["layout"], SheetLayout)
    lines: dict[int, Mapping[str, Any]] = {}
    after = -1
    while page := await intake_rows.page(reader, identity, {}, after, PAGE):
        after = page[-1]["n"]
        lines |= {row["row"]: row for row in page if row["row"] is not None}
    width = max((column.index for column in layout.header.columns), default=0) + 1
    known = await known_values(reader, sight, intake, layout, lines) if filled_in else {}
    lines = {number: _with_known(row, known.get(number, {})) for number, row in lines.items()}
    rows = [_line(lines.get(number), width) for number in range(1, max(lines, default=0) + 1)]
    head = layout.header.data - 1
    if 0 <= head < len(rows):
        rows[head] = [*rows[head][:width], RESULT, PROBLEMS]
    coloured = {
        number - 1: COLOURS[row["action"]] for number, row in lines.items() if row["action"] in COLOURS
    }
    mark = None if intake.exercise is None else first_row(intake.exercise)
    filled = None
    content, _ = await intakes.file(reader, identity)
    if mark is None and content.startswith(b"PK"):
        filled = await fill_in_child(content, _form(layout, lines, rows, width))
    name = intake.file_name.rpartition(".")[0] or intake.file_name
    if filled is None:
        filled = await asyncio.to_thread(write_table, layout.sheet, rows, mark=mark, coloured=coloured)
    return f"{name}-处理结果.xlsx", filled


def _with_known(row: Mapping[str, Any], known: Mapping[int, Any]) -> Mapping[str, Any]:
    """The row with what the registry knows, which a correction goes before."""
    return dict(row) | {
        "corrections": {letters(at): value for at, value in known.items()} | row["corrections"]
    }


def _form(
    layout: SheetLayout, lines: Mapping[int, Mapping[str, Any]], rows: Sequence[Sequence[Cell]], width: int
) -> FormCells:
    """The cells that were corrected, and the results in the first columns that nothing stands in."""
    free = max([width, *(len(row["cells"]["values"]) for row in lines.values())])
    cells: dict[int, dict[int, Any]] = {}
    colours: dict[int, dict[int, str]] = {}
    for number, row in lines.items():
        at = number - 1
        if row["action"] == "aside" and at != layout.header.data - 1:
            continue
        corrections = {column_number(column): value for column, value in row["corrections"].items()}
        cells[at] = corrections | {free: rows[at][width], free + 1: rows[at][width + 1]}
        if row["action"] in COLOURS:
            colours[at] = dict.fromkeys((free, free + 1), COLOURS[row["action"]].removeprefix("#").upper())
    return FormCells(sheet=layout.sheet, cells=cells, colours=colours)


def _line(row: Mapping[str, Any] | None, width: int) -> list[Cell]:
    """The cells of a row, as wide as the header, and its result and problems."""
    if row is None:
        return []
    cells = unstored(msgspec.convert(row["cells"], StoredCells))
    if row["action"] == "aside":
        return cells
    cells = corrected(cells, row["corrections"])
    cells = [*cells[:width], *[None] * (width - len(cells))]
    problems = [_problem(one) for one in row["findings"] if one["severity"] != "note"]
    return [*cells, WORDS[row["action"]], "；".join(problems) or None]


def _problem(one: dict[str, Any]) -> str:
    return f"{one.get('column') or ''}：{one['message']['zh']}"
