"""`registry plan`."""

import asyncio
import os
import sys
from datetime import datetime
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from registry.cli.report.plan_page import ORDER, WORDS, Report, observed_in_words, page
from registry.domain.access.sight import EVERYTHING, PUBLIC, Sight
from registry.domain.plans.reconciliation import reconcile, survey_list
from registry.domain.plans.wording import Lang, localised
from registry.domain.values import Name
from registry.runtime import database, settings
from registry.runtime.settings import Settings
from registry.services.plans import compliance
from registry.store.database.pool import Reader, reading
from registry.store.places import places
from registry.store.plans import plans

STYLE = {"met": "green", "not_met": "red", "unknown": "yellow", "cannot_evaluate": "dim"}


@click.group()
def command() -> None:
    """Hold the plans against what is known. 规划与现状核对。"""


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
    found = read(settings.read(os.environ), document, place, sight)
    if as_json:
        click.echo(msgspec.json.encode(localised(msgspec.to_builtins(found), lang)))
    else:
        show(found, lang)
    if report is not None:
        report.write_text(page(found, lang), "utf-8")
        Console(stderr=True).print(f"wrote {report}")


def instant(text: str) -> datetime:
    """The moment that an RFC 3339 text names; UsageError when it names none or has no time zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"--as-of {text} is not a time such as 2025-12-31T23:59:59+08:00") from error
    if moment.tzinfo is None:
        raise click.UsageError("--as-of needs a time zone, such as +08:00")
    return moment


def read(known: Settings, document: str | None, place: str | None, sight: Sight) -> Report:
    """Everything that is printed, read and worked out."""

    async def run(url: str) -> Report:
        async with reading(known, url) as reader:
            return await _report(reader, document, place, sight)

    with database.migrated(known) as url:
        return asyncio.run(run(url))


async def _report(reader: Reader, document: str | None, place: str | None, sight: Sight) -> Report:
    provisions = await compliance.chosen_provisions(reader, document, place)
    groups = await compliance.judge(reader, sight, provisions)
    checks = [item for group in groups for item in group.checks]
    visits = [item for group in groups for item in survey_list(group.checks, group.facts)]
    return Report(
        title=await _title(reader, document, place),
        as_of=checks[0].as_of if checks else "",
        exercise=sight.exercise,
        checks=checks,
        lines=[line for group in groups for line in reconcile(group.provisions, group.facts)],
        visits=sorted(visits, key=lambda visit: (visit.place is None, -visit.settles, -visit.tasks)),
    )


async def _title(reader: Reader, document: str | None, place: str | None) -> Name:
    if document is not None:
        return (await plans.get_document(reader, document)).title
    row = await places.get(reader, place or "")
    return Name(row["name_zh"], row["name_en"]) if row else Name(place)


def show(found: Report, lang: Lang) -> None:
    """The checks as a table, what is not met first."""
    table = Table(title=_text(found.title, lang))
    for column in ("verdict", "provision", "required", "observed"):
        table.add_column(getattr(WORDS[column], lang))
    for item in sorted(found.checks, key=lambda c: ORDER.index(c.verdict)):
        required = getattr(item.requirement_label, lang) if item.requirement_label else "–"
        seen = observed_in_words(item.observed, lang)
        label = getattr(item.verdict_label, lang)
        table.add_row(
            label, f"{_text(item.title, lang)} ({item.locator})", required, seen, style=STYLE[item.verdict]
        )
    Console(width=None if sys.stdout.isatty() else 140).print(table)


def _text(name: Name, lang: Lang) -> str:
    return (name.zh if lang == "zh" else name.en) or str(name)


@command.command()
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="语言。")
def documents(lang: Lang) -> None:
    """List the documents whose provisions can be checked. 列出文件。"""

    async def run(url: str) -> None:
        async with reading(known, url) as reader:
            for item in await plans.documents(reader):
                click.echo(f"{item.id:28} {item.issued_on!s:12} {_text(item.title, lang)}")

    known = settings.read(os.environ)
    with database.migrated(known) as url:
        asyncio.run(run(url))
