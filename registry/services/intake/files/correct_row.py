"""Correct a row in place, or decide about it; it is compared again at once."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, cast
from uuid import UUID

import msgspec
from msgspec import Meta, Struct, structs

from registry.domain.errors import Conflict, Invalid, NotFound
from registry.domain.intake.files.draft import DraftedRow
from registry.domain.intake.files.drafts import context_of, mark_shared
from registry.domain.intake.files.plan import PlannedRow, RowDecision, plan_rows
from registry.domain.intake.files.row_reader import RowReader
from registry.domain.intake.files.stored_row import (
    RowCells,
    SheetLayout,
    StoredCells,
    column_number,
    part_of_sheet,
)
from registry.domain.intake.lists.list_kind import LIST_KINDS
from registry.domain.records import feature
from registry.domain.records.resource import Kind, Resource
from registry.domain.values import LongText
from registry.services.intake.files.check_intake import planned_columns
from registry.services.intake.files.check_sheets import file_answers
from registry.services.intake.files.ground import load_file_ground, load_plan_ground
from registry.services.intake.files.intakes import Intake, locked_intake
from registry.services.intake.files.rows import IntakeRow, described
from registry.services.intake.lists.plan_list import load_planner, plan_list
from registry.services.progress import unwatched
from registry.services.records.work import Edition, Work, check_version
from registry.store.database.pool import Row
from registry.store.intake import candidates, intake_rows, intakes

CellValue = LongText | int | float | bool | None


class RowCorrection(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """New values for cells by their columns (null empties one), and a decision; what is absent stays.

    An empty `corrections` takes all corrections back, and an empty `decision` the decision.
    """

    corrections: dict[str, CellValue] | None = None
    """New values, by column."""
    decision: RowDecision | None = None


async def correct_row(work: Work, identity: UUID, n: int, correction: RowCorrection) -> IntakeRow:
    """Keep a correction or a decision, and compare the row again, with those that it has to do with."""
    intake = await locked_intake(work.writer, work.sight, work.actor, identity)
    _demand_checked(intake)
    for column in correction.corrections or {}:
        column_number(column)
    rows = await intake_rows.lock(work.writer, identity, [n])
    if not rows or rows[0]["action"] == "aside":
        raise NotFound("row", n)
    [row] = [_said(rows[0], correction)]
    if row["row"] is None:
        return await _decided(work, intake, row)
    await _compare(work, intake, row)
    await intakes.amend(work.writer, identity, report=await _report(work, intake))
    [stored] = await intake_rows.lock(work.writer, identity, [n])
    return described(stored, intake.kind)


class NumberedCorrection(RowCorrection, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A correction, and the number of its row."""

    n: int


