"""`registry covering`."""

from typing import TYPE_CHECKING, Any

import click
import msgspec

from registry.cli import run
from registry.domain.access.sight import Sight
from registry.domain.conditions import Conditions
from registry.domain.proximity.origin import Origin
from registry.runtime.settings import Settings
from registry.services.proximity.answer import question_of
from registry.services.proximity.covering import WATCH_POINT, Covering, covering
from registry.store.database.pool import Reader

if TYPE_CHECKING:
    from rich.table import Table


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

    async def ask(reader: Reader, sight: Sight, settings: Settings) -> Covering:
        conditions = Conditions(kind=WATCH_POINT)
        question = question_of(conditions, sight, settings.stale_after_days)
        return await covering(reader, sight, question, origin)

    text = run.answer(ask, exercise, all_records)
    if as_json:
        click.echo(text)
        return
    answer = msgspec.json.decode(text)
    run.show(run.converted(answer["origin"]))
    run.show(run.hits("covering 覆盖", answer["features"]), untested(answer["untested"]["resources"]))


def untested(watch_points: list[dict[str, Any]]) -> "Table | None":
    """The watch points that could not be tested, as a table."""
    if not watch_points:
        return None
    table = run.table(f"could not be tested 无法判定: {len(watch_points)}")
    for heading in ("name 名称", "why 原因", "radius 半径", "least–most 区间"):
        table.add_column(heading)
    for one in watch_points:
        interval = f"{run.metres(one['distance_min_m'])} – {run.metres(one['distance_max_m'])}"
        table.add_row(run.named(one), one["reason"], run.metres(one["watch_radius_m"]), interval)
    return table
