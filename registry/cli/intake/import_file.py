"""`registry import`."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import msgspec

from registry.cli import run
from registry.cli.progress import bars
from registry.domain.access.actor import SYSTEM, sight_of
from registry.domain.intake.files.refusal import RefusedFile
from registry.domain.intake.lists.list_kind import FILE_KINDS
from registry.domain.records.resource import Exercise, Visibility
from registry.runtime import database, settings
from registry.services.intake.files.check_intake import check_intake
from registry.services.intake.files.commit_intake import commit_intake
from registry.services.intake.files.intakes import Intake, IntakeAnswers, read_intake
from registry.services.intake.files.receive import receive
from registry.services.intake.files.rows import IntakeRow, list_rows
from registry.services.intake.files.tasks import IntakeTask, Step
from registry.services.intake.files.undo_intake import undo_intake
from registry.services.progress import Advance
from registry.services.records.work import Work
from registry.store.database.pool import OpenWriter

REFUSALS, ASKS = 2, 3
"""Exit codes: something is refused; something has to be answered first."""
MOST_SHOWN = 200
ACTIONS = {
    "create": "new 新增",
    "update": "update 更新",
    "unchanged": "unchanged 不变",
    "confirm": "confirm 疑似重复",
    "refused": "refused 退回",
    "skip": "left out 略过",
    "retire": "retire? 拟注销",
    "aside": "set aside 未作为记录",
}
STORED = {"created": "new 新增", "updated": "updated 已更新", "retired": "retired 已注销"}
ANSWERED = ("encoding", "sheet", "header_row", "datum", "system", "whole_list_of")


class ImportOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for."""

    file: Path | None
    kind: str | None
    dry_run: bool
    commit: UUID | None
    undo: UUID | None
    answers: IntakeAnswers
    every_row: bool
    close: bool
    leave_edited: bool
    exercise: str | None
    default_visibility: Visibility


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", type=click.Choice(FILE_KINDS), help="What the rows of FILE are. 资源类别。")
@click.option("--dry-run", is_flag=True, help="Check FILE and store no record yet. 试运行。")
@click.option("--commit", type=click.UUID, help="Store a file that was checked before. 提交。")
@click.option("--undo", type=click.UUID, help="Undo a file that was stored. 撤销。")
@click.option(
    "--answer",
    "answers",
    multiple=True,
    metavar="NAME=VALUE",
    help=f"Answer a question: {', '.join(ANSWERED)}, or a column and its field. 回答问题。",
)
@click.option("--every-row", is_flag=True, help="Store nothing unless every row is clean. 全部或不提交。")
@click.option("--close", is_flag=True, help="Declare the list of whole_list_of complete. 声明清单完整。")
@click.option("--leave-edited", is_flag=True, help="Undo what nobody edited since. 保留后来的修改。")
@run.EXERCISE
@run.JSON
def command(
    file: Path | None,
    kind: str | None,
    dry_run: bool,
    commit: UUID | None,
    undo: UUID | None,
    answers: tuple[str, ...],
    every_row: bool,
    close: bool,
    leave_edited: bool,
    exercise: str | None,
    as_json: bool,
) -> None:
    """Bring the rows of FILE into the registry, and say what is wrong with them. 导入文件。

    All clean rows are stored in one transaction; the others wait for the next FILE. Ends with 0 when every
    row is clean, 2 when some are refused, 3 when something has to be answered.
    """
    if sum(one is not None for one in (file, commit, undo)) != 1:
        raise click.UsageError("name a FILE, or --commit ID, or --undo ID")
    if file is not None and kind is None:
        raise click.UsageError("say what the rows are: --kind")
    chosen = settings.read(os.environ)
    order = ImportOrder(
        file=file,
        kind=kind,
        dry_run=dry_run,
        commit=commit,
        undo=undo,
        answers=run.read(_answers(answers), IntakeAnswers),
        every_row=every_row,
        close=close,
        leave_edited=leave_edited,
        exercise=run.read(exercise, Exercise | None),
        default_visibility=chosen.default_visibility,
    )
    with database.migrated(chosen) as url, bars() as advance:
        try:
            intake, rows = asyncio.run(_work(lambda: database.writing(url), order, advance))
        except RefusedFile as refused:
            click.echo(f"refused 退回: {refused}", err=True)
            sys.exit(REFUSALS)
    if as_json:
        click.echo(msgspec.json.encode({"intake": intake, "rows": rows}))
    else:
        _show(intake, rows)
    sys.exit(_code(intake, order))


def _answers(answers: tuple[str, ...]) -> dict[str, Any]:
    """The answers by name; what names no question names a column."""
    given: dict[str, Any] = {}
    for answer in answers:
        name, equals, value = answer.partition("=")
        if not equals:
            raise click.UsageError(f"--answer is NAME=VALUE, not {answer}")
        if name == "header_row":
            given[name] = int(value) if value.isdigit() else value
        elif name in ANSWERED:
            given[name] = value
        else:
            given.setdefault("columns", {})[name] = value or None
    return given


