"""A coverage answer as one page that opens offline: figures, map, gaps, what could not be tested, method."""

from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from registry.cli.report.picture import COLOUR, HATCHED, MEANING, svg
from registry.domain.coverage.coverage import Estimate
from registry.domain.coverage.gaps import Gaps
from registry.domain.coverage.measure import CoverageAnswer
from registry.domain.coverage.sketch import Sketch
from registry.domain.values import Name
from registry.templates import render

REASONS = {
    "candidate_places": ("只知道可能的地点", "known by possible places only"),
    "uncertainty": ("位置不确定", "of uncertain position"),
    "no_position": ("没有位置", "no position"),
    "unknown_value": ("有未知数值", "a value is not known"),
    "internal_cell": ("内部记录，以网格代替", "internal, shown as a grid cell"),
    "no_travel_time": ("没有道路行程时间", "no time by road"),
    "no_line_of_sight": ("通视范围未算出", "what it sees is not worked out"),
}
STATES = {
    "open": ("清单未声明完整", "the list is open"),
    "mixed": ("清单部分声明完整", "the list is complete in part"),
    "complete": ("清单已声明完整", "the list is declared complete"),
}
NOT_KNOWN = ("不可知", "not known")


class ReportHeading(Struct, frozen=True, kw_only=True):
    """What the page is about, in words."""

    area: Name
    kind: tuple[str, str]
    radius: tuple[str, str]
    realm: tuple[str, str]
    made_at: datetime


class ReportGaps(NamedTuple):
    """The ground that nothing can cover, and the ground that may be covered or not."""

    certain: Gaps
    possible: Gaps


def page(heading: ReportHeading, answer: CoverageAnswer, gaps: ReportGaps, drawing: Sketch) -> str:
    """The whole report as one HTML document without any outside reference."""
    return render(
        "coverage_report.html",
        heading=heading,
        answer=answer,
        gaps=gaps,
        map=svg(drawing),
        colours=COLOUR,
        meanings=MEANING,
        hatched=HATCHED,
        listing=STATES[answer.completeness.state],
        not_known=NOT_KNOWN,
        is_known=is_known,
        reasons=REASONS,
        percent=percent,
        square_km=square_km,
    )


def is_known(ratio: Estimate) -> bool:
    """Whether an interval says anything: from nothing to everything is not known."""
    return ratio.lower > 0.0 or ratio.upper < 1.0


def percent(ratio: float) -> str:
    """A share with two decimals; only what is whole shows 100 %, only what is nothing 0 %."""
    value = 100.0 * ratio
    if 0.0 < value < 0.01:
        return "< 0.01 %"
    if 99.99 < value < 100.0:
        return "> 99.99 %"
    return f"{value:.2f} %"


def square_km(m2: float) -> str:
    """Square kilometres with digits that fit the size."""
    value = m2 / 1e6
    return f"{value:,.1f}" if value >= 100 else f"{value:.3g}"
