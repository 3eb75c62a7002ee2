"""`registry plan`: check plans against the records."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import click
import msgspec
from rich.console import Console
from rich.table import Table

from registry.cli.report.plan_page import VERDICT_ORDER, WORDS, interval_text, page
from registry.domain.access.sight import EVERYTHING, PUBLIC, Sight
from registry.domain.plans.wording import Lang, in_language, text_in
from registry.domain.records.clock import past_instant
from registry.domain.values import PlaceCode
from registry.runtime import database, settings
from registry.runtime.settings import Settings
from registry.services.access.exercises import demand_exercise
from registry.services.clock import now
from registry.services.intake.known_codes import demand_known
from registry.services.plans import documents as document_service
from registry.services.plans import reconciliation
from registry.services.plans.reconciliation import PlanReport
from registry.store.database.pool import Reader, reading

STYLE = {"met": "green", "not_met": "red", "unknown": "yellow", "cannot_evaluate": "dim"}
T = TypeVar("T")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Compare the plans with what is recorded. 规划与现状核对。"""


@command.command()
@click.option("--document", help="Check the provisions of this document. 文件编号。")
@click.option("--place", help="Check the provisions about this place. 地点代码。")
@click.option("--exercise", help="Ask inside this exercise. 演练名称。")
@click.option("--as-of", help="Answer from what was recorded then, such as 2025-12-31T23:59:59+08:00. 时点。")
@click.option("--all-records", is_flag=True, help="Count restricted and exact internal records. 含受限数据。")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="语言。")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="A page that opens offline.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def check(
    document: str | None,
    place: str | None,
    exercise: str | None,
    as_of: str | None,
    all_records: bool,
    lang: Lang,
    report: Path | None,
    as_json: bool,
) -> None:
    """Print each check with its verdict. 逐条核对规划条款。"""
    if document is None and place is None:
        raise click.UsageError("give --document or --place; `registry plan documents` lists the documents")
    sight = EVERYTHING if all_records else PUBLIC
    sight = msgspec.structs.replace(sight, exercise=exercise, as_of=as_of and instant(as_of))
    result = read(settings.read(os.environ), document, place, sight)
    if as_json:
        click.echo(msgspec.json.encode(in_language(msgspec.to_builtins(result), lang)))
    else:
        show(result, lang)
    if report is not None:
        report.write_text(page(result, lang), "utf-8")
        Console(stderr=True).print(f"wrote {report}")


def instant(text: str) -> datetime:
    """The moment that an RFC 3339 text names; UsageError when it names none or has no time zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"--as-of {text} is not a time such as 2025-12-31T23:59:59+08:00") from error
    if moment.tzinfo is None:
        raise click.UsageError("--as-of needs a time zone, such as +08:00")
    past_instant(moment, now())
    return moment


def read(configured: Settings, document: str | None, place: str | None, sight: Sight) -> PlanReport:
    """The checks, the reconciliation and the survey list of a document or place."""

    async def report(reader: Reader) -> PlanReport:
        await demand_exercise(reader, sight)
        known = place and await demand_known(reader, place, kind=PlaceCode, field="place")
        return await reconciliation.report(reader, sight, document, known)

    return _ask(configured, report)


def _ask(configured: Settings, question: Callable[[Reader], Awaitable[T]]) -> T:
    """The answer of a service, over connections that end with the question."""

    async def run(url: str) -> T:
        async with reading(configured, url) as reader:
            return await question(reader)

    with database.migrated(configured) as url:
        return asyncio.run(run(url))


def show(result: PlanReport, lang: Lang) -> None:
    """Print the checks as a table, what is not met first."""
    table = Table(title=text_in(result.title, lang))
    for column in ("verdict", "provision", "required", "observed"):
        table.add_column(text_in(WORDS[column], lang))
    for item in sorted(result.checks, key=lambda check: VERDICT_ORDER.index(check.verdict)):
        table.add_row(
            text_in(item.verdict_label, lang),
            f"{text_in(item.title, lang)} ({item.locator})",
            text_in(item.requirement_label, lang) if item.requirement_label else "–",
            interval_text(item.observed, lang),
            style=STYLE[item.verdict],
        )
    Console(width=None if sys.stdout.isatty() else 140).print(table)


@command.command()
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="语言。")
def documents(lang: Lang) -> None:
    """List the documents whose provisions can be checked. 列出文件。"""
    for item in _ask(settings.read(os.environ), document_service.list_documents):
        click.echo(f"{item.id:28} {item.issued_on!s:12} {text_in(item.title, lang)}")
