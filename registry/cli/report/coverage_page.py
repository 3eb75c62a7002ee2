"""A coverage answer as one page that opens offline: figures, map, gaps, what could not be tested, method."""

import html
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from registry.cli.report.picture import COLOUR, MEANING, svg
from registry.domain.coverage.coverage import Estimate
from registry.domain.coverage.gaps import Gaps
from registry.domain.coverage.measure import CoverageAnswer
from registry.domain.coverage.sketch import Sketch
from registry.domain.values import Name

CSS = (Path(__file__).parent / "report.css").read_text("utf-8")


class ReportHeading(Struct, frozen=True, kw_only=True):
    """What the page is about, in words."""

    area: Name
    kind: tuple[str, str]
    radius: tuple[str, str]
    realm: tuple[str, str]
    made_at: datetime


def page(subject: ReportHeading, answer: CoverageAnswer, gaps: Gaps, drawing: Sketch) -> str:
    """The whole report as one HTML document without any outside reference."""
    zh, en = subject.area.zh or subject.area.en, subject.area.en or subject.area.zh
    title = f"{zh} 覆盖率 · Coverage of {en}"
    body = "".join(
        [
            f"<header><h1>{_e(zh)}：{_e(subject.kind[0])}覆盖率</h1>",
            f"<p class=en>{_e(en)}: coverage by {_e(subject.kind[1])}</p>",
            f"<p class=note>{_both(subject.radius)} · {_both(subject.realm)} · ",
            f"{subject.made_at:%Y-%m-%d %H:%M %Z}</p></header>",
            _headline(answer),
            f"<figure>{svg(drawing)}{_legend()}</figure>",
            _places(answer),
            _gaps(gaps),
            _untestable(answer),
            _method(answer),
        ]
    )
    head = (
        f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{_e(title)}</title>'
    )
    return f'<!doctype html><html lang="zh">{head}<style>{CSS}</style><body>{body}</body></html>\n'


def _legend() -> str:
    items = "".join(
        f'<li><i style="background:{COLOUR[state]}"></i>{zh} <span class=en>{en}</span></li>'
        for state, (zh, en) in MEANING.items()
    )
    return f"<figcaption><ul>{items}</ul></figcaption>"


def _headline(answer: CoverageAnswer) -> str:
    cards = (
        ("至少", "at least", answer.ratio.lower, answer.covered_m2.lower),
        ("按记录", "as recorded", answer.ratio.nominal, answer.covered_m2.nominal),
        ("至多", "at most", answer.ratio.upper, answer.covered_m2.upper),
    )
    shown = "".join(
        f"<div><b>{_e(percent(ratio))}</b><span>{zh} <span class=en>{en}</span></span>"
        f"<small>{square_km(m2)} km²</small></div>"
        for zh, en, ratio, m2 in cards
    )
    counts = answer.counts
    return (
        f"<section class=cards>{shown}</section><p>面积 <span class=en>area</span> "
        f"{square_km(answer.area_m2)} km² · 误差上限 <span class=en>error bound</span> "
        f"{square_km(answer.error_bound_m2)} km² · 资源 <span class=en>resources</span> {counts.resources} "
        f"(已定位 <span class=en>located</span> {counts.located}, 位置不确定 <span class=en>uncertain</span> "
        f"{counts.uncertain}, 无法检验 <span class=en>untestable</span> {counts.untestable})</p>"
    )


def _places(answer: CoverageAnswer) -> str:
    rows = "".join(
        f"<tr><td>{_name(p.name, p.place)}{' *' if p.assumed_extent else ''}</td>"
        f"<td>{square_km(p.area_m2)}</td>{_cells(p.ratio)}<td class=bar>{_bar(p.ratio)}</td></tr>"
        for p in answer.by_place
    )
    head = _head("地点|place", "km²|", "至少|at least", "按记录|as recorded", "至多|at most", "|")
    stars = any(p.assumed_extent for p in answer.by_place)
    note = (
        "<p class=note>* 没有官方界线，用假定范围代替 "
        "<span class=en>no official border: an assumed extent stands for it</span></p>"
    )
    return f"<h2>按地点 <span class=en>By place</span></h2><table>{head}{rows}</table>{note if stars else ''}"


def _cells(ratio: Estimate) -> str:
    return "".join(f"<td>{_e(percent(value))}</td>" for value in (ratio.lower, ratio.nominal, ratio.upper))


def _bar(ratio: Estimate) -> str:
    widths = (ratio.lower, ratio.nominal - ratio.lower, ratio.upper - ratio.nominal)
    colours = (COLOUR["certain"], COLOUR["nominal"], COLOUR["possible"])
    return "".join(
        f'<i style="width:{100 * width:.2f}%;background:{colour}"></i>'
        for width, colour in zip(widths, colours, strict=True)
    )


def _gaps(gaps: Gaps) -> str:
    rows = "".join(
        f"<tr><td>{g.rank}</td><td>{_name(g.name, g.place)}</td><td>{square_km(g.area_m2)}</td></tr>"
        for g in gaps.gaps[:20]
    )
    if not rows:
        return "<h2>空白 <span class=en>Gaps</span></h2><p>无 <span class=en>none</span></p>"
    more = f"{gaps.count} 处，共 {square_km(gaps.uncovered_m2)} km²；"
    more += f"小于 {gaps.sliver_m2:g} m² 的 {gaps.slivers} 处不列"
    english = f"{gaps.count} pieces; {gaps.slivers} below {gaps.sliver_m2:g} m² are left out"
    return (
        "<h2>空白，由大到小 <span class=en>Gaps as recorded, largest first</span></h2>"
        f"<table>{_head('#|', '地点|place', 'km²|')}{rows}</table>"
        f"<p class=note>{more} <span class=en>{english}</span></p>"
    )


def _untestable(answer: CoverageAnswer) -> str:
    if not answer.untestable:
        return ""
    reasons = {"no radius": "没有半径", "no position": "没有位置"}
    items = "".join(
        f"<li>{_name(u.name, u.id)} — {reasons.get(u.reason, '')} <span class=en>{_e(u.reason)}</span></li>"
        for u in answer.untestable
    )
    return f"<h2>无法检验 <span class=en>Could not be tested</span></h2><ol>{items}</ol>"


def _method(answer: CoverageAnswer) -> str:
    assumed = ", ".join(map(_e, answer.assumed_extent)) or "无 none"
    return (
        "<h2>方法 <span class=en>Method</span></h2><p>覆盖以 WGS 84 大地线距离为准（含边界），重叠只算一次。"
        "至少：资源无论在哪个可能位置都能覆盖的地面；按记录：从登记位置覆盖的地面；"
        "至多：从任一可能位置能覆盖的地面。</p>"
        f"<p class=en>{_e(answer.method)}. At least: ground reached from every possible position; "
        "as recorded: from the recorded position; at most: from any possible position.</p>"
        f"<p class=note>假定范围 <span class=en>assumed extents</span>: {assumed}</p>"
    )


def _head(*columns: str) -> str:
    cells = (column.split("|") for column in columns)
    return "<tr>" + "".join(f"<th>{zh} <span class=en>{en}</span></th>" for zh, en in cells) + "</tr>"


def _name(name: Name | None, code: str | None) -> str:
    if name is None:
        return _e(code or "—")
    return f"{_e(name.zh or '')} <span class=en>{_e(name.en or '')}</span>"


def _both(words: tuple[str, str]) -> str:
    return f"{_e(words[0])} <span class=en>{_e(words[1])}</span>"


def _e(text: str | None) -> str:
    return html.escape(text or "")


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
