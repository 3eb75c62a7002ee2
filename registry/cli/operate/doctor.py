"""`registry doctor`: what is wrong, one line each, with its cure."""

import asyncio
import os
import sys
from datetime import UTC, datetime

import click

from registry.domain.errors import RegistryError
from registry.runtime import database
from registry.runtime.settings import demand_safe, read
from registry.services.operate.examine import Diagnosis, examine_database, examine_host
from registry.store.database import doctor
from registry.store.database.pool import Row

MB = 1_000_000


@click.command()
def command() -> None:
    """Look at settings, disk, locks, versions, clocks, backups and certificates. 体检。

    Each finding is a line with its cure; the sizes of the largest tables follow. Exit code 1 when something
    is wrong.
    """
    settings, now = read(os.environ), datetime.now(UTC)
    demand_safe(settings)
    found = examine_host(settings, now)

    async def run(url: str) -> tuple[list[Diagnosis], Row, list[dict[str, object]]]:
        async with database.writing(url) as writer:
            diagnoses = await examine_database(writer, settings, datetime.now(UTC))
            return diagnoses, await doctor.facts(writer), await doctor.sizes(writer)

    with database.available(settings) as url:
        try:
            diagnoses, facts, sizes = asyncio.run(run(url))
        except RegistryError as error:
            diagnoses, facts, sizes = (
                [Diagnosis("database", error.detail, "start it, or mend the URL")],
                None,
                [],
            )
    found += diagnoses
    for one in found:
        click.echo(f"✗ {one.subject}: {one.finding} → {one.cure}")
    if facts is not None:
        click.echo(
            f"PostgreSQL {facts['postgresql']}, PostGIS {facts['postgis']}, schema {facts['revision']}"
        )
    for table in sizes:
        click.echo(
            f"{int(str(table['bytes'])) / MB:10,.1f} MB  {table['name']}  (about {table['rows']} rows)"
        )
    click.echo("nothing is wrong 一切正常" if not found else f"{len(found)} findings 处问题")
    sys.exit(1 if found else 0)
