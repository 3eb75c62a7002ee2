"""`registry covering`."""

from typing import Any

import click
import msgspec

from registry.cli import run
from registry.domain.access.sight import Sight
from registry.domain.conditions import Conditions
from registry.domain.proximity.origin import Origin
from registry.domain.terrain.watched import demand_height
from registry.runtime.settings import Settings
from registry.services.proximity.answer import question_of
from registry.services.proximity.covering import WATCH_POINT, Covering, covering
from registry.store.database.pool import Reader


@click.command()
@run.LON
@run.LAT
@run.DATUM
@run.EXERCISE
@run.ALL
@run.SMOKE
@run.JSON
def command(
    lon: float,
    lat: float,
    datum: Any,
    exercise: str | None,
    all_records: bool,
    smoke_height_m: float | None,
    as_json: bool,
) -> None:
    """The fire watch points that cover LON LAT, and those that may. 查询覆盖该点的监测点。"""
    over = None if smoke_height_m is None else demand_height("terrain", smoke_height_m)
    origin = run.read({"lon": lon, "lat": lat, "datum": datum}, Origin)

    async def ask(reader: Reader, sight: Sight, settings: Settings) -> Covering:
        conditions = Conditions(kind=WATCH_POINT)
        question = question_of(conditions, sight, settings.stale_after_days)
        return (await covering(reader, sight, question, origin, smoke_height_m=over)).answer

    text = run.answer(ask, exercise, all_records)
    if as_json:
        click.echo(text)
        return
    answer = msgspec.json.decode(text)
    run.show(run.converted(answer["origin"]))
    run.show(run.hits("covering 覆盖", answer["features"]), run.undecided(answer), run.completeness(answer))
    run.show(run.sight_used(answer))
