"""`registry nearest`."""

from typing import Any

import click
import msgspec

from registry.api.v1.proximity.nearest import NearestQuestion, answer_nearest, prepared
from registry.cli import run
from registry.domain.access.sight import Sight
from registry.domain.records.resource import KINDS
from registry.runtime.settings import Settings
from registry.store.database.pool import Reader


@click.command()
@run.LON
@run.LAT
@click.option("--kind", type=click.Choice(KINDS), help="Only this kind. 资源种类。")
@click.option(
    "-k", "count", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many. 数量。"
)
@click.option("--max-m", type=click.FloatRange(0, 20_037_509), help="No farther than this, metres.")
@click.option("--specialty", "specialties", multiple=True, help="Teams with any of these. 专业。")
@click.option("--hazard", "hazards", multiple=True, help="Shelters for any of these. 灾种。")
@click.option("--room", type=click.IntRange(0), help="Shelters with room for so many. 可容纳人数。")
@click.option("--item", help="Depots that hold this item. 物资编码。")
@click.option("--quantity", type=click.FloatRange(0), help="At least so much of it. 数量。")
@run.DATUM
@run.EXERCISE
@run.ALL
@run.JSON
def command(
    lon: float, lat: float, datum: str, count: int, max_m: float | None, exercise: str | None,
    all_records: bool, as_json: bool, **where: Any,
) -> None:  # fmt: skip
    """The nearest resources in service to LON LAT. 查询最近的资源。"""
    names = {"specialties": "specialties_any", "hazards": "hazards_any", "room": "free_persons"}
    given = {
        names.get(name, name): list(value) if isinstance(value, tuple) else value
        for name, value in where.items()
        if value not in (None, ())
    }
    origin = {"lon": lon, "lat": lat, "datum": datum}
    data = run.read({"origin": origin, "k": count, "max_m": max_m, "where": given}, NearestQuestion)

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
