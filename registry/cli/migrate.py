"""`registry migrate`."""

import os

import click

from registry.runtime import database, settings
from registry.store.database import migrations


@click.command()
def command() -> None:
    """Bring the database to the schema of this release. 升级数据库结构。"""
    with database.migrated(settings.read(os.environ)):
        click.echo(f"the schema is at {migrations.head()}")
