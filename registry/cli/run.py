"""What the commands that ask share: options, the database, answers as JSON or as tables."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import click
import msgspec

from registry.domain.access.sight import EVERYTHING, PUBLIC, Sight
from registry.domain.records.resource import Exercise
from registry.runtime import database, settings
from registry.runtime.settings import Settings
from registry.services.access.exercises import demand_exercise
from registry.store.database.pool import Reader, reading

if TYPE_CHECKING:  # rich is imported for tables only: JSON does not need it
    from rich.table import Table

Ask = Callable[[Reader, Sight, Settings], Awaitable[Any]]

LON = click.argument("lon", type=click.FloatRange(-180, 180))
LAT = click.argument("lat", type=click.FloatRange(-90, 90))
EXERCISE = click.option("--exercise", help="Ask inside this exercise. 演练名称。")
ALL = click.option(
    "--all-records", is_flag=True, help="Count restricted and exact internal records. 含受限数据。"
)
SMOKE = click.option(
    "--smoke-height",
    "smoke_height_m",
    type=float,
    help="By line of sight: watch points that see smoke of this height, m. 按通视计算，烟柱高度。",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
DATUM = click.option(
    "--datum",
    type=click.Choice(["wgs84", "cgcs2000", "gcj02", "bd09"]),
    default="wgs84",
    help="What LON LAT came in. 坐标系。",
)


def read(values: Any, kind: Any) -> Any:
    """The arguments as a value of `kind`; a usage error says what is wrong with them."""
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise click.UsageError(str(error)) from error


def answer(ask: Ask, exercise: str | None, all_records: bool) -> bytes:
    """The answer as JSON, read from one snapshot of the configured database."""
    drill: str | None = read(exercise, Exercise | None)
    sight = msgspec.structs.replace(EVERYTHING if all_records else PUBLIC, exercise=drill)
    chosen = settings.read(os.environ)

    async def run(url: str) -> bytes:
        async with reading(chosen, url) as reader, reader.snapshot() as snapshot:
            await demand_exercise(snapshot, sight)
            return msgspec.json.encode(await ask(snapshot, sight, chosen))

    with database.migrated(chosen) as url:
        return asyncio.run(run(url))


def converted(origin: dict[str, Any]) -> str | None:
    """The WGS 84 position of one that was stated in another datum; None otherwise."""
    if "converted_to" not in origin:
        return None
    return f"position 位置: {origin['lon']:.7f}, {origin['lat']:.7f} WGS 84, from {origin['datum']} 已换算"


def named(properties: dict[str, Any]) -> str:
    """The name of a record, Chinese first."""
    name = properties["name"]
    return str(name["zh"] or name["en"])


def metres(value: float | None) -> str:
    """A distance for people: in metres below ten kilometres, else in kilometres."""
    if value is None:
        return "?"
    return f"{value:,.0f} m" if value < 10_000 else f"{value / 1000:,.1f} km"


def table(title: str) -> "Table":
    """An empty table under its title."""
    from rich.table import Table

    return Table(title=title, title_justify="left")


def hits(title: str, features: list[dict[str, Any]]) -> "Table | str":
    """Hits as a table: distance, direction, name, place and date of verification."""
    if not features:
        return f"{title}: none 无"
    by_road = "travel" in features[0]["properties"]
    rows = table(f"{title}: {len(features)}")
    if by_road:
        rows.add_column("分钟 min", justify="right", no_wrap=True)
    rows.add_column("距离", justify="right", no_wrap=True)
    rows.add_column("区间", justify="right", no_wrap=True)
    rows.add_column("方位", no_wrap=True)
    rows.add_column("name 名称", ratio=1)
    rows.add_column("place 地点", no_wrap=True)
    rows.add_column("核实", no_wrap=True)
    for feature in features:
        properties = feature["properties"]
        least, most = metres(properties.get("distance_min_m")), metres(properties.get("distance_max_m"))
        partner = properties.get("partner")
        phones = [number["phone"] for number in properties.get("telephones", ())]
        place = f"{properties['place'] or '-'}{' ⇄ ' + partner['place'] if partner else ''}"
        verified = (properties["verified_at"] or "-")[:10]
        interval = "-" if least == most else f"{least}–{most}"
        rows.add_row(
            *([minutes(properties["travel"])] if by_road else []),
            metres(properties["distance_m"]),
            interval,
            properties.get("compass") or "-",
            " ☎ ".join([named(properties), *phones]),
            place,
            verified,
        )
    return rows


def minutes(travel: dict[str, Any]) -> str:
    """A time by road for people: the least, and the greatest where somebody gave factors for it."""
    least, most = travel["seconds_min"] / 60, travel["seconds_max"]
    return f"≥ {least:.1f}" if most is None else f"{least:.1f}–{most / 60:.1f}"


def roads(answer: dict[str, Any]) -> str | None:
    """Which roads minutes were counted on, what is closed, and how many have no time, in lines."""
    used = answer.get("roads")
    if used is None:
        return None
    data = used["data"]
    lines = [f"free flow 畅行, roads of {data['extract_at'][:10]}, speeds {data['speeds']}", data["licence"]]
    for one in used["closures"]:
        name = (one["name"] or {}).get("zh") or one["id"]
        said = f"{one['closes']} pieces 路段" if one["drawn"] else "not drawn: not obeyed 无图形，未计入"
        lines.append(f"closed 封闭 {name}: {said}")
    if used["unknown"]:
        reasons = ", ".join(sorted({one["reason"] for one in used["unknown"]}))
        lines.append(f"no time 无法计时: {len(used['unknown'])} ({reasons})")
    return "\n".join(lines)


def completeness(answer: dict[str, Any]) -> str:
    """How complete the list behind an answer is, in one line, or why there is nothing."""
    if none := answer.get("none"):
        return f"{none['en']} {none['zh']}"
    listing = answer["completeness"]
    parts = [f"list {listing['state']} 清单", f"{listing['listed']} listed 已列"]
    if listing["placeholders"]:
        parts.append(f"{listing['placeholders']} placeholders 占位")
    parts += [f"{total['total']} published 公布 ({total['locator']})" for total in listing["published"]]
    parts += [
        f"{name}: {one['not_stated']} not stated 未说明, {one['otherwise']} otherwise 不符"
        for name, one in answer["excluded"].items()
    ]
    return "; ".join(parts)


def sight_used(answer: dict[str, Any]) -> str | None:
    """What an answer by line of sight was worked out from, in one line; None for one by radius."""
    used = answer.get("sight")
    if used is None:
        return None
    model = used["model"]
    over = "no elevations are loaded 尚未装入高程" if model is None else model["source"]
    return (
        f"line of sight 通视, smoke 烟柱 {used['smoke_height_m']:g} m:"
        f" {used['by_terrain']} by terrain 按地形, {used['by_radius']} by radius 按半径; {over}"
    )


def undecided(answer: dict[str, Any]) -> "Table | None":
    """The records that may belong to an answer, with the reason and how near and far they may be."""
    doubt = answer["undecided"]
    if not doubt["count"]:
        return None
    rows = table(f"may belong 可能属于: {doubt['count']}{'+' if doubt['more'] else ''}")
    for heading in ("name 名称", "why 原因", "radius 半径", "least–most 区间"):
        rows.add_column(heading)
    for one in doubt["resources"]:
        interval = f"{metres(one['distance_min_m'])} – {metres(one['distance_max_m'])}"
        why = ", ".join([one["reason"], *one.get("unknown", [])])
        rows.add_row(named(one), why, metres(one.get("watch_radius_m")), interval)
    return rows


def show(*parts: Any) -> None:
    """Print tables and lines; None is nothing."""
    from rich.console import Console

    console = Console()
    for part in parts:
        if part is not None:
            console.print(part)
