"""`registry covering`."""

from datetime import UTC, datetime
from typing import Any

import click
import msgspec
from rich.table import Table

from registry import asking
from registry.api.proximity.asking import Asked
from registry.api.proximity.covering import covered
from registry.api.proximity.watching import WATCHER
from registry.domain.conditions import Conditions, filter_of
from registry.domain.origin import Origin
from registry.domain.sight import Sight
from registry.settings import Settings
from registry.store.pool import Reader


@click.command()
@asking.LON
@asking.LAT
@asking.DATUM
@asking.EXERCISE
@asking.ALL
@asking.JSON
def command(
    lon: float, lat: float, datum: Any, exercise: str | None, all_records: bool, as_json: bool
) -> None:
    """The fire watch points that cover LON LAT, and those that could not be tested. 查询覆盖该点的监测点。"""
    origin = asking.read({"lon": lon, "lat": lat, "datum": datum}, Origin)

    async def ask(reader: Reader, sight: Sight, known: Settings) -> Any:
        now = datetime.now(UTC)
        question = Asked(filter_of(Conditions(kind=WATCHER), now), origin, now)
        return await covered(reader, sight, question, known.stale_after_days, [])

    found = asking.answer(ask, exercise, all_records)
    if as_json:
        click.echo(found)
        return
    told = msgspec.json.decode(found)
    asking.show(asking.converted(told["origin"]))
    asking.show(asking.hits("covering 覆盖", told["features"]), untested(told["untested"]["resources"]))


def untested(listed: list[dict[str, Any]]) -> Table | None:
    """The watch points for which nobody can tell."""
    if not listed:
        return None
    table = Table(title=f"could not be tested 无法判定: {len(listed)}", title_justify="left")
    for heading in ("name 名称", "why 原因", "radius 半径", "least–most 区间"):
        table.add_column(heading)
    for one in listed:
        interval = f"{asking.metres(one['distance_min_m'])} – {asking.metres(one['distance_max_m'])}"
        table.add_row(asking.named(one), one["reason"], asking.metres(one["watch_radius_m"]), interval)
    return table
