"""`registry nearest`."""

from typing import Any

import click
import msgspec

from registry.api.v1.proximity.nearest import NearestQuestion, answer_nearest, prepared
from registry.cli import run
from registry.cli.condition_options import condition_options, stated
from registry.domain.access.sight import Sight
from registry.runtime.settings import Settings
from registry.store.database.pool import Reader


@click.command()
@run.LON
@run.LAT
@click.option(
    "-k", "count", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many. 数量。"
)
@click.option("--max-m", type=click.FloatRange(0, 20_037_509), help="No farther than this, metres.")
@condition_options
@run.DATUM
@run.EXERCISE
@run.ALL
@run.JSON
def command(
    lon: float, lat: float, datum: str, count: int, max_m: float | None, exercise: str | None,
    all_records: bool, as_json: bool, **conditions: Any,
) -> None:  # fmt: skip
    """The nearest resources in service to LON LAT. 查询最近的资源。"""
    origin = {"lon": lon, "lat": lat, "datum": datum}
    data = run.read(
        {"origin": origin, "k": count, "max_m": max_m, "where": stated(conditions)}, NearestQuestion
    )

    async def ask(reader: Reader, sight: Sight, known: Settings) -> Any:
        question = await prepared(reader, sight, data, known.stale_after_days)
        return await answer_nearest(question, count, max_m, [])

    found = run.answer(ask, exercise, all_records)
    if as_json:
        click.echo(found)
        return
    told = msgspec.json.decode(found)
    run.show(run.converted(told["origin"]))
    run.show(run.hits("nearest 最近", told["features"]), run.left_out(told))
