"""A coverage answer as one page that opens offline: figures, map, gaps, what could not be tested, method."""

from datetime import datetime

from msgspec import Struct

from registry.cli.report.picture import COLOUR, MEANING, svg
from registry.domain.coverage.gaps import Gaps
from registry.domain.coverage.measure import CoverageAnswer
from registry.domain.coverage.sketch import Sketch
from registry.domain.values import Name
from registry.templates import render

REASONS = {"no radius": "没有半径", "no position": "没有位置"}


class ReportHeading(Struct, frozen=True, kw_only=True):
    """What the page is about, in words."""

    area: Name
    kind: tuple[str, str]
    radius: tuple[str, str]
    realm: tuple[str, str]
    made_at: datetime


def page(heading: ReportHeading, answer: CoverageAnswer, gaps: Gaps, drawing: Sketch) -> str:
    """The whole report as one HTML document without any outside reference."""
    return render(
        "coverage_report.html",
        heading=heading,
        answer=answer,
        gaps=gaps,
        map=svg(drawing),
        colours=COLOUR,
        meanings=MEANING,
        reasons=REASONS,
        percent=percent,
        square_km=square_km,
    )


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
