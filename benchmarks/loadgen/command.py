"""`./dev generate`: fills a registry with invented records."""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator
from functools import partial
from tempfile import TemporaryFile
from typing import IO

import asyncpg
import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.loadgen import bulk
from benchmarks.loadgen.generator import Generator
from registry.cli import seed
from registry.runtime import database, settings
from registry.services.seeding import seed as seeding

PIECE = 1 << 20
EXERCISE = re.compile(r"(?!live$)[a-z0-9][a-z0-9-]{0,39}")


@click.command()
@click.argument("count", type=click.IntRange(1, 10_000_000))
@click.option("--exercise", help="Name of the exercise that the records belong to. 演练名称。")
@click.option("--replace", is_flag=True, help="Remove what the exercise holds first. 先清空该演练。")
@click.option("--live", is_flag=True, help="Make live records; only on a cluster that is thrown away.")
def command(count: int, exercise: str | None, replace: bool, live: bool) -> None:
    """Generate COUNT invented records for load tests. 生成压测数据。"""
    if live == (exercise is not None):
        raise click.UsageError("give either --exercise NAME or --live")
    if exercise is not None and not EXERCISE.fullmatch(exercise):
        raise click.UsageError("the name of an exercise is small letters, digits and hyphens")
    with database.owned(settings.read(os.environ)) as url:
        seed.first(url)
        begun = time.monotonic()
        asyncio.run(generate(url, count, exercise, replace=replace))
        Console(stderr=True).print(f"{count:,} records in {time.monotonic() - begun:.1f} s")


async def generate(url: str, count: int, exercise: str | None, *, replace: bool = False) -> None:
    """Load `count` generated records into an exercise, or as live ones when it is None."""
    connection = await asyncpg.connect(url, server_settings={"jit": "off"})
    try:
        with TemporaryFile() as flat, TemporaryFile() as stock:
            sources = _sources(count, exercise, flat, stock)
            if exercise is None:
                await bulk.load_live(connection, sources)
                return
            if replace:
                await bulk.remove_exercise(connection, exercise)
            await bulk.load_exercise(connection, exercise, sources)
    finally:
        await connection.close()


def _sources(count: int, exercise: str | None, flat: IO[bytes], stock: IO[bytes]) -> bulk.Sources:
    """The records as they are made, with a progress bar, and then what goes with them, from two files."""
    maker = Generator(count, exercise, seeding.read_features("places.geojson"))

    async def records() -> AsyncIterator[bytes]:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as progress:
            bar = progress.add_task("records", total=count)
            for chunk in maker.chunks():
                flat.write(chunk.flat)
                stock.write(chunk.stock)
                yield chunk.resources
                progress.advance(bar, chunk.size)

    return bulk.Sources(records, partial(_pieces, flat), partial(_pieces, stock))


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    file.seek(0)
    while piece := file.read(PIECE):
        yield piece