async def _work(
    open_writer: OpenWriter, order: ImportOrder, advance: Advance
) -> tuple[Intake, list[IntakeRow]]:
    """Do what is asked for; the intake as it is then, and its rows that have findings."""
    sight = sight_of(SYSTEM, order.exercise)

    def task(step: Step, identity: UUID) -> IntakeTask:
        return IntakeTask(
            step=step,
            intake=identity,
            actor=SYSTEM,
            exercise=order.exercise,
            via="cli",
            default_visibility=order.default_visibility,
            policy="all" if order.every_row else "clean",
            close=order.close,
            leave_edited=order.leave_edited,
        )

    identity = order.commit or order.undo
    if order.file is not None:
        async with open_writer() as writer:
            work = Work(writer, SYSTEM, sight, via="cli")
            content = order.file.read_bytes()
            identity = await receive(work, order.kind, order.file.name, content, order.answers)  # type: ignore[arg-type]
        checked = await check_intake(open_writer, task("check", identity), advance)
        if checked.report.questions or order.dry_run:
            return await _read(open_writer, order, identity)
    assert identity is not None
    if order.undo is not None:
        await undo_intake(open_writer, task("undo", identity), advance)
    else:
        await commit_intake(open_writer, task("commit", identity), advance)
    return await _read(open_writer, order, identity)


async def _read(
    open_writer: OpenWriter, order: ImportOrder, identity: UUID
) -> tuple[Intake, list[IntakeRow]]:
    sight = sight_of(SYSTEM, order.exercise)
    async with open_writer() as reader:
        rows: list[IntakeRow] = []
        for severity in ("refuse", "warn"):
            chosen = {"severity": severity}
            rows += (await list_rows(reader, sight, SYSTEM, identity, chosen, -1, MOST_SHOWN)).rows
        gone = await list_rows(reader, sight, SYSTEM, identity, {"action": "retire"}, -1, MOST_SHOWN)
        return await read_intake(reader, sight, SYSTEM, identity), [*rows, *gone.rows]


def _code(intake: Intake, order: ImportOrder) -> int:
    questions = intake.report.questions if intake.report is not None else []
    if order.undo is not None:
        return 0
    if any(question.blocking for question in questions) or intake.counts.get("confirm"):
        return ASKS
    if intake.counts.get("refused"):
        return REFUSALS
    return ASKS if questions else 0


def _show(intake: Intake, rows: list[IntakeRow]) -> None:
    report = intake.report
    run.show(f"{intake.id} {intake.state} {intake.file_name}")
    for commit in (intake.receipt or {}).get("commits", [])[-1:]:
        stored = [f"{label} {commit[name]}" for name, label in STORED.items() if commit[name]]
        run.show("stored 已提交: " + (" · ".join(stored) or "nothing 无"))
    if intake.state == "undone":
        run.show(f"undone 已撤销: {(intake.receipt or {})['undone']['records']}")
    if report is None:
        return
    counts = [f"{label} {report.counts[name]}" for name, label in ACTIONS.items() if report.counts.get(name)]
    about = f"{report.format} {report.encoding or ''} {report.sheet or ''}".strip()
    run.show(about, " · ".join(counts) or None)
    for question in report.questions:
        choices = " | ".join(_choice(choice) for choice in question.choices)
        run.show(f"? {question.about}: {question.en} {question.zh}", choices or None)
    unread = [f"{one.column} {one.title}" for one in report.columns if one.field is None]
    run.show(f"columns not read 未读取的列: {', '.join(unread)}" if unread else None)
    found = [(row.name, one) for row in rows for one in row.findings if one["severity"] != "note"]
    found += [("", msgspec.to_builtins(one)) for one in report.findings]
    if found:
        run.show(_findings(found[:MOST_SHOWN]))
    gone = [row.name for row in rows if row.action == "retire"]
    run.show(f"not in the list any more 清单中已没有: {', '.join(gone)}" if gone else None)


def _choice(choice: Any) -> str:
    return f"{choice['encoding']}: {choice['lines'][0]}" if isinstance(choice, dict) else str(choice)


def _findings(found: list[tuple[str, dict[str, Any]]]) -> Any:
    rows = run.table("findings 发现")
    for title in ("cell 单元格", "name 名称", "severity", "finding 发现"):
        rows.add_column(title)
    for name, one in found:
        cell = f"{one.get('column') or ''}{one.get('row') or ''}"
        rows.add_row(cell, name, one["severity"], f"{one['message']['zh']} {one['message']['en']}")
    return rows
