"""`registry check`: whether the history is whole and the database is the one this release needs."""

import asyncio
import os
import sys

import click
from rich.console import Console
from rich.table import Table

from registry.cli.progress import bars
from registry.domain.access.pepper import Peppers
from registry.runtime import database, key_pepper, settings
from registry.services.progress import Advance
from registry.services.records.check import check
from registry.store.database import migrations
from registry.store.database.health import look
from registry.store.sync import hash_chain
from registry.store.sync.hash_chain import Head


@click.command()
def command() -> None:
    """Verify the sealed history, every stored version and the schema. 校验历史记录与数据库。"""
    configured = settings.read(os.environ)
    with database.available(configured) as url, bars() as advance:
        faults, last, open_changes = asyncio.run(_verify(url, key_pepper.peppers(configured), advance))
    _show(faults, last, open_changes)
    sys.exit(1 if faults else 0)


async def _verify(url: str, peppers: Peppers, advance: Advance) -> tuple[list[str], Head, int]:
    async with database.writing(url) as writer:
        revision = (await look(writer)).revision
        if revision != migrations.head():
            faults = [f"the schema is at {revision}, this release needs {migrations.head()}"]
        else:
            faults = await check(writer, peppers, advance)
        last = await hash_chain.head(writer)
        return faults, last, await hash_chain.unsealed(writer, last)


def _show(faults: list[str], last: Head, open_changes: int) -> None:
    table = Table(title="history 历史", show_header=False)
    table.add_row("newest seal 最新封存", str(last.n))
    table.add_row("sealed changes 已封存变更", str(last.changes))
    table.add_row("not sealed yet 尚未封存", str(open_changes))
    table.add_row("hash", last.hash.hex() or "-")
    table.add_row("verdict 结论", "whole 完整" if not faults else f"{len(faults)} faults 处异常")
    console = Console()
    console.print(table)
    for fault in faults:
        console.print(f"✗ {fault}")
