"""`registry coverage`."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from registry.cli import run
from registry.cli.report.coverage_page import (
    NOT_KNOWN,
    REASONS,
    STATES,
    ReportGaps,
    ReportHeading,
    is_known,
    page,
    percent,
    square_km,
)
from registry.cli.report.picture import png
from registry.domain.access.sight import EVERYTHING, PUBLIC, Sight
from registry.domain.coverage.coverage import Assessment, Estimate
from registry.domain.coverage.gaps import Gap, Gaps, certain_gaps, possible_gaps
from registry.domain.coverage.measure import CoverageAnswer, CoverageInputs, answer_from, assess_inputs
from registry.domain.coverage.sketch import sketch
from registry.domain.records.resource import KINDS
from registry.domain.values import Name
from registry.runtime import database, settings
from registry.runtime.settings import Settings
from registry.services.access.exercises import demand_exercise
from registry.services.coverage.inputs import read_inputs
from registry.services.coverage.requests import CoverageRequest
from registry.services.intake.known_codes import demand_known
from registry.store.database.pool import reading

KIND_WORDS = {
    "fire_watch_point": ("火情监测点", "fire watch points"),
    "rescue_team": ("救援队伍", "rescue teams"),
    "shelter": ("避难场所", "shelters"),
    "supply_depot": ("物资储备库", "supply depots"),
}
SLIVER_M2 = 100.0
MOST_GAPS = 1_000_000
LISTED = 10


class CoverageReport(NamedTuple):
    """Everything the command prints or writes."""

    inputs: CoverageInputs
    assessment: Assessment
    answer: CoverageAnswer
    gaps: ReportGaps


@click.command()
@click.argument("place")
@click.option("--kind", type=click.Choice(KINDS), required=True, help="Whose coverage. 资源种类。")
@click.option("--radius-m", type=click.FloatRange(0, 500_000, min_open=True), help="Stated radius, metres.")
@click.option("--reason", help="Why that radius: a source or rule. 半径的依据。")
@run.SMOKE
@click.option("--exercise", help="Ask inside this exercise. 演练名称。")
@click.option("--all-records", is_flag=True, help="Count restricted and exact internal records. 含受限数据。")
@click.option("--gaps", "gaps_file", type=click.Path(dir_okay=False, path_type=Path), help="Gaps as GeoJSON.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="A page that opens offline.")
@click.option(
    "--png", "picture", type=click.Path(dir_okay=False, path_type=Path), help="The map as a picture."
)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def command(
    place: str,
    kind: str,
    radius_m: float | None,
    reason: str | None,
    smoke_height_m: float | None,
    exercise: str | None,
    all_records: bool,
    gaps_file: Path | None,
    report: Path | None,
    picture: Path | None,
    as_json: bool,
) -> None:
    """How much of PLACE a kind of resource covers. 某地被某类资源覆盖的比例。"""
    values: dict[str, object] = {
        "kind": kind,
        "place": place,
        "radius_m": radius_m,
        "reason": reason,
        "exercise": exercise,
    }
    if smoke_height_m is not None:
        values |= {"sight": "terrain", "smoke_height_m": smoke_height_m}
    request = msgspec.convert(values, CoverageRequest)
    sight = msgspec.structs.replace(EVERYTHING if all_records else PUBLIC, exercise=exercise)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        step = progress.add_task("reading 读取", total=4)
        inputs = read_from_database(settings.read(os.environ), request, sight)
        progress.update(step, completed=1, description="measuring 计算")
        result = report_on(inputs)
        progress.update(step, completed=3, description="writing 输出")
        write(result, heading_of(result, request, all_records), gaps_file, report, picture)
        progress.update(step, completed=4)
    if as_json:
        click.echo(msgspec.json.encode(result.answer))
    else:
        show_coverage(result, kind)
    for path in filter(None, (gaps_file, report, picture)):
        Console(stderr=True).print(f"wrote {path}")


def read_from_database(values: Settings, request: CoverageRequest, sight: Sight) -> CoverageInputs:
    """Everything that the analysis needs from the database."""

    async def run(url: str) -> CoverageInputs:
        async with reading(values, url) as reader:
            await demand_exercise(reader, sight)
            return await read_inputs(reader, sight, await demand_known(reader, request))

    with database.migrated(values) as url:
        return asyncio.run(run(url))


def report_on(inputs: CoverageInputs) -> CoverageReport:
    """The answer with all its gaps."""
    assessment = assess_inputs(inputs)
    found = ReportGaps(
        *(rule(assessment, sliver_m2=SLIVER_M2, limit=MOST_GAPS) for rule in (certain_gaps, possible_gaps))
    )
    return CoverageReport(inputs, assessment, answer_from(inputs, assessment), found)


def heading_of(result: CoverageReport, request: CoverageRequest, all_records: bool) -> ReportHeading:
    """What the report is about, in both languages."""
    whole = result.inputs.whole
    radius = ("各记录自己的半径", "each record's own radius")
    if request.radius_m is not None:
        radius = (
            f"半径 {request.radius_m:g} m：{request.reason}",
            f"radius {request.radius_m:g} m: {request.reason}",
        )
    if request.sight == "terrain":
        radius = (
            f"各记录半径内的通视范围，烟柱 {request.smoke_height_m:g} m",
            f"what each sees within its radius, smoke of {request.smoke_height_m:g} m",
        )
    realm = ("实际数据", "real records") if request.exercise is None else (f"演练 {request.exercise}",) * 2
    if all_records:
        realm = (f"{realm[0]}（含受限记录）", f"{realm[1]}, restricted ones included")
    return ReportHeading(
        area=whole.name or Name(whole.code or "-"),
        kind=KIND_WORDS[request.kind or "fire_watch_point"],
        radius=radius,
        realm=realm,
        made_at=datetime.now(UTC).astimezone(),
    )


def write(
    result: CoverageReport,
    heading: ReportHeading,
    gaps_file: Path | None,
    report: Path | None,
    picture: Path | None,
) -> None:
    """Write the files that were asked for."""
    if gaps_file is not None:
        gaps_file.write_bytes(msgspec.json.encode(gaps_collection(result.gaps)))
    if report is None and picture is None:
        return
    drawing = sketch(result.assessment)
    if report is not None:
        report.write_text(page(heading, result.answer, result.gaps, drawing), "utf-8")
    if picture is not None:
        png(drawing, picture)


def gaps_collection(found: ReportGaps) -> dict[str, object]:
    """The gaps as a GeoJSON FeatureCollection: the certain ones, then the possible ones."""
    features = [_gap_feature(gap, certain=True) for gap in found.certain.gaps]
    features += [_gap_feature(gap, certain=False) for gap in found.possible.gaps]
    return {"type": "FeatureCollection", "features": features}


def _gap_feature(gap: Gap, *, certain: bool) -> dict[str, object]:
    properties = {"rank": gap.rank, "certain": certain, "place": gap.place, "name": gap.name}
    return {
        "type": "Feature",
        "geometry": gap.geometry,
        "properties": properties | {"area_m2": gap.area_m2},
    }


def show_coverage(result: CoverageReport, kind: str) -> None:
    """Print the answer as tables."""
    answer, whole, console = result.answer, result.inputs.whole, Console()
    zh, en = KIND_WORDS[kind]
    table = Table(title=f"{whole.name or whole.code}: {zh} {en}")
    for column in ("place 地点", "km²", "at least 至少", "as recorded 按记录", "at most 至多"):
        table.add_column(column, justify="left" if column.startswith("place") else "right")
    for row in answer.by_place:
        label = f"{row.name or row.place or '—'}{' *' if row.assumed_extent else ''}"
        table.add_row(label, square_km(row.area_m2), *_shares(row.ratio))
    for one in answer.without_extent:
        table.add_row(f"{one.name}", "—", "—", "—", unknown_words())
    table.add_section()
    table.add_row("all 合计", square_km(answer.area_m2), *_shares(answer.ratio), style="bold")
    console.print(table)
    console.print(headline(answer.ratio), style="bold")
    _show_listing(console, answer)
    if any(row.assumed_extent for row in answer.by_place):
        console.print("* assumed extent, no official border 假定范围", style="dim")
    counts = answer.counts
    console.print(
        f"{counts.resources} resources: {counts.located} located, {counts.uncertain} of uncertain place, "
        f"{counts.untestable} could not be tested; error bound {square_km(answer.error_bound_m2)} km²"
    )
    if used := run.sight_used(msgspec.to_builtins(answer)):
        console.print(used)
    _show_gaps(console, "certain gaps 确定的空白", result.gaps.certain)
    _show_gaps(console, "possible gaps 可能的空白", result.gaps.possible)
    _show_undecided(console, answer)


def headline(ratio: Estimate) -> str:
    """The share in one line: an interval, or that it is not known."""
    if not is_known(ratio):
        return f"covered 覆盖率: {unknown_words()} (0–100 %; as listed 按已列 {percent(ratio.nominal)})"
    if percent(ratio.lower) == percent(ratio.upper):
        return f"covered 覆盖率: {percent(ratio.nominal)}"
    bounds = f"{percent(ratio.lower)} – {percent(ratio.upper)}"
    return f"covered 覆盖率: {bounds} (as listed 按已列 {percent(ratio.nominal)})"


def unknown_words() -> str:
    """That something is not known, in both languages."""
    zh, en = NOT_KNOWN
    return f"{en} {zh}"


def _show_listing(console: Console, answer: CoverageAnswer) -> None:
    listing = answer.completeness
    zh, en = STATES[listing.state]
    totals = "".join(f"; {total.total} published 公布 ({total.locator})" for total in listing.published)
    console.print(f"{en} {zh}: {listing.listed} listed 已列{totals}", style="dim")
    if answer.without_extent:
        names = ", ".join(str(one.name) for one in answer.without_extent)
        most = "unbounded" if answer.unmeasured_m2 is None else f"≤ {square_km(answer.unmeasured_m2)} km²"
        console.print(f"ground not known 范围不详 ({most}): {names}", style="yellow")
    for name, one in answer.excluded.items():
        console.print(
            f"left out by {name}: {one.otherwise} otherwise, {one.not_stated} not stated", style="dim"
        )


def _show_gaps(console: Console, title: str, listed: Gaps) -> None:
    console.print(f"{listed.count} {title}{', largest first:' if listed.gaps else ''}")
    for gap in listed.gaps[:LISTED]:
        console.print(f"  {gap.rank:>3}. {square_km(gap.area_m2):>8} km²  {gap.name or gap.place or '—'}")


def _show_undecided(console: Console, answer: CoverageAnswer) -> None:
    for one in answer.undecided.resources[:LISTED]:
        zh, en = REASONS[one.reason]
        name = one.name["zh"] or one.name["en"] or one.id
        console.print(f"  not decided 无法判定: {name} ({en} {zh})", style="yellow")
    if answer.undecided.count > LISTED:
        console.print(f"  … and {answer.undecided.count - LISTED} more", style="yellow")


def _shares(ratio: Estimate) -> tuple[str, str, str]:
    upper = percent(ratio.upper) if is_known(ratio) else unknown_words()
    return percent(ratio.lower), percent(ratio.nominal), upper
