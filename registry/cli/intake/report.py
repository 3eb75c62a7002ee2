"""`registry report`."""

import asyncio
import os
from pathlib import Path
from typing import get_args

import click
import msgspec

from registry.cli import run
from registry.cli.intake.export import OUT
from registry.domain.access.actor import SYSTEM, sight_of
from registry.domain.intake.files.drill import file_name
from registry.domain.intake.out.report import KindReport, head_of, sentences_of, table_of
from registry.domain.records.resource import KINDS, Exercise
from registry.runtime import database, settings
from registry.services.intake.out.render_report import ReportForm, render_report, title_of
from registry.services.intake.out.report_kind import report_kind
from registry.store.database.pool import reading


@click.command()
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What to report. 资源类别。")
@click.option("--place", required=True, help="The place, by its code. 地方代码。")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="语言。")
@OUT
@run.EXERCISE
@run.JSON
def command(kind: str, place: str, lang: str, out: Path | None, exercise: str | None, as_json: bool) -> None:
    """Figures of a kind for each town of a place: on the terminal, or as xlsx, docx or html. 统计表。"""
    drill = run.read(exercise, Exercise | None)
    report = _report(kind, place, drill)
    if as_json:
        click.echo(msgspec.json.encode(report))
        return
    if out is not None:
        form = out.suffix.removeprefix(".")
        if form not in get_args(ReportForm):
            raise click.UsageError("--out ends with .xlsx, .docx or .html")
        path = out.with_name(file_name(out.name, drill))
        path.write_bytes(render_report(report, form, lang))  # type: ignore[arg-type]
        click.echo(str(path))
        return
    rows = run.table(title_of(report, lang))  # type: ignore[arg-type]
    for text in head_of(report.measures, lang):
        rows.add_column(text)
    for line in table_of(report, lang):
        rows.add_row(*line)
    run.show(rows, *sentences_of(report, lang))


def _report(kind: str, place: str, drill: str | None) -> KindReport:
    chosen = settings.read(os.environ)
    with database.migrated(chosen) as url:

        async def work() -> KindReport:
            async with reading(chosen, url) as reader, reader.snapshot() as view:
                return await report_kind(view, sight_of(SYSTEM, drill), SYSTEM, kind, place)  # type: ignore[arg-type]

        return asyncio.run(work())
