"""`registry retain`: forget what need not be kept, and show what takes the space."""

import asyncio
import os
from datetime import UTC, datetime

import click

from registry.cli.progress import bars
from registry.runtime import database
from registry.runtime.settings import SettingsError, read
from registry.services.operate.retain import retain
from registry.store.database import doctor

MB = 1_000_000


@click.command()
@click.option(
    "--audit-days", type=click.IntRange(30), help="Keep the audit so long; else REGISTRY_KEEP_AUDIT_DAYS."
)
def command(audit_days: int | None) -> None:
    """Delete the entries of the audit that are older than decided, and show the sizes. 清理审计记录。

    The history is kept for ever: `as_of`, `check` and the seals need all of it.
    """
    settings = read(os.environ)
    days = audit_days or settings.keep_audit_days
    if not days:
        raise SettingsError(
            "nothing says how long the audit is kept: --audit-days, or REGISTRY_KEEP_AUDIT_DAYS"
        )

    async def run(url: str) -> tuple[int, list[dict[str, object]]]:
        with bars() as advance:
            forgotten = await retain(lambda: database.writing(url), days, datetime.now(UTC), advance)
        async with database.writing(url) as writer:
            return forgotten, await doctor.sizes(writer)

    with database.owned(settings) as url:
        forgotten, sizes = asyncio.run(run(url))
    click.echo(f"{forgotten} entries of the audit older than {days} days are deleted 已清理")
    for table in sizes:
        click.echo(
            f"{int(str(table['bytes'])) / MB:10,.1f} MB  {table['name']}  (about {table['rows']} rows)"
        )
