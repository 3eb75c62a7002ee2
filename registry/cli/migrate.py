"""`registry migrate`."""

import asyncio
import os

import click

from registry.runtime import database, settings
from registry.store.database import migrations
from registry.store.database.probe import ROLE, may_log_in


@click.command()
def command() -> None:
    """Bring the database to the schema of this release, as its owner. 升级数据库结构。"""
    with database.owned(settings.read(os.environ)) as url:
        click.echo(f"the schema is at {migrations.head()}")
        if not asyncio.run(may_log_in(url)):
            click.echo(f"the server needs a login: ALTER ROLE {ROLE} LOGIN PASSWORD '…'", err=True)
