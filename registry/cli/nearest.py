"""`registry nearest`."""

from typing import Any

import click
import msgspec

from registry.cli import run
from registry.cli.condition_options import condition_options, stated
from registry.domain.access.sight import Sight
from registry.domain.conditions import Conditions
from registry.domain.proximity.origin import Origin
from registry.domain.roads.answer import By, by_minutes, demand_by_distance
from registry.domain.roads.closures import Vehicle
from registry.runtime.settings import Settings
from registry.services.intake.known_codes import demand_known
from registry.services.proximity.answer import Near, question_of
from registry.services.proximity.nearest import nearest
from registry.services.roads.current_roads import CurrentRoads
from registry.services.roads.near_by_minutes import nearest_by_minutes
from registry.store.database.pool import Reader


@click.command()
@run.LON
@run.LAT
@click.option(
    "-k", "count", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many. 数量。"
)
@click.option("--max-m", type=click.FloatRange(0, 20_037_509), help="No farther than this, metres.")
@click.option(
    "--by", type=click.Choice(["distance", "minutes"]), default="distance", help="直线距离或按道路分钟。"
)
@click.option(
    "--max-minutes", type=click.FloatRange(0, 600, min_open=True), help="By minutes: no farther. 分钟。"
)
@click.option(
    "--weight-t", type=click.FloatRange(0, 500, min_open=True), help="Weight of the vehicle, tonnes. 车重。"
)
@click.option("--condition", help="Whose factors give the greatest time, such as ice. 路况。")
@condition_options
@run.DATUM
@run.EXERCISE
@run.ALL
@run.JSON
def command(
    lon: float, lat: float, datum: str, count: int, max_m: float | None, by: By, max_minutes: float | None,
    weight_t: float | None, condition: str | None, exercise: str | None, all_records: bool, as_json: bool,
    **conditions: Any,
) -> None:  # fmt: skip
    """The nearest resources in service to LON LAT. 查询最近的资源。"""
    vehicle = None if weight_t is None else Vehicle(weight_t=weight_t)
    road = by_minutes(by, max_minutes, vehicle, condition)
    where = run.read(stated(conditions), Conditions)
    origin = run.read({"lon": lon, "lat": lat, "datum": datum}, Origin)

    async def ask(reader: Reader, sight: Sight, settings: Settings) -> Near:
        known = await demand_known(reader, where)
        question = question_of(known, sight, settings.stale_after_days)
        if road is not None:
            demand_by_distance(max_m=max_m)
            roads = CurrentRoads(settings.data_dir / "roads")
            return await nearest_by_minutes(reader, sight, question, origin, roads, road, k=count)
        return await nearest(reader, sight, question, origin, k=count, max_m=max_m)

    text = run.answer(ask, exercise, all_records)
    if as_json:
        click.echo(text)
        return
    near = msgspec.json.decode(text)
    run.show(run.converted(near["origin"]))
    run.show(run.hits("nearest 最近", near["features"]), run.undecided(near), run.completeness(near))
    run.show(run.roads(near))
