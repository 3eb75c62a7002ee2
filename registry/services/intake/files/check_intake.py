"""Check the file of an intake: read it once, decide what each row would do, and store all rows."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from registry.domain.access.actor import sight_of
from registry.domain.intake.files.header import header_hash
from registry.domain.intake.files.plan import PlannedRow, RowDecision
from registry.domain.intake.files.refusal import REFUSAL_WORDS, RefusedFile
from registry.domain.intake.files.sheet import Workbook
from registry.domain.intake.files.stored_row import stored_cells
from registry.domain.records import feature
from registry.services.intake.files.check_sheets import (
    CheckedRows,
    Checker,
    FileCheck,
    FileOptions,
    RowAnswers,
    check_sheets,
)
from registry.services.intake.files.intakes import Intake, read_intake
from registry.services.intake.files.receive import office_of
from registry.services.intake.files.tasks import IntakeTask
from registry.services.progress import Advance, unwatched
from registry.store.database.pool import OpenWriter, Reader, Writer
from registry.store.files.child_process import read_in_child
from registry.store.files.transport import pack, unpack
from registry.store.intake import intake_rows, intakes
from registry.store.intake import reference as store

AT_ONCE = 5_000
SEVERITIES = ("refuse", "warn", "note")


async def check_intake(open_writer: OpenWriter, task: IntakeTask, advance: Advance = unwatched) -> FileCheck:
    """Read and check a file; RefusedFile, which is stored too, where it cannot be read.

    Rows are stored in several transactions, and the intake tells of them in the last.
    """
    sight = sight_of(task.actor, task.exercise)
    async with open_writer() as reader:
        intake = await read_intake(reader, sight, task.actor, task.intake)
        content, sheets = await intakes.file(reader, task.intake)
    try:
        advance("read", 0, 1)
        workbook = unpack(sheets) if sheets else await read_in_child(content, intake.answers.encoding)
        async with open_writer() as reader:
            checked, options = await _checked(reader, task, intake, workbook, advance)
            version = str(await store.version(reader))
    except RefusedFile as refused:
        zh, en = REFUSAL_WORDS[refused.code]
        words = {"zh": zh.format(**refused.figures), "en": en.format(**refused.figures)}
        async with open_writer() as writer:
            await intake_rows.clear(writer, task.intake)
            problem = {"code": refused.code} | words
            await intakes.amend(writer, task.intake, state="refused", problem=problem, report=None)
        raise
    if not sheets and workbook.sheets:
        async with open_writer() as writer:
            await intakes.keep_sheets(writer, task.intake, pack(workbook))
    await _store(open_writer, task, checked, advance)
    async with open_writer() as writer:
        await _tell(writer, intake, checked, options, version)
    return checked


async def _checked(
    reader: Reader, task: IntakeTask, intake: Intake, workbook: Workbook, advance: Advance
) -> tuple[FileCheck, FileOptions]:
    """What was found, and the options that it was found with."""
    used = intake.answers

    async def recall(hash_: str) -> FileOptions | None:
        nonlocal used
        answers = await intakes.recall(reader, office_of(task.actor), intake.kind, hash_)
        if answers is None or used.columns or used.datum is not None:
            return None
        used = msgspec.convert(msgspec.to_builtins(used) | answers, FileOptions)
        return used

    checker = Checker(
        reader=reader,
        sight=sight_of(task.actor, task.exercise),
        options=intake.answers,
        scope=task.actor.places,
        default_visibility=task.default_visibility,
        answers=row_answers(await intake_rows.prior(reader, intake.id)),
        advance=advance,
    )
    return await check_sheets(workbook, checker, recall), used


def row_answers(prior: list[Mapping[str, Any]]) -> RowAnswers:
    """What people said of the rows of an intake before."""
    return RowAnswers(
        corrections={row["row"]: row["corrections"] for row in prior if row["corrections"]},
        decisions={row["row"]: msgspec.convert(row["decision"], RowDecision) for row in prior},
    )


async def _store(open_writer: OpenWriter, task: IntakeTask, checked: FileCheck, advance: Advance) -> None:
    """Replace the stored rows, some thousands in a transaction."""
    async with open_writer() as writer:
        prior = {row["row"]: row for row in await intake_rows.prior(writer, task.intake)}
        await intake_rows.clear(writer, task.intake)
        await intakes.amend(writer, task.intake, state="received")  # until all rows are there
    if checked.rows is None:
        return
    total = len(checked.rows.planned) + len(checked.rows.aside)
    batch: list[dict[str, Any]] = []
    for done, row in enumerate(_rows(task, checked.rows, prior), 1):
        batch.append(row)
        if len(batch) == AT_ONCE or done == total:
            async with open_writer() as writer:
                await intake_rows.add(writer, batch)
            batch = []
            advance("keep", done, total)


def _rows(
    task: IntakeTask, checked: CheckedRows, prior: Mapping[int, Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Every row of the sheet, and after them the records that it lacks."""
    sheet, uncalculated = checked.sheet, dict(checked.sheet.uncalculated)
    cells = {row.row: row.cells for row in checked.records}
    last = max([*cells, *(one.row for one in checked.aside)], default=0)
    for number, planned in enumerate(checked.planned):
        row = planned.row if planned.row is not None else last + number + 1
        said = prior.get(row, {"corrections": {}, "decision": {}})
        kept: Any = {"values": []}
        if planned.row is not None:
            kept = msgspec.to_builtins(stored_cells(sheet, row, cells[row], uncalculated))
        own = {"intake": task.intake, "n": row, "row": planned.row, "cells": kept}
        yield (
            own
            | {"corrections": said["corrections"], "decision": said["decision"]}
            | planned_columns(planned)
        )
    for one in checked.aside:
        values = sheet.rows[one.row - 1] if one.row <= len(sheet.rows) else []
        kept = msgspec.to_builtins(stored_cells(sheet, one.row, values, {}))
        named = PlannedRow(row=one.row, action="aside", name=one.text)
        own = {"intake": task.intake, "n": one.row, "row": one.row, "cells": kept}
        yield own | {"corrections": {}, "decision": {}} | planned_columns(named) | {"codes": [one.reason]}


def planned_columns(planned: PlannedRow) -> dict[str, Any]:
    """The columns of a stored row that say what it would do."""
    found = {one.severity for one in planned.findings}
    return {
        "action": planned.action,
        "name": planned.name,
        "record": _record_of(planned),
        "target": planned.target,
        "target_version": planned.target_version,
        "external_id": planned.external_id,
        "changed": planned.changed,
        "contacts": planned.contacts,
        "findings": msgspec.to_builtins(planned.findings),
        "codes": sorted({one.code for one in planned.findings}),
        "severity": next((severity for severity in SEVERITIES if severity in found), None),
    }


def _record_of(planned: PlannedRow) -> str | None:
    """The record that would be stored, as text."""
    if planned.record is not None:
        return feature.canonical(planned.record)
    return None if planned.members is None else planned.members.decode()


async def _tell(
    writer: Writer, intake: Intake, checked: FileCheck, options: FileOptions, version: str
) -> None:
    rows = checked.rows
    layout = None if rows is None else msgspec.to_builtins(rows.layout)
    found: dict[str, Any] = {"state": "asks" if rows is None else "checked", "layout": layout}
    found |= {"report": msgspec.to_builtins(checked.report), "options": msgspec.to_builtins(options)}
    found |= {
        "header_hash": checked.header and header_hash(checked.header),
        "reference": version,
        "problem": None,
    }
    if intake.receipt is not None and rows is not None:
        found["state"] = "committed"
    await intakes.amend(writer, intake.id, **found)
