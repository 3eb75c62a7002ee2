"""`registry terrain`: load elevations, draw what watch points see, say what is in use."""

import asyncio
import os
from pathlib import Path
from typing import Any

import click
import msgspec

from registry.cli import run
from registry.cli.progress import bars
from registry.domain.access.actor import SYSTEM
from registry.domain.terrain.model import TerrainModel, TerrainStatement
from registry.runtime import database, settings
from registry.services.terrain.describe import TerrainInUse, terrain_in_use
from registry.services.terrain.draw_seen import draw_all
from registry.services.terrain.load_model import load_model


@click.group()
def command() -> None:
    """Elevations, and what watch points see over them. 地形与通视。"""


@command.command("load")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--surface", required=True, type=click.Choice(["dsm", "dtm"]), help="Surface or bare ground. 表面或地面。"
)
@click.option(
    "--vertical-error",
    "error_m",
    required=True,
    type=float,
    help="How far a height may be off, m. 高程误差。",
)
@click.option("--canopy", "canopy_m", type=float, help="How high trees may stand on a dtm, m. 树冠高度。")
@click.option("--source", required=True, help="Where they come from, as it is to be quoted. 来源。")
@run.JSON
def load(
    files: tuple[Path, ...], surface: str, error_m: float, canopy_m: float | None, source: str, as_json: bool
) -> None:
    """Load elevations from GeoTIFF or HGT FILES in place of those in use, and draw. 装入高程并计算通视。"""
    values = {"surface": surface, "vertical_error_m": error_m, "canopy_m": canopy_m, "source": source}
    stated: TerrainStatement = run.read(values, TerrainStatement)

    async def work(url: str) -> TerrainInUse:
        with bars() as advance:
            await load_model(lambda: database.writing(url), SYSTEM, stated, files, advance)
        return await _drawn(url)

    _with_database(work, as_json)


@command.command("draw")
@run.JSON
def draw(as_json: bool) -> None:
    """Draw what was not drawn yet; a running server does so by itself. 重算通视范围。"""
    _with_database(_drawn, as_json)


@command.command("show")
@run.JSON
def show(as_json: bool) -> None:
    """The elevations in use, and how many watch points are drawn. 查看当前地形。"""

    async def look(url: str) -> TerrainInUse:
        async with database.writing(url) as writer:
            return await terrain_in_use(writer)

    _with_database(look, as_json)


async def _drawn(url: str) -> TerrainInUse:
    await draw_all(lambda: database.writing(url))
    async with database.writing(url) as writer:
        return await terrain_in_use(writer)


def _with_database(work: Any, as_json: bool) -> None:
    with database.migrated(settings.read(os.environ)) as url:
        found: TerrainInUse = asyncio.run(work(url))
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        _tell(found)


def _tell(found: TerrainInUse) -> None:
    if found.model is None:
        click.echo("no elevations are loaded: registry terrain load 尚未装入高程")
        return
    click.echo(_line(found.model))
    for name, count in sorted(found.watch_points.items()):
        click.echo(f"  {name}: {count}")


def _line(model: TerrainModel) -> str:
    west, south, east, north = model.bounds
    canopy = "" if model.canopy_m is None else f", canopy 树冠 {model.canopy_m:g} m"
    return (
        f"version {model.version}: {model.cells:,} heights 高程点, {model.voids:,} voids 空值,"
        f" {model.surface}, ± {model.vertical_error_m:g} m{canopy},"
        f" {west:.4f} {south:.4f} – {east:.4f} {north:.4f}, {model.source}"
    )
