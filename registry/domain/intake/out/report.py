"""The report of a kind: a line for each part of a place and one for the whole, a column for each measure.

What nobody stated is 未填, never 0. A sum of what some records state is the least that there is.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from registry.domain.completeness import Completeness, SetAnswer
from registry.domain.intake.territory import Territory
from registry.domain.records.resource import Kind
from registry.domain.values import Name

MEASURES: dict[Kind, tuple[str, ...]] = {
    "rescue_team": ("personnel",),
    "shelter": ("capacity_persons", "area_m2"),
    "fire_watch_point": ("watch_radius_m",),
    "supply_depot": ("serves_persons",),
}
"""The figures of a kind that a report adds up, or of which it gives the least and the greatest."""
MEASURE_NAMES: dict[str, Name] = {
    "records": Name("登记数", "recorded"),
    "located": Name("已定位", "located"),
    "personnel": Name("人数", "personnel"),
    "capacity_persons": Name("可容纳人数", "capacity, persons"),
    "area_m2": Name("面积（平方米）", "area, m²"),
    "watch_radius_m": Name("监测半径（米）", "watch radius, m"),
    "serves_persons": Name("保障人数", "serves, persons"),
}
RANGED = frozenset({"watch_radius_m"})
"""Measures whose sum means nothing: their range is given."""
NOT_FILLED = Name("未填", "not filled in")
ELSEWHERE = Name("未注明街镇", "no town stated")
TOTAL = Name("合计", "total")


class MeasuredGroup(Struct, frozen=True, kw_only=True):
    """What the records of one place state: how many records, how many have a position, and each measure."""

    place: str | None
    records: int
    located: int
    measures: dict[str, "MeasuredValues"]


class MeasuredValues(Struct, frozen=True, kw_only=True):
    """The values of a measure: how many records state one, their sum, the least and the greatest."""

    stated: int = 0
    sum: float = 0.0
    least: float | None = None
    greatest: float | None = None

    def with_values(self, other: "MeasuredValues") -> "MeasuredValues":
        """Both together."""
        lows = [one for one in (self.least, other.least) if one is not None]
        highs = [one for one in (self.greatest, other.greatest) if one is not None]
        return MeasuredValues(
            stated=self.stated + other.stated,
            sum=self.sum + other.sum,
            least=min(lows, default=None),
            greatest=max(highs, default=None),
        )


class ReportLine(Struct, frozen=True, kw_only=True):
    """The figures of one town, or of the whole; `place` is None for records that state no town."""

    place: str | None
    name: Name
    records: int
    located: int
    measures: dict[str, MeasuredValues]
    """The figures, by measure."""


class KindReport(SetAnswer, frozen=True, kw_only=True):
    """The report of a kind in a territory; in a closed list none means none."""

    kind: Kind
    place: str
    name: Name
    exercise: str | None
    measures: list[str]
    lines: list[ReportLine]
    """The figures of each town."""
    total: ReportLine
    """The figures of the whole territory."""

    @property
    def closed(self) -> bool:
        """Whether somebody declared the list complete."""
        return self.completeness.state == "complete"


def lines_of(
    groups: Iterable[MeasuredGroup], territory: Territory, place: str, measures: Sequence[str]
) -> tuple[list[ReportLine], ReportLine]:
    """A line for each part of a place, one for what states none, and the line of the whole.

    The parts of a district are its towns. In a set of places each place has a line of its own.
    """
    names: dict[str | None, Name] = {part.code: part.name for part in territory.parts_of(place)}
    gathered: dict[str | None, list[MeasuredGroup]] = {code: [] for code in names}
    for group in groups:
        above = [one.code for one in territory.above(group.place or "")]
        code = next((one for one in above if one in gathered), None)
        if code is None and above and above[0] != place:
            code, names[above[0]] = above[0], next(territory.above(above[0])).name
        gathered.setdefault(code, []).append(group)
    lines = [_line(code, names.get(code, ELSEWHERE), parts, measures) for code, parts in gathered.items()]
    every = [part for parts in gathered.values() for part in parts]
    return lines, _line(place, TOTAL, every, measures)


def _line(
    place: str | None, name: Name, parts: Sequence[MeasuredGroup], measures: Sequence[str]
) -> ReportLine:
    values = {measure: MeasuredValues() for measure in measures}
    for part in parts:
        for measure in measures:
            values[measure] = values[measure].with_values(part.measures[measure])
    return ReportLine(
        place=place,
        name=name,
        records=sum(part.records for part in parts),
        located=sum(part.located for part in parts),
        measures=values,
    )


def cell_of(line: ReportLine, measure: str, *, closed: bool, lang: str) -> str:
    """A figure as people read it: 未填 where nothing is stated, the least there is where only some is."""
    blank = getattr(NOT_FILLED, lang)
    if measure in ("records", "located"):
        number: int = getattr(line, measure)
        return str(number) if number or closed or line.records else blank
    values = line.measures[measure]
    if not values.stated:
        return "0" if closed and not line.records else str(blank)
    if measure in RANGED:
        low, high = (_number(one or 0.0) for one in (values.least, values.greatest))
        text = low if low == high else f"{low}–{high}"
    else:
        text = _number(values.sum)
    missing = line.records - values.stated
    if not missing:
        return text
    mark = "" if measure in RANGED else "≥ "
    return f"{mark}{text}（{missing} {blank}）" if lang == "zh" else f"{mark}{text} ({missing} {blank})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def head_of(measures: Sequence[str], lang: str) -> list[str]:
    """The headings of a report."""
    first = "街镇" if lang == "zh" else "town"
    return [first, *(str(getattr(MEASURE_NAMES[name], lang)) for name in ("records", "located", *measures))]


def table_of(report: KindReport, lang: str) -> list[list[str]]:
    """The lines of a report and its total, as texts."""
    return [
        [
            _named(line.name, lang),
            *(
                cell_of(line, name, closed=report.closed, lang=lang)
                for name in ("records", "located", *report.measures)
            ),
        ]
        for line in (*report.lines, report.total)
    ]


def _named(name: Name, lang: str) -> str:
    return str(getattr(name, lang) or name)


def sentences_of(report: KindReport, lang: str) -> list[str]:
    """How complete the list is, and how many more records may belong to it."""
    sentences = [sentence_of(report.completeness, lang)]
    if count := report.undecided.count:
        number = f"{count}+" if report.undecided.more else str(count)
        zh = f"另有 {number} 条记录位置不明，可能属于本地区，未计入。"
        en = (
            f"{number} more records may belong here; their position is not certain, and they are not counted."
        )
        sentences.append(zh if lang == "zh" else en)
    return sentences


def sentence_of(whole: Completeness, lang: str) -> str:
    """How complete the list is, in a sentence."""
    if whole.state == "complete":
        by = "、".join(f"{one.by or '?'} {one.on}" for one in whole.declared)
        return f"清单已声明完整（{by}）。" if lang == "zh" else f"The list was declared complete ({by})."
    published = "、".join(f"{one.total}" for one in whole.published)
    if lang == "zh":
        told = f"，公布总数 {published}" if published else ""
        return f"清单尚未声明完整：已登记 {whole.listed} 条{told}。数字为已登记部分，不是全部。"
    told = f", published {published}" if published else ""
    return f"The list is open: {whole.listed} are recorded{told}. The figures are of these, not of all."


def groups_of(rows: Iterable[Mapping[str, Any]], measures: Sequence[str]) -> list[MeasuredGroup]:
    """The groups in rows that have, for each measure, `stated_`, `sum_`, `least_` and `greatest_`."""
    return [
        MeasuredGroup(
            place=row["place"],
            records=row["records"],
            located=row["located"],
            measures={
                name: MeasuredValues(
                    stated=row[f"stated_{name}"],
                    sum=row[f"sum_{name}"] or 0.0,
                    least=row[f"least_{name}"],
                    greatest=row[f"greatest_{name}"],
                )
                for name in measures
            },
        )
        for row in rows
    ]
