"""Read counts and areas as people write them: about 300, 15-20, indoor and outdoor, in words."""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Literal

from msgspec import Struct, structs

from registry.domain.intake.files.header_words import DITTO_WORDS, UNKNOWN_WORDS
from registry.domain.intake.files.sheet import Cell, text_of
from registry.domain.intake.files.text import is_one_of, keys, one_line

Basis = Literal["exact", "approximate", "range", "split", "spoken", "unknown", "same_as_above", "empty"]
UNKNOWN, DITTO = keys(UNKNOWN_WORDS), keys(DITTO_WORDS)


class Amount(Struct, frozen=True, kw_only=True):
    """A number with its bounds and how it was stated; `parts` holds those of indoor and outdoor.

    The value of a range is its low end: what is certain. `spoken` is a number in words with two readings.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    basis: Basis = "exact"
    parts: dict[str, float] = {}


class Unreadable(ValueError):
    """The text is no amount that has one meaning."""


NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
SCALES = {"": 1, "千": 1_000, "万": 10_000, "萬": 10_000, "亿": 100_000_000}
PLAIN = re.compile(rf"^({NUMBER})(千|万|萬|亿)?$")
RANGE = re.compile(rf"^({NUMBER})(千|万|萬)?(?:-|~|—|–|至|到|〜)({NUMBER})(千|万|萬)?$")
BEFORE = re.compile(
    r"^(?:大约|约|約|大概|近|将近|超过|超過|逾|不少于|至少|最多|不超过|约为|ca\.?|about|approx\.?|~|≈)"
)
AFTER = re.compile(r"(?:余|餘|多|左右|上下|以上|以下|以内|强|强|約|\+|plus)$")
LEAST = re.compile(r"^(?:超过|超過|逾|不少于|至少)|(?:余|餘|多|以上|强|\+)$")
MOST = re.compile(r"^(?:最多|不超过|近|将近)|(?:以下|以内)$")
PERSONS = re.compile(r"(?:人|名|员|員|位|个|persons?|people|pers\.?)$", re.IGNORECASE)
SPLIT = re.compile(r"(屋内|室内|室內|屋外|室外|indoors?|outdoors?)[::]?\s*", re.IGNORECASE)
INDOOR = ("屋内", "室内", "室內", "indoor", "indoors")
DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
UNITS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "萬": 10_000}
CHINESE = re.compile(r"^[零〇一二两兩三四五六七八九十百千万萬]+$")
AREA_UNITS: tuple[tuple[re.Pattern[str], float], ...] = (
    (re.compile(r"(?:平方公里|km2|km²)$", re.IGNORECASE), 1_000_000.0),
    (re.compile(r"(?:公顷|公頃|ha|ヘクタール|hectares?)$", re.IGNORECASE), 10_000.0),
    (re.compile(r"(?:亩|畝|mu)$", re.IGNORECASE), 10_000.0 / 15),
    (re.compile(r"(?:坪)$"), 400.0 / 121),
    (re.compile(r"(?:平方米|平方公尺|平米|平方|m2|m²|㎡|sqm|sq\.? ?m)$", re.IGNORECASE), 1.0),
    (re.compile(r"(?:sq\.? ?ft|square feet)$", re.IGNORECASE), 0.092_903_04),
)
LENGTH_UNITS: tuple[tuple[re.Pattern[str], float], ...] = (
    (re.compile(r"(?:公里|千米|km|キロ)$", re.IGNORECASE), 1_000.0),
    (re.compile(r"(?:米|公尺|m|メートル)$", re.IGNORECASE), 1.0),
)
Units = tuple[tuple[re.Pattern[str], float], ...]


def count(cell: Cell) -> Amount:
    """A number of persons; Unreadable for a fraction, a negative number or two numbers with no relation."""
    amount = _amount(cell, _without_persons)
    for value in (amount.value, amount.low, amount.high, *amount.parts.values()):
        if value is not None and value != int(value):
            raise Unreadable("not a whole number")
    return amount


def area_m2(cell: Cell, header: str = "") -> Amount:
    """An area in square metres; a number without a unit has that of the header, or is in square metres."""
    return _measure(cell, header, AREA_UNITS)


def length_m(cell: Cell, header: str = "") -> Amount:
    """A length in metres; a number without a unit has that of the header, or is in metres."""
    return _measure(cell, header, LENGTH_UNITS)


def _measure(cell: Cell, header: str, units: Units) -> Amount:
    factor = _header_factor(header, units)

    def strip(text: str) -> str:
        nonlocal factor
        for pattern, metres in units:
            if pattern.search(text):
                factor = metres
                return pattern.sub("", text)
        return text

    amount = _amount(cell, strip)
    return _scaled(amount, factor)


@lru_cache(1_000)
def _header_factor(header: str, units: Units) -> float:
    plain = re.sub(r"[)\]】]+$", "", one_line(header))
    return next((metres for pattern, metres in units if pattern.search(plain)), 1.0)


def _scaled(amount: Amount, factor: float) -> Amount:
    def scale(value: float | None) -> float | None:
        return None if value is None else round(value * factor, 6)

    parts = {name: scale(part) or 0.0 for name, part in amount.parts.items()}
    return structs.replace(
        amount, value=scale(amount.value), low=scale(amount.low), high=scale(amount.high), parts=parts
    )


def _without_persons(text: str) -> str:
    return PERSONS.sub("", text)


def _amount(cell: Cell, strip: Callable[[str], str]) -> Amount:
    if isinstance(cell, bool):
        raise Unreadable("not a number")
    if isinstance(cell, int | float):
        return _exact(_positive(float(cell)))
    text = one_line(text_of(cell)).replace(" ", "")
    if not text:
        return Amount(basis="empty")
    if is_one_of(text, UNKNOWN):
        return Amount(basis="unknown")
    if is_one_of(text, DITTO):
        return Amount(basis="same_as_above")
    if SPLIT.match(text):
        return _split(text, strip)
    return _stated(text, strip)


def _split(text: str, strip: Callable[[str], str]) -> Amount:
    parts: dict[str, float] = {}
    pieces = SPLIT.split(text)[1:]
    for word, rest in zip(pieces[::2], pieces[1::2], strict=True):
        name = "indoor" if word.casefold() in INDOOR else "outdoor"
        amount = _stated(rest.strip("/／,，;；、 "), strip)
        if name in parts or amount.value is None:
            raise Unreadable("the parts cannot be told apart")
        parts[name] = amount.value
    total = sum(parts.values())
    return Amount(value=total, low=total, high=total, basis="split", parts=parts)


def _stated(text: str, strip: Callable[[str], str]) -> Amount:
    """A number with words around it: about, more than, a unit."""
    core, about = text, ""
    for _ in range(3):
        before, stripped = core, strip(core)
        core = BEFORE.sub("", AFTER.sub("", stripped))
        about += "" if core == stripped else stripped
        if core == before:
            break
    if match := RANGE.match(core):
        return _range(match)
    value, spoken = _value(core)
    if not about:
        return Amount(value=value, low=value, high=value, basis="spoken") if spoken else _exact(value)
    low = value if LEAST.search(about) else None
    high = value if MOST.search(about) else None
    return Amount(value=value, low=low, high=high, basis="approximate")


def _range(match: re.Match[str]) -> Amount:
    scale = match[2] or match[4] or ""
    low, high = _plain(match[1], scale), _plain(match[3], match[4] or "")
    if low >= high:
        raise Unreadable("the range runs backwards")
    return Amount(value=low, low=low, high=high, basis="range")


def _value(text: str) -> tuple[float, bool]:
    if match := PLAIN.match(text):
        return _plain(match[1], match[2] or ""), False
    if CHINESE.match(text):
        return chinese_number(text)
    raise Unreadable("not a number that has one meaning")


def _plain(digits: str, scale: str) -> float:
    try:
        return float(Decimal(digits.replace(",", "")) * SCALES[scale])
    except InvalidOperation as error:
        raise Unreadable("not a number") from error


def chinese_number(text: str) -> tuple[float, bool]:
    """A number in Chinese words, and whether it leaves out its last unit: 三百五 is 350, or 305 to some."""
    total = section = digit = 0
    last_unit, spoken = 1, False
    for position, character in enumerate(text):
        if character in DIGITS:
            digit = DIGITS[character]
            final = position == len(text) - 1
            before = text[position - 1] if position else ""
            if final and before in UNITS and UNITS[before] >= 100:
                spoken, digit = True, digit * UNITS[before] // 10
            continue
        unit = UNITS[character]
        if unit == 10_000:
            total, section, digit = (total + section + digit) * unit, 0, 0
        else:
            section, digit = section + (digit or 1) * unit, 0
        last_unit = unit
    if last_unit == 1 and len(text) > 1:
        return float("".join(str(DIGITS[c]) for c in text)), False
    return float(total + section + digit), spoken


def _exact(value: float) -> Amount:
    return Amount(value=value, low=value, high=value)


def _positive(value: float) -> float:
    if not 0 <= value < 1e15:
        raise Unreadable("not a number from 0 up")
    return value
