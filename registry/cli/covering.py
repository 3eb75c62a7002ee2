"""`registry covering`."""

from typing import Any

import click
import msgspec
from rich.table import Table

from registry.api.v1.proximity.covering import covered
from registry.cli import run
from registry.domain.access.sight import Sight
from registry.domain.conditions import Conditions
from registry.domain.proximity.origin import Origin
from registry.runtime.settings import Settings
from registry.services.proximity.watching import WATCHER
from registry.store.database.pool import Reader


@click.command()
@run.LON
@run.LAT
@run.DATUM
@run.EXERCISE
@run.ALL
@run.JSON
def command(
    lon: float, lat: float, datum: Any, exercise: str | None, all_records: bool, as_json: bool
) -> None:
    """The fire watch points that cover LON LAT, and those that could not be tested. 查询覆盖该点的监测点。"""
    origin = run.read({"lon": lon, "lat": lat, "datum": datum}, Origin)

    async def ask(reader: Reader, sight: Sight, known: Settings) -> Any:
        conditions = Conditions(kind=WATCHER)
        return await covered(reader, sight, conditions, origin, known.stale_after_days, [])

    found = run.answer(ask, exercise, all_records)
    if as_json:
        click.echo(found)
        return
    told = msgspec.json.decode(found)
    run.show(run.converted(told["origin"]))
    run.show(run.hits("covering 覆盖", told["features"]), untested(told["untested"]["resources"]))


def untested(listed: list[dict[str, Any]]) -> Table | None:
    """The watch points for which nobody can tell."""
    if not listed:
        return None
    table = Table(title=f"could not be tested 无法判定: {len(listed)}", title_justify="left")
    for heading in ("name 名称", "why 原因", "radius 半径", "least–most 区间"):
        table.add_column(heading)
    for one in listed:
        interval = f"{run.metres(one['distance_min_m'])} – {run.metres(one['distance_max_m'])}"
        table.add_row(run.named(one), one["reason"], run.metres(one["watch_radius_m"]), interval)
    return table
