"""`registry sync`: what the field could not send."""

import asyncio
import os
import sys
from collections import Counter
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from registry.domain.sync.queue_file import open_queue
from registry.runtime import database
from registry.runtime.settings import read
from registry.services.sync.take_queue import take_queue

UNSETTLED = ("conflict", "rejected", "blocked")
SOME_REFUSED = 3


@click.group()
def command() -> None:
    """What phones in the field could not send. 外勤数据。"""


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--passphrase", prompt=True, hide_input=True, help="What the phone's holder typed. 口令。")
def import_queue(file: Path, passphrase: str) -> None:
    """Take in FILE, which the field page exported, as if its phone had sent it. 导入外勤导出文件。

    What arrived before changes nothing, now and when the phone sends it later. A file can be made by
    whoever knows the passphrase: take in what was handed over by somebody you know. Ends with 3 where
    something was refused.
    """
    queue = open_queue(file.read_bytes(), passphrase)
    with database.owned(read(os.environ)) as url:
        taken = asyncio.run(take_queue(lambda: database.writing(url), queue))
    table = Table("kind 种类", "record 记录", "result 结果", "why 原因")
    for one in taken:
        kind, record = (str(one.operation.get(name, "—")) for name in ("kind", "resource_id"))
        table.add_row(kind, record, one.result, one.detail or "")
    Console().print(table)
    counts = Counter(one.result for one in taken)
    click.echo(f"{queue.holder}: {', '.join(f'{n} {result}' for result, n in counts.items()) or 'nothing'}")
    sys.exit(SOME_REFUSED if any(counts[result] for result in UNSETTLED) else 0)
