"""`registry basemap check`: whether a tile archive can be the ground of the map."""

import asyncio
import os
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from registry.domain.basemap import MapShift, schema_of
from registry.runtime import database, settings
from registry.runtime.basemap import BasemapFile
from registry.services.places.check_basemap import check_shift

VERDICTS = {
    "none": "no shift 无偏移",
    "gcj02": "GCJ-02: refused 火星坐标，不可用",
    "other": "shifted, look at it 有偏移，请核对",
    "unknown": "too few places in common 同名地点太少，无法判断",
}


@click.group()
def command() -> None:
    """The ground of the map. 底图。"""


@command.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check_file(file: Path) -> None:
    """Look at a .pmtiles FILE: its tiles, schema and source, and whether it is shifted. 检查底图文件。"""
    opened = BasemapFile(file)
    try:
        archive, layers = opened.archive, opened.layers()
        schema = schema_of(archive, layers)
        attribution, size = opened.metadata().get("attribution"), opened.size
    finally:
        opened.close()
    with database.available(settings.read(os.environ)) as url:
        shift = asyncio.run(_shift(url, file))
    table = Table(title=file.name, show_header=False)
    table.add_row("size 大小", f"{size / 1e6:.1f} MB")
    table.add_row("tiles 瓦片", f"{archive.tile_type}, {archive.tile_compression}")
    table.add_row("zoom 级别", f"{archive.min_zoom} – {archive.max_zoom}")
    table.add_row("bounds 范围", "not stated 未写明" if archive.bounds is None else str(archive.bounds))
    table.add_row("schema 图层规范", schema)
    table.add_row("source 来源", attribution or "not stated: set REGISTRY_BASEMAP_ATTRIBUTION 未写明")
    table.add_row("compared 比对地点", str(shift.seats))
    table.add_row(
        "shift 偏移", f"{shift.distance_m:.0f} m, {shift.bearing_deg:.0f}° · {VERDICTS[shift.verdict]}"
    )
    Console().print(table)
    sys.exit(1 if schema == "unknown" or shift.verdict == "gcj02" else 0)


async def _shift(url: str, file: Path) -> MapShift:
    async with database.writing(url) as writer:
        return await check_shift(writer, file)
