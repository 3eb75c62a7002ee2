"""`registry boundaries`: how the borders of a territory fit together."""

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import click
import msgspec

from registry.cli import run
from registry.domain.access.actor import SYSTEM
from registry.domain.values import PlaceCode
from registry.runtime import database, settings
from registry.services.intake.known_codes import demand_known
from registry.services.places.boundaries import BoundaryReport, report_boundaries
from registry.store.database.pool import reading

if TYPE_CHECKING:
    from registry.domain.places.boundaries import BoundaryFault

MOST_SHOWN = 40


@click.command()
@click.argument("place")
@run.JSON
def command(place: str, as_json: bool) -> None:
    """Overlaps, gaps and missing borders at and under PLACE. 核对行政区边界。

    The exit code is 1 when something is wrong.
    """
    chosen = settings.read(os.environ)

    async def ask(url: str) -> BoundaryReport:
        async with reading(chosen, url) as reader:
            code = await demand_known(reader, place, kind=PlaceCode, field="place")
            return await report_boundaries(reader, SYSTEM, code)

    with database.migrated(chosen) as url:
        report = asyncio.run(ask(url))
    if as_json:
        click.echo(msgspec.json.encode(report))
    else:
        _show(report)
    sys.exit(1 if report.faults else 0)


def _show(report: BoundaryReport) -> None:
    click.echo(f"{report.place}: {report.compared} places compared with those under them 已核对")
    for fault in report.faults[:MOST_SHOWN]:
        click.echo(f"{_about(fault)}: {fault.finding.message.en} {fault.finding.message.zh}")
    more = sum(report.counts.values()) - MOST_SHOWN
    if more > 0:
        click.echo(f"and {more} more, see --json 另有 {more} 条")


def _about(fault: "BoundaryFault") -> str:
    return ", ".join(fault.places) or fault.parent
