"""Answers as a table, as JSON or as CSV; a table that is not on a terminal keeps its whole text."""

import csv
import io
import json
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, NamedTuple

import click

from registry.cli.remote.session import Target

UNBOUNDED = 10_000
FORMULA_STARTS = ("=", "+", "-", "@")


class Printed(NamedTuple):
    """A column: its name in both languages, and its value of a row."""

    zh: str
    en: str
    value: Callable[[Any], Any]


def target_options(function: Callable[..., None]) -> Callable[..., None]:
    """The options that every command over HTTP has; they reach it as one `target`."""

    @wraps(function)
    def wrapped(
        *, url: str | None, key: str | None, profile: str | None, as_json: bool, as_csv: bool, lang: str,
        exercise: str | None, **rest: Any,
    ) -> None:  # fmt: skip
        form = "json" if as_json else "csv" if as_csv else "table"
        function(target=Target(url, key, profile, form, lang, exercise), **rest)

    for option in reversed(OPTIONS):
        wrapped = option(wrapped)
    return wrapped


OPTIONS = (
    click.option("--url", envvar="REGISTRY_URL", help="A registry elsewhere. 远程登记系统的地址。"),
    click.option("--key", envvar="REGISTRY_KEY", help="The key for it. 密钥。"),
    click.option("--profile", help="A saved registry (`registry profile save`). 已保存的登记系统。"),
    click.option("--exercise", help="Work inside this exercise. 演练名称。"),
    click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON."),
    click.option("--csv", "as_csv", is_flag=True, help="Print the rows as CSV."),
    click.option(
        "--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, envvar="REGISTRY_LANG",
        help="Language of headings and errors. 语言。",
    ),
)  # fmt: skip


def show_rows(target: Target, answer: Any, rows: Sequence[Any], columns: Sequence[Printed]) -> None:
    """Print an answer: whole as JSON, its rows as CSV or as a table."""
    if target.form == "json":
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
        return
    heads = [column.zh if target.language == "zh" else column.en for column in columns]
    cells = [[_text(column.value(row)) for column in columns] for row in rows]
    if target.form == "csv":
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerows([heads, *([_plain(cell) for cell in line] for line in cells)])
        click.echo(out.getvalue(), nl=False)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*heads, box=None, pad_edge=False)
    for line in cells:
        table.add_row(*line)
    Console(width=None if sys.stdout.isatty() else UNBOUNDED, markup=False, highlight=False).print(table)


def named(properties: dict[str, Any], language: str) -> str:
    """The name of a thing in a language, or in the other one."""
    name = properties.get("name") or {}
    if isinstance(name, str):
        return name
    first, second = ("zh", "en") if language == "zh" else ("en", "zh")
    return str(name.get(first) or name.get(second) or "")


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _plain(text: str) -> str:
    """Text that a spreadsheet would run as a formula gets a quote before it."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
