"""What the gate finds: a closed list of codes, each with its severity and its words in both languages."""

from collections.abc import Iterable
from typing import Any, Literal

from msgspec import Struct

from registry.domain.values import Name

Severity = Literal["refuse", "warn", "note"]
Step = Literal["members", "text", "vocabulary", "position", "place", "clock", "rules", "doubles"]


class Message(Struct, frozen=True):
    """A sentence in both languages."""

    zh: str
    en: str


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that the gate found.

    `field` is a JSON pointer into the record, `row` and `column` those of a spreadsheet, as it counts them.
    `value` is what came in. `proposal` is a value to take instead, or the record that it looks like.
    """

    severity: Severity
    """Whether it refuses the content, warns, or is only to be known."""
    code: str
    """The code of what was found."""
    field: str | None = None
    row: int | None = None
    column: str | None = None
    value: Any = None
    """What came in."""
    message: Message
    proposal: Any = None
    """A value to take instead, or the record that it looks like."""


class FindingKind(Struct, frozen=True):
    """A code of a finding: its step and severity, and its message with named figures."""

    step: Step
    severity: Severity
    zh: str
    en: str


REFUSE: Severity = "refuse"
WARN: Severity = "warn"
NOTE: Severity = "note"

KINDS: dict[str, FindingKind] = {
    "unknown_member": FindingKind(
        "members", REFUSE, "没有名为 {name} 的字段{near}", "there is no member {name}{near}"
    ),
    "missing_member": FindingKind("members", REFUSE, "缺少字段 {name}", "the member {name} is missing"),
    "wrong_value": FindingKind(
        "members", REFUSE, "该值不可用：{reason}", "the value cannot be used: {reason}"
    ),
    "height_dropped": FindingKind(
        "members", NOTE, "高程不保存，已略去", "heights are not stored; this one was left out"
    ),
    "bbox_dropped": FindingKind(
        "members", NOTE, "bbox 由几何得出，已略去", "bbox follows from the geometry; it was left out"
    ),
    "empty_text": FindingKind("text", REFUSE, "文本没有可见字符", "the text has no visible character"),
    "text_folded": FindingKind(
        "text", NOTE, "文本已规范：“{original}”", "the text was folded; it came as “{original}”"
    ),
    "unknown_code": FindingKind(
        "vocabulary",
        REFUSE,
        "{subject_zh}没有代码 {code}{near}",
        "{code} is no known code of {subject_en}{near}",
    ),
    "unknown_place": FindingKind(
        "vocabulary", REFUSE, "没有代码为 {code} 的地方{near}", "there is no place {code}{near}"
    ),
    "place_ended": FindingKind(
        "vocabulary",
        REFUSE,
        "{name} {code} 已于 {day} 撤销",
        "{name} {code} is no longer a place since {day}",
    ),
    "place_form": FindingKind(
        "vocabulary", NOTE, "{code} 是 {known} 的另一种写法", "{code} is another form of the code {known}"
    ),
    "zero_position": FindingKind(
        "position",
        REFUSE,
        "坐标 0, 0 表示设备没有定位",
        "0, 0 is what a device writes that has no fix",
    ),
    "raw_disagrees": FindingKind(
        "position",
        REFUSE,
        "原始坐标按 {datum} 换算后与几何相差 {metres} 米",
        "the raw coordinates, converted from {datum}, lie {metres} m from the geometry",
    ),
    "leaves_earth": FindingKind(
        "position", REFUSE, "换算后的坐标超出地球范围", "the coordinates leave the earth when converted"
    ),
    "datum_converted": FindingKind(
        "position",
        NOTE,
        "坐标由 {datum} 换算到 WGS 84，移动 {metres} 米，原值已保留",
        "converted from {datum} to WGS 84 by {metres} m; the raw pair is kept",
    ),
    "axes_swapped": FindingKind(
        "position",
        WARN,
        "经纬度可能颠倒：对调后位于{name}",
        "longitude and latitude look swapped: the other way round they lie in {name}",
    ),
    "outside_territory": FindingKind(
        "position",
        WARN,
        "该点不在任何已知地方之内，距最近的{name} {metres} 米",
        "the point is in no known place; the nearest, {name}, is {metres} m away",
    ),
    "outside_place": FindingKind(
        "place",
        WARN,
        "该点在所填的{name}之外 {metres} 米，位于{right}",
        "the point lies {metres} m outside the stated {name}; it is in {right}",
    ),
    "near_place": FindingKind(
        "place",
        NOTE,
        "该点在{name}推定范围之外 {metres} 米，范围本身未经勘定",
        "the point lies {metres} m outside the assumed extent of {name}, which nobody surveyed",
    ),
    "place_derived": FindingKind(
        "place", NOTE, "所在地由坐标得出：{name}", "the place follows from the point: {name}"
    ),
    "place_assumed": FindingKind(
        "place",
        WARN,
        "所在地由坐标得出：{name}，但其范围是推定的，请确认",
        "the place follows from the point: {name}; its extent is assumed, so confirm it",
    ),
    "outside_parent": FindingKind(
        "place",
        WARN,
        "边界有 {percent}% 在上级{parent}之外",
        "{percent} % of the extent lies outside the parent {parent}",
    ),
    "borders_overlap": FindingKind(
        "place",
        WARN,
        "{one}与{other}的边界重叠 {area} 平方米",
        "the borders of {one} and {other} overlap by {area} m²",
    ),
    "border_gap": FindingKind(
        "place",
        WARN,
        "{parent}之内的边界之间有 {area} 平方米的缝隙，平均宽 {width} 米",
        "a gap of {area} m², {width} m wide on average, lies between the borders within {parent}",
    ),
    "ground_of_nobody": FindingKind(
        "place",
        WARN,
        "{parent}之内有 {area} 平方米不属于任何下级，可能缺少一个地方",
        "{area} m² of {parent} belong to no place under it; one may be missing",
    ),
    "border_missing": FindingKind(
        "place", WARN, "{name}没有边界", "{name} has no border, beside neighbours that have one"
    ),
    "clock_ahead": FindingKind(
        "clock",
        REFUSE,
        "时间 {moment} 晚于登记系统时钟 {now}",
        "{moment} is later than the clock of the registry, {now}",
    ),
    "clock_too_old": FindingKind("clock", REFUSE, "时间 {moment} 早于 1990 年", "{moment} is before 1990"),
    "no_time_zone": FindingKind("clock", REFUSE, "时间缺少时区", "the time needs a time zone"),
    "rule_broken": FindingKind("rules", REFUSE, "内容自相矛盾：{reason}", "{reason}"),
    "capacity_added": FindingKind(
        "rules",
        NOTE,
        "总容量由室内和室外相加：{persons} 人",
        "the capacity is the sum of its spaces: {persons} persons",
    ),
    "capacity_differs": FindingKind(
        "rules",
        WARN,
        "分项容量 {persons} 人，与总容量 {capacity} 人不符",
        "capacities of {persons} persons do not agree with {capacity} in all",
    ),
    "over_capacity": FindingKind(
        "rules",
        WARN,
        "在场 {persons} 人，超过容量 {capacity} 人",
        "{persons} persons are more than the capacity of {capacity}",
    ),
    "likely_double": FindingKind(
        "doubles",
        WARN,
        "疑似重复：与“{name}”相似 {percent}%",
        "likely a double of “{name}” ({percent} % alike)",
    ),
    "shared_external_id": FindingKind(
        "doubles",
        WARN,
        "“{name}”也使用了编号 {identity}",
        "“{name}” has the identity {identity} too",
    ),
    "possible_double": FindingKind(
        "doubles",
        NOTE,
        "可能重复：与“{name}”相似 {percent}%",
        "possibly a double of “{name}” ({percent} % alike)",
    ),
}


def finding(
    code: str, field: str | None = None, value: Any = None, proposal: Any = None, /, **figures: Any
) -> Finding:
    """The finding of a code. A figure that has words in both languages gives each message its own."""
    kind = KINDS[code]
    zh = {name: _word(figure, "zh") for name, figure in figures.items()}
    en = {name: _word(figure, "en") for name, figure in figures.items()}
    return Finding(
        severity=kind.severity,
        code=code,
        field=field,
        value=value,
        message=Message(kind.zh.format(**zh), kind.en.format(**en)),
        proposal=proposal,
    )


def _word(figure: Any, language: str) -> Any:
    if isinstance(figure, Message):
        return getattr(figure, language)
    return (getattr(figure, language) or str(figure)) if isinstance(figure, Name) else figure


def refusals(findings: Iterable[Finding], *, strict: bool = False) -> list[Finding]:
    """The findings that refuse the content; with `strict` warnings do too."""
    refused = ("refuse", "warn") if strict else ("refuse",)
    return [one for one in findings if one.severity in refused]


Path = tuple[Any, ...]
"""The way from the top of a value to a member: (way to its parent, member or position), and () at the top.

A third item is the scheme of the codes beside the member.
"""


def pointer_of(path: Path) -> str:
    """The JSON pointer (RFC 6901) of a path."""
    parts: list[str] = []
    while path:
        path, last = path[0], path[1]
        parts.append("/" + str(last).replace("~", "~0").replace("/", "~1"))
    return "".join(reversed(parts))


def pointer_of_field(field: str) -> str:
    """The JSON pointer of a field that an error names, such as `properties.stock[3].name`."""
    return (
        field
        if not field or field.startswith("/")
        else "/" + field.replace("[", ".").replace("]", "").replace(".", "/")
    )
