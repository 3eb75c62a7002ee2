"""`registry seed`."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click
from rich.console import Console
from rich.table import Table

from registry.cli.progress import bars
from registry.runtime import database, settings
from registry.services.progress import Advance
from registry.services.seeding import seed
from registry.services.seeding.seed import Summary
from registry.store.database.pool import Writer

R = TypeVar("R")
QUALITIES = {
    "surveyed": "located by survey 已测量",
    "approximate": "approximate, with its error 近似",
    "candidate_places": "somewhere in named towns 候选街镇",
    "unknown": "place unknown 位置未知",
}


@click.command()
@click.option("--demo", is_flag=True, help="Also make the exercise `demo`. 同时生成演示数据。")
def command(demo: bool) -> None:
    """Store what the plan documents say. 载入规划文件的数据。"""

    async def work(writer: Writer, advance: Advance) -> Summary:
        summary = await seed.seed(writer, advance)
        if demo:
            await seed.add_demonstration(writer, advance)
        return summary

    with database.owned(settings.read(os.environ)) as url:
        show(watched(url, work))


def first(url: str) -> None:
    """Seed a new registry with the documents and the demonstration; nothing when it is not new."""
    summary = watched(url, seed.seed_if_new)
    if summary is not None:
        show(summary)


def watched(url: str, work: Callable[[Writer, Advance], Awaitable[R]]) -> R:
    """Run `work` in one transaction while its progress shows on the terminal."""
    with bars() as advance:

        async def run() -> R:
            async with database.writing(url) as writer:
                return await work(writer, advance)

        return asyncio.run(run())


def show(summary: Summary) -> None:
    """Print what the registry holds of the seeds, and how well it is located."""
    table = Table(title=f"{summary.resources} resources of the plan documents ({summary.added} new)")
    table.add_column("location 位置")
    table.add_column("records 记录", justify="right")
    for quality, label in QUALITIES.items():
        table.add_row(label, str(summary.quality.get(quality, 0)))
    console = Console(stderr=True)
    console.print(table)
    counts = {"places": summary.places, "coded values": summary.vocabularies, **summary.plans}
    console.print(", ".join(f"{count} {name}" for name, count in counts.items()))
