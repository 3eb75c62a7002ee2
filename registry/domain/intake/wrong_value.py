"""Why a value cannot be used, in the words of the field instead of the decoder's, and what would be right."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec import inspect
from rapidfuzz import fuzz, process

from registry.domain.intake.finding import Message

NEAR_ENOUGH = 60
MOST_CHOICES = 25
TYPES = {
    "int": Message("整数", "a whole number"),
    "float": Message("数字", "a number"),
    "str": Message("文本", "a text"),
    "bool": Message("true 或 false", "true or false"),
    "null": Message("空值 null", "null"),
    "array": Message("列表 […]", "a list […]"),
    "object": Message("对象 {…}", "an object {…}"),
    "datetime": Message(
        "带时区的时间，如 2026-11-01T08:00:00+08:00", "an instant, such as 2026-11-01T08:00:00+08:00"
    ),
    "date": Message("日期，如 2026-11-01", "a day, such as 2026-11-01"),
    "uuid": Message("UUID", "a UUID"),
}
INSTANT, DAY = TYPES["datetime"], TYPES["date"]
FIXED = {
    "Invalid UUID": Message("应为 UUID", "should be a UUID"),
    "Invalid RFC3339 encoded datetime": Message(f"应为{INSTANT.zh}", f"should be {INSTANT.en}"),
    "Invalid RFC3339 encoded date": Message(f"应为{DAY.zh}", f"should be {DAY.en}"),
    "Expected `datetime` with a timezone component": Message("时间须带时区", "the time needs a time zone"),
}
OF_TYPE = re.compile(r"^Expected `(?P<kinds>[^`]+)`(?:, got `(?P<came>[^`]+)`)?$")
OF_BOUND = re.compile(r"^Expected `(?:int|float)` (?P<sign>>=|<=|>|<) (?P<bound>\S+)$")
OF_LENGTH = re.compile(
    r"^Expected `(?P<kind>str|array|object)` of length (?P<sign>>=|<=)? ?(?P<most>\d+)(?:, got \d+)?$"
)
OF_CHOICE = re.compile(r"^Invalid (?:enum )?value ")
SIGNS = {
    ">=": Message("不小于 {}", "at least {}"),
    "<=": Message("不大于 {}", "at most {}"),
    ">": Message("大于 {}", "more than {}"),
    "<": Message("小于 {}", "less than {}"),
    None: Message("正好 {}", "exactly {}"),
}
PARTS = {
    "str": Message("个字符", "characters"),
    "array": Message("项", "items"),
    "object": Message("个成员", "members"),
}


class WrongValue(NamedTuple):
    """The reason, and a value to take instead where one can be told."""

    reason: Message
    proposal: Any = None


def explain(what: str, kind: Any = None, parts: Sequence[str] = (), came: Any = None) -> WrongValue:
    """The reason behind a sentence of msgspec, about the member at `parts` of a value of the type `kind`."""
    if (fixed := FIXED.get(what)) is not None:
        return WrongValue(fixed)
    if (match := OF_BOUND.match(what)) is not None:
        bound = float(match["bound"])
        sign, shown = SIGNS[match["sign"]], f"{bound:g}" if abs(bound) < 1e6 else f"{bound:,.0f}"
        return WrongValue(Message("应" + sign.zh.format(shown), "should be " + sign.en.format(shown)))
    if (match := OF_LENGTH.match(what)) is not None:
        sign, unit = SIGNS[match["sign"]], PARTS[match["kind"]]
        counted = sign.zh.format(match["most"]), sign.en.format(match["most"])
        return WrongValue(Message(f"应有{counted[0]} {unit.zh}", f"should have {counted[1]} {unit.en}"))
    if what.startswith("Expected `str` matching regex"):
        return WrongValue(Message("含有此处不允许的字符", "has characters that are not allowed here"))
    if OF_CHOICE.match(what) and (choices := choices_at(kind, parts)):
        return _choose(choices, came)
    if (match := OF_TYPE.match(what)) is not None:
        return WrongValue(_of_type(match["kinds"], match["came"]), number_in(came))
    return WrongValue(Message(what, what))


def _choose(choices: Sequence[str], came: Any) -> WrongValue:
    listed = ", ".join(choices[:MOST_CHOICES])
    nearest = process.extractOne(str(came), choices, scorer=fuzz.ratio, score_cutoff=NEAR_ENOUGH)
    return WrongValue(
        Message(f"应为以下之一：{listed}", f"should be one of {listed}"),
        None if nearest is None else nearest[0],
    )


def _of_type(kinds: str, came: str | None) -> Message:
    told = [TYPES.get(one, Message(one, one)) for one in kinds.split(" | ")]
    zh, en = "或".join(one.zh for one in told), " or ".join(one.en for one in told)
    if came is None:
        return Message(f"应为{zh}", f"should be {en}")
    got = TYPES.get(came, Message(came, came))
    return Message(f"应为{zh}，而不是{got.zh}", f"should be {en}, not {got.en}")


def number_in(text: Any) -> float | None:
    """The number of a text that is one: "300" for 300."""
    if isinstance(text, str) and re.fullmatch(r"-?\d{1,30}(\.\d{1,30})?", text):
        return float(text) if "." in text else int(text)
    return None


def choices_at(kind: Any, parts: Sequence[str]) -> list[str]:
    """The texts that a member of a value of this type may be; none when it is free."""
    found: list[inspect.Type] = [] if kind is None else [inspect.type_info(kind)]
    for part in parts:
        found = [inner for one in found for inner in _below(one, part)]
    return sorted({choice for one in found for choice in _choices(one)})


def _below(kind: inspect.Type, part: str) -> list[inspect.Type]:
    plain = _plain(kind)
    if isinstance(plain, inspect.UnionType):
        return [inner for one in plain.types for inner in _below(one, part)]
    if isinstance(plain, inspect.StructType):
        if part == plain.tag_field:
            return [inspect.LiteralType((plain.tag,))]
        return [field.type for field in plain.fields if field.encode_name == part]
    if isinstance(plain, inspect.DictType):
        return [plain.value_type]
    if isinstance(plain, inspect.ListType | inspect.VarTupleType):
        return [plain.item_type]
    return []


def _choices(kind: inspect.Type) -> list[str]:
    plain = _plain(kind)
    if isinstance(plain, inspect.UnionType):
        return [choice for one in plain.types for choice in _choices(one)]
    if isinstance(plain, inspect.LiteralType):
        return [str(value) for value in plain.values]
    return [str(item.value) for item in plain.cls] if isinstance(plain, inspect.EnumType) else []


def _plain(kind: inspect.Type) -> inspect.Type:
    return _plain(kind.type) if isinstance(kind, inspect.Metadata) else kind
