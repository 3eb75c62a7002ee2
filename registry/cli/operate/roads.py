"""`registry roads`: the road network that travel times are searched in."""

import asyncio
import os
import sys
from datetime import datetime
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from registry.cli import run
from registry.domain.roads.network import RoadCounts
from registry.domain.roads.speeds import DEFAULT_SPEEDS, read_speeds
from registry.runtime import database, settings
from registry.services.roads.check_roads import RoadsReport, check_roads
from registry.services.roads.load_roads import LoadedRoads, load_roads
from registry.store.database.pool import reading
from registry.store.roads.osm_file import Bounds


class Corners(click.ParamType[Bounds]):
    """Four degrees: west, south, east, north."""

    name = "W,S,E,N"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Bounds:
        """The four numbers, in order."""
        try:
            west, south, east, north = map(float, value.split(","))
        except ValueError:
            self.fail(f"{value} is not four degrees: west,south,east,north", param, ctx)
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            self.fail(f"{value} is no box: west < east, south < north", param, ctx)
        return west, south, east, north


@click.group()
def command() -> None:
    """The roads that minutes are counted on. 路网。"""


@command.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--within", type=Corners(), help="Only this box; take 20 km more than you ask about. 范围。")
@click.option(
    "--speeds",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your own speeds and factors, JSON. 车速表。",
)
@click.option(
    "--extract-at", type=click.DateTime(), help="When FILE was taken, if it does not say. 数据时间。"
)
@run.JSON
def load_file(
    file: Path, within: Bounds | None, speeds: Path | None, extract_at: datetime | None, as_json: bool
) -> None:
    """Make the roads of FILE.osm.pbf the current ones. 载入 OpenStreetMap 道路。"""
    table = DEFAULT_SPEEDS if speeds is None else read_speeds(speeds.read_bytes())
    taken_at = None if extract_at is None else extract_at.astimezone()

    async def load(url: str) -> LoadedRoads:
        async with database.writing(url) as writer:
            return await load_roads(writer, file, table, within, taken_at)

    with database.owned(settings.read(os.environ)) as url:
        loaded = asyncio.run(load(url))
    if as_json:
        click.echo(msgspec.json.encode(loaded))
        return
    shown = _counts(file.name, loaded.counts)
    shown.add_row("version 版本", loaded.version)
    shown.add_row("extract of 数据时间", f"{loaded.extract_at:%Y-%m-%d %H:%M}")
    shown.add_row("speeds 车速表", loaded.speeds)
    shown.add_row("licence 许可", loaded.licence)
    Console().print(shown)


@command.command("check")
@run.JSON
def check_current(as_json: bool) -> None:
    """Components, ways without a speed and limited bridges of the current roads. 核对现用路网。

    The exit code is 1 when the stored arrays are damaged.
    """
    chosen = settings.read(os.environ)

    async def ask(url: str) -> RoadsReport:
        async with reading(chosen, url) as reader:
            return await check_roads(reader)

    with database.migrated(chosen) as url:
        report = asyncio.run(ask(url))
    if as_json:
        click.echo(msgspec.json.encode(report))
    else:
        _show(report)
    sys.exit(0 if report.is_whole else 1)


def _show(report: RoadsReport) -> None:
    shown = _counts(report.source, report.counts)
    shown.add_row("version 版本", report.version)
    shown.add_row("extract of 数据时间", f"{report.extract_at:%Y-%m-%d %H:%M}")
    shown.add_row("loaded 载入", f"{report.loaded_at:%Y-%m-%d %H:%M}")
    shown.add_row("extent 范围", ", ".join(f"{degrees:.4f}" for degrees in report.extent))
    shown.add_row("speeds 车速表", f"{report.speeds.name}: {report.speeds.source}")
    for one in report.speeds.factors:
        shown.add_row("factors 系数", f"{one.condition}: {one.source}")
    shown.add_row("licence 许可", report.licence)
    shown.add_row(
        "arrays 数组", "whole 完好" if report.is_whole else "damaged: load again 已损坏，请重新载入"
    )
    Console().print(shown)


def _counts(title: str, counts: RoadCounts) -> Table:
    shown = Table(title=title, show_header=False)
    shown.add_row("ways 道路", f"{counts.ways}, {counts.without_speed} without a posted speed 无限速值")
    shown.add_row("junctions 节点", f"{counts.junctions}, {counts.left_out} left out as cut off 孤立未用")
    shown.add_row("arcs 有向路段", str(counts.arcs))
    shown.add_row("components 连通块", str(counts.components))
    shown.add_row("limited 限重限高", f"{counts.limited} pieces 路段")
    shown.add_row("barriers 路障", str(counts.barriers))
    return shown