class RowsCorrection(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Corrections of rows of the version that was read."""

    version: int
    rows: Annotated[list[NumberedCorrection], Meta(min_length=1, max_length=5_000)]


async def correct_rows(work: Work, identity: UUID, corrections: RowsCorrection) -> None:
    """Keep corrections and decisions of many rows; the file has to be checked again then."""
    intake = await locked_intake(work.writer, work.sight, work.actor, identity)
    check_version(intake.version, Edition({corrections.version}))
    _demand_checked(intake)
    given = {one.n: one for one in corrections.rows}
    if len(given) < len(corrections.rows):
        raise Invalid("a row is corrected twice", field="rows")
    for number, one in enumerate(corrections.rows):
        for column in one.corrections or {}:
            column_number(column, f"rows[{number}].corrections")
    rows = await intake_rows.lock(work.writer, identity, list(given))
    found = {row["n"] for row in rows if row["action"] != "aside"}
    if missing := sorted(given.keys() - found):
        raise NotFound("row", missing[0])
    await intake_rows.correct(work.writer, identity, [_said(row, given[row["n"]]) for row in rows])


def _demand_checked(intake: Intake) -> None:
    if intake.state not in ("checked", "committed"):
        raise Conflict(f"the file is {intake.state}; only rows of a checked one can be corrected")


def _said(row: Row, correction: RowCorrection) -> dict[str, Any]:
    changed = dict(row)
    if correction.corrections is not None:
        kept = row["corrections"] if correction.corrections else {}
        changed["corrections"] = {**kept, **correction.corrections}
    if correction.decision is not None:
        changed["decision"] = msgspec.to_builtins(correction.decision)
    return changed


async def _decided(work: Work, intake: Intake, row: dict[str, Any]) -> IntakeRow:
    """A record that the list lacks: there is nothing to compare, only whether it is to be retired."""
    await intake_rows.replan(work.writer, intake.id, [row])
    await intakes.amend(work.writer, intake.id, state=intake.state)
    return described(row, intake.kind)


async def _compare(work: Work, intake: Intake, row: dict[str, Any]) -> None:
    layout = await _layout(work, intake)
    before = await _related(work, intake, [row], [])
    planned = await _planned(work, intake, layout, [row])
    after = await _related(work, intake, [row], planned)
    others = sorted((before | after) - {row["n"]})
    if others:
        rows = [row, *await intake_rows.lock(work.writer, intake.id, others)]
        rows.sort(key=lambda one: one["n"])
        planned = await _planned(work, intake, layout, rows)
    else:
        rows = [row]
    fresh = [dict(one) | planned_columns(plan) for one, plan in zip(rows, planned, strict=True)]
    await intake_rows.replan(work.writer, intake.id, fresh)


async def _layout(work: Work, intake: Intake) -> SheetLayout:
    row = await intakes.get(work.writer, work.sight, intake.id)
    assert row is not None
    return msgspec.convert(row["layout"], SheetLayout)


async def _related(
    work: Work, intake: Intake, rows: Sequence[Mapping[str, Any]], planned: Sequence[PlannedRow]
) -> set[int]:
    """The rows that share an identity or a record with these, as they are stored or are planned now."""
    external = {row["external_id"] for row in rows} | {plan.external_id for plan in planned}
    targets = {row["target"] for row in rows} | {plan.target for plan in planned}
    return await intake_rows.related(
        work.writer,
        intake.id,
        [one for one in external if one is not None],
        [one for one in targets if one is not None],
    )


async def _planned(
    work: Work, intake: Intake, layout: SheetLayout, rows: Sequence[Mapping[str, Any]]
) -> list[PlannedRow]:
    """What rows would do, beside the records that they may have to do with."""
    sheet, records = part_of_sheet(
        layout,
        (
            RowCells(row["row"], msgspec.convert(row["cells"], StoredCells), row["corrections"])
            for row in rows
        ),
    )
    ground = await load_file_ground(work.writer)
    context = context_of(sheet, layout.header, intake.kind, ground, file_answers(intake.answers))
    decisions = {row["row"]: msgspec.convert(row["decision"], RowDecision) for row in rows}
    if intake.kind in LIST_KINDS:
        options, scope = intake.answers, work.actor.places
        planner = await load_planner(work.writer, intake.kind, options, work.sight, scope)
        return await plan_list(planner, context, records, decisions, unwatched)
    drafts = [RowReader(context, record).read() for record in records]
    mark_shared(drafts, layout.header, layout.shared_points)
    known = await _known(work, intake, drafts, decisions)
    kind = cast("Kind", intake.kind)
    plan = await load_plan_ground(
        work.writer,
        work.sight,
        kind,
        work.actor.places,
        known,
        default_visibility=work.writer.default_visibility,
    )
    return plan_rows(drafts, layout.header, plan, decisions)


async def _known(
    work: Work, intake: Intake, drafts: Sequence[DraftedRow], decisions: Mapping[int, RowDecision]
) -> list[Resource]:
    """The records that these rows may be, or may be doubles of."""
    found: dict[UUID, Resource] = {}
    for draft in drafts:
        same_as = decisions[draft.row].same_as
        geometry = draft.members.get("geometry")
        texts = await candidates.find(
            work.writer,
            work.sight,
            kind=intake.kind,
            identities=[str(one) for one in (same_as, draft.identity) if one],
            external=[(one["system"], one["id"]) for one in draft.members.get("external_ids", ())],
            place=draft.members.get("place"),
            at=None if geometry is None else tuple(geometry["coordinates"]),
        )
        found |= {record.id: record for record in map(feature.parse, texts)}
    return list(found.values())


async def _report(work: Work, intake: Intake) -> dict[str, Any] | None:
    """The report with the counts as they are now."""
    if intake.report is None:
        return None
    actions = await intake_rows.actions(work.writer, intake.id)
    codes = await intake_rows.codes(work.writer, intake.id)
    reasons = {"title", "header", "repeated_header", "codes", "blank", "total", "note", "signature"}
    shown = {code: rows for code, rows in codes.items() if code not in reasons}
    whole: dict[str, Any] = msgspec.to_builtins(structs.replace(intake.report, counts=actions, codes=shown))
    return whole
