"""`registry situation`."""

from typing import TYPE_CHECKING, Any

import click
import msgspec
from rich.table import Table

from registry.cli import run
from registry.domain.access.sight import Sight
from registry.runtime.settings import Settings
from registry.services.intake.known_codes import demand_known
from registry.services.proximity.situation import Alarm, Situation, situation
from registry.store.database.pool import Reader

if TYPE_CHECKING:
    from rich.table import Table

PARTS = {
    "teams": "teams 救援队伍",
    "shelters": "open shelters with room 开放且有余量的避难场所",
    "checkpoints": "checkpoints 检查点",
    "partners": "partner counties 协作区县",
}


@click.command()
@run.LON
@run.LAT
@click.option("--hazard", help="What happens, such as forest_fire. 灾种。")
@click.option(
    "--persons", type=click.IntRange(0), default=1, show_default=True, help="To shelter. 安置人数。"
)
@click.option("-k", "count", type=click.IntRange(1, 50), default=3, show_default=True, help="Of each help.")
@run.DATUM
@run.EXERCISE
@run.ALL
@run.JSON
def command(
    lon: float, lat: float, hazard: str | None, persons: int, count: int, datum: str, exercise: str | None,
    all_records: bool, as_json: bool,
) -> None:  # fmt: skip
    """Everything about an alarm at LON LAT: places, watchers, help, rules. 警情态势一览。"""
    origin = {"lon": lon, "lat": lat, "datum": datum}
    alarm = run.read({"origin": origin, "hazard": hazard, "persons": persons, "k": count}, Alarm)

    async def ask(reader: Reader, sight: Sight, settings: Settings) -> Situation:
        known = await demand_known(reader, alarm)
        return await situation(reader, sight, known, settings.stale_after_days)

    text = run.answer(ask, exercise, all_records)
    if as_json:
        click.echo(text)
    else:
        show(msgspec.json.decode(text))


def show(situation: dict[str, Any]) -> None:
    """Print the situation part by part."""
    chain = " ‹ ".join(f"{place['name']['zh'] or place['name']['en']}" for place in situation["places"])
    run.show(run.converted(situation["origin"]))
    run.show(f"places 属地: {chain or 'none recorded 无'}", f"as of 时点: {situation['as_of']}")
    watch = situation["covering"]
    run.show(
        run.hits("watched by 监测覆盖", watch["features"]), run.undecided(watch), run.completeness(watch)
    )
    for name, title in PARTS.items():
        part = situation[name]
        run.show(run.hits(title, part["features"]), run.undecided(part), run.completeness(part))
    for tier, help_ in situation["depots"].items():
        title = f"depots, {tier} 储备库"
        run.show(run.hits(title, help_["features"]), run.undecided(help_), run.completeness(help_))
    for rule in situation["rules"]["reach_here"]:
        run.show(f"rule 规则: {rule['rule']} {rule['outcome']} ({', '.join(rule['actions'])})")
    if situation["rules"]["cannot_evaluate"]:
        run.show(
            "rules that cannot be evaluated 无法判定的规则: "
            + ", ".join(situation["rules"]["cannot_evaluate"])
        )
    responsible = situation["responsible"]
    sections = ("organisations", "persons", "hotlines")
    run.show(contacts([entry for section in sections for entry in responsible[section]]))
    for words in responsible["missing"]:
        run.show(f"not recorded 未登记: {words['en']} {words['zh']}")


def contacts(entries: list[dict[str, Any]]) -> Table | None:
    """Whom to call, in order: bodies, persons, hotlines."""
    if not entries:
        return None
    table = Table(title="who answers and whom to call 责任单位与电话", title_justify="left")
    for heading in ("name 名称", "role 职责", "for 事项", "why 依据", "call 电话", "place 地点"):
        table.add_column(heading)
    for entry in entries:
        name = entry["name"] and (entry["name"]["zh"] or entry["name"]["en"])
        about = ", ".join([*entry["for"], *entry["duty"]]) or "general 综合"
        cells = (name, entry["role"] or entry["type"], about, entry["relation"], entry["telephone"])
        table.add_row(*(cell or "-" for cell in (*cells, entry["place"])))
    return table
