"""`registry import`."""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from registry.cli import run
from registry.domain.access.sight import Sight
from registry.domain.intake.files.refusal import RefusedFile
from registry.domain.records.resource import KINDS
from registry.runtime.settings import Settings
from registry.services.intake.files.check_file import CheckedFile, FileOptions, check_file
from registry.store.database.pool import Reader

REFUSALS, ASKS = 2, 3
"""Exit codes: something is refused; something has to be answered first."""
MOST_SHOWN = 200
ACTIONS = {
    "create": "new 新增",
    "update": "update 更新",
    "unchanged": "unchanged 不变",
    "confirm": "confirm 疑似重复",
    "refused": "refused 退回",
    "retire": "retire? 拟注销",
}
ANSWERED = ("encoding", "sheet", "header_row", "datum", "system", "whole_list_of")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What the rows are. 资源类别。")
@click.option("--dry-run", is_flag=True, required=True, help="Check the file and store nothing. 试运行。")
@click.option(
    "--answer",
    "answers",
    multiple=True,
    metavar="NAME=VALUE",
    help=f"Answer a question: {', '.join(ANSWERED)}, or a column and its field. 回答问题。",
)
@run.EXERCISE
@run.JSON
def command(
    file: Path, kind: str, dry_run: bool, answers: tuple[str, ...], exercise: str | None, as_json: bool
) -> None:
    """Check what the rows of FILE would do, and say what is wrong with them. 检查导入文件。

    Ends with 0 when every row is clean, 2 when some are refused, 3 when something has to be answered.
    """
    if not dry_run:
        raise click.UsageError("say --dry-run: files are checked, and nothing is stored")
    options = run.read(_options(file, kind, answers), FileOptions)
    content = file.read_bytes()

    async def check(reader: Reader, sight: Sight, _: Settings) -> CheckedFile:
        return await check_file(reader, sight, content, options)

    try:
        text = run.answer(check, exercise, all_records=True)
    except RefusedFile as refused:
        click.echo(f"refused 退回: {refused}", err=True)
        sys.exit(REFUSALS)
    checked = msgspec.json.decode(text)
    if as_json:
        click.echo(text)
    else:
        _show(checked)
    sys.exit(_code(checked))


def _options(file: Path, kind: str, answers: tuple[str, ...]) -> dict[str, Any]:
    """The options that the answers make; what names no option names a column."""
    options: dict[str, Any] = {"kind": kind, "reference": file.name, "columns": {}}
    for answer in answers:
        name, equals, value = answer.partition("=")
        if not equals:
            raise click.UsageError(f"--answer is NAME=VALUE, not {answer}")
        if name == "header_row":
            options[name] = int(value) if value.isdigit() else value
        elif name in ANSWERED:
            options[name] = value
        else:
            options["columns"][name] = value or None
    return options


def _code(checked: dict[str, Any]) -> int:
    counts = checked["counts"]
    if any(question["blocking"] for question in checked["questions"]) or counts.get("confirm"):
        return ASKS
    if counts.get("refused"):
        return REFUSALS
    return ASKS if checked["questions"] else 0


def _show(checked: dict[str, Any]) -> None:
    counts = [f"{ACTIONS[name]} {count}" for name, count in checked["counts"].items() if name in ACTIONS]
    about = f"{checked['format']} {checked['encoding'] or ''} {checked['sheet'] or ''}".strip()
    run.show(about, " · ".join(counts) or None)
    for question in checked["questions"]:
        choices = " | ".join(_choice(choice) for choice in question["choices"])
        run.show(f"? {question['about']}: {question['en']} {question['zh']}", choices or None)
    unread = [f"{one['column']} {one['title']}" for one in checked["columns"] if one["field"] is None]
    run.show(f"columns not read 未读取的列: {', '.join(unread)}" if unread else None)
    aside = [f"{one['row']} {one['reason']}" for one in checked["set_aside"] if one["reason"] != "blank"]
    run.show(f"rows set aside 未作为记录的行: {', '.join(aside)}" if aside else None)
    found = [(row, one) for row in checked["rows"] for one in row["findings"] if one["severity"] != "note"]
    found += [({"name": ""}, one) for one in checked["findings"]]
    if found:
        run.show(_findings(found[:MOST_SHOWN]))
    if len(found) > MOST_SHOWN:
        run.show(f"and {len(found) - MOST_SHOWN} more; --json has them all")


def _choice(choice: Any) -> str:
    return f"{choice['encoding']}: {choice['lines'][0]}" if isinstance(choice, dict) else str(choice)


def _findings(found: list[tuple[dict[str, Any], dict[str, Any]]]) -> Any:
    rows = run.table("findings 发现")
    for title in ("cell 单元格", "name 名称", "severity", "finding 发现"):
        rows.add_column(title)
    for row, one in found:
        cell = f"{one.get('column') or ''}{one.get('row') or ''}"
        rows.add_row(cell, row["name"], one["severity"], f"{one['message']['zh']} {one['message']['en']}")
    return rows
