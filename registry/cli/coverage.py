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

from registry.cli.report.coverage_page import ReportHeading, page, percent, square_km
from registry.cli.report.picture import png
from registry.domain.access.sight import EVERYTHING, PUBLIC, Sight
from registry.domain.coverage.coverage import Assessment, Estimate
from registry.domain.coverage.gaps import Gaps, gaps
from registry.domain.coverage.measure import CoverageAnswer, CoverageInputs, answer_from, assess_inputs
from registry.domain.coverage.sketch import sketch
from registry.domain.records.resource import KINDS
from registry.domain.values import Name
from registry.runtime import database, settings
from registry.runtime.settings import Settings
from registry.services.coverage.inputs import read_inputs
from registry.services.coverage.requests import CoverageRequest
from registry.store.database.pool import reading

KIND_WORDS = {
    "fire_watch_point": ("火情监测点", "fire watch points"),
    "rescue_team": ("救援队伍", "rescue teams"),
    "shelter": ("避难场所", "shelters"),
    "supply_depot": ("物资储备库", "supply depots"),
}
SLIVER_M2 = 100.0
LISTED = 10


class CoverageReport(NamedTuple):
    """Everything the command prints or writes."""

    inputs: CoverageInputs
    assessment: Assessment
    answer: CoverageAnswer
    gaps: Gaps


@click.command()
@click.argument("place")
@click.option("--kind", type=click.Choice(KINDS), required=True, help="Whose coverage. 资源种类。")
@click.option("--radius-m", type=click.FloatRange(0, 500_000, min_open=True), help="Stated radius, metres.")
@click.option("--reason", help="Why that radius: a source or rule. 半径的依据。")
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
    exercise: str | None,
    all_records: bool,
    gaps_file: Path | None,
    report: Path | None,
    picture: Path | None,
    as_json: bool,
) -> None:
    """How much of PLACE a kind of resource covers. 某地被某类资源覆盖的比例。"""
    values = {"kind": kind, "place": place, "radius_m": radius_m, "reason": reason, "exercise": exercise}
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
            return await read_inputs(reader, sight, request)

    with database.migrated(values) as url:
        return asyncio.run(run(url))


def report_on(inputs: CoverageInputs) -> CoverageReport:
    """The answer with all its gaps."""
    assessment = assess_inputs(inputs)
    listed = gaps(assessment, bound="nominal", sliver_m2=SLIVER_M2, limit=1_000_000)
    return CoverageReport(inputs, assessment, answer_from(inputs, assessment), listed)


def heading_of(result: CoverageReport, request: CoverageRequest, all_records: bool) -> ReportHeading:
    """What the report is about, in both languages."""
    whole = result.inputs.whole
    radius = ("各记录自己的半径", "each record's own radius")
    if request.radius_m is not None:
        radius = (
            f"半径 {request.radius_m:g} m：{request.reason}",
            f"radius {request.radius_m:g} m: {request.reason}",
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


def gaps_collection(listed: Gaps) -> dict[str, object]:
    """The gaps as a GeoJSON FeatureCollection."""
    features = [
        {
            "type": "Feature",
            "geometry": gap.geometry,
            "properties": {
                "rank": gap.rank,
                "place": gap.place,
                "name": gap.name,
                "area_m2": gap.area_m2,
            },
        }
        for gap in listed.gaps
    ]
    return {"type": "FeatureCollection", "features": features}


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
    table.add_section()
    table.add_row("all 合计", square_km(answer.area_m2), *_shares(answer.ratio), style="bold")
    console.print(table)
    if any(row.assumed_extent for row in answer.by_place):
        console.print("* assumed extent, no official border 假定范围", style="dim")
    counts = answer.counts
    console.print(
        f"{counts.resources} resources: {counts.located} located, {counts.uncertain} of uncertain place, "
        f"{counts.untestable} could not be tested; error bound {square_km(answer.error_bound_m2)} km²"
    )
    _show_gaps(console, result.gaps)
    for one in answer.untestable[:LISTED]:
        console.print(f"  could not be tested 无法检验: {one.name or one.id} ({one.reason})", style="yellow")
    if len(answer.untestable) > LISTED:
        console.print(f"  … and {len(answer.untestable) - LISTED} more", style="yellow")


def _show_gaps(console: Console, listed: Gaps) -> None:
    if not listed.gaps:
        return
    console.print(f"{listed.count} gaps 空白, largest first:")
    for gap in listed.gaps[:LISTED]:
        console.print(f"  {gap.rank:>3}. {square_km(gap.area_m2):>8} km²  {gap.name or gap.place or '—'}")


def _shares(ratio: Estimate) -> tuple[str, str, str]:
    return percent(ratio.lower), percent(ratio.nominal), percent(ratio.upper)
