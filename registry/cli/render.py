"""`registry render`: rows and texts as this release makes them."""

import asyncio
import os
import sys

import click

from registry.cli.progress import bars
from registry.runtime import database, settings
from registry.services.records.render import render


@click.command()
def command() -> None:
    """Make all rows and texts from the recorded members again. 按记录内容重建数据行与文本。

    Run it after an upgrade. It adds no version, may be stopped, and goes over everything when it runs again.
    """
    with database.owned(settings.read(os.environ)) as url, bars() as advance:
        rendered = asyncio.run(render(lambda: database.writing(url), advance))
    click.echo(f"{rendered.versions} versions, {rendered.rewritten} rewritten 已重建")
    if rendered.keys:
        click.echo(f"{rendered.keys} search keys of places and zones rewritten 检索键已重建")
    for fault in rendered.faults:
        click.echo(f"✗ {fault}")
    sys.exit(1 if rendered.faults else 0)
