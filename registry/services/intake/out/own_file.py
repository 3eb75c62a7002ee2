"""Give the office its own file back: its rows as they came, each with what became of it and what is wrong."""

import asyncio
from typing import Any
from uuid import UUID

import msgspec

from registry.domain.access.actor import Actor
from registry.domain.access.sight import Sight
from registry.domain.errors import Conflict
from registry.domain.intake.files.drill import first_row
from registry.domain.intake.files.sheet import Cell
from registry.domain.intake.files.stored_row import SheetLayout, StoredCells, corrected, unstored
from registry.services.intake.files.intakes import read_intake
from registry.store.database.pool import Reader, Row
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


async def own_file(reader: Reader, sight: Sight, actor: Actor, identity: UUID) -> tuple[str, bytes]:
    """A workbook of the rows of an intake, with corrections in place, and its name."""
    intake = await read_intake(reader, sight, actor, identity)
    stored = await intakes.get(reader, sight, identity)
    if stored is None or stored["layout"] is None:
        raise Conflict("the file was not read yet, or waits for an answer")
    layout = msgspec.convert(stored["layout"], SheetLayout)
    lines: dict[int, Row] = {}
    after = -1
    while page := await intake_rows.page(reader, identity, {}, after, PAGE):
        after = page[-1]["n"]
        lines |= {row["row"]: row for row in page if row["row"] is not None}
    width = max((column.index for column in layout.header.columns), default=0) + 1
    rows = [_line(lines.get(number), width) for number in range(1, max(lines, default=0) + 1)]
    head = layout.header.data - 1
    if 0 <= head < len(rows):
        rows[head] = [*rows[head][:width], RESULT, PROBLEMS]
    coloured = {
        number - 1: COLOURS[row["action"]] for number, row in lines.items() if row["action"] in COLOURS
    }
    mark = None if intake.exercise is None else first_row(intake.exercise)
    name = intake.file_name.rpartition(".")[0] or intake.file_name
    content = await asyncio.to_thread(write_table, layout.sheet, rows, mark=mark, coloured=coloured)
    return f"{name}-处理结果.xlsx", content


def _line(row: Row | None, width: int) -> list[Cell]:
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
