"""Records that are likely the same thing: alike in name, near each other or in the same place."""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct
from rapidfuzz import fuzz

from registry.domain.intake.fold import comparable
from registry.domain.intake.reference import KnownRecord
from registry.domain.intake.territory import Territory
from registry.domain.values import Name

LIKELY_PERCENT = 85
POSSIBLE_PERCENT = 75
CELL_DEG = 0.005
"""Side of a cell; a record is compared with those in its own cell and in the eight around it."""
NUMERALS = str.maketrans("一二三四五六七八九〇零", "12345678900")
TOKENS = re.compile(r"\d+|[a-z](?![a-z])|[甲乙丙丁东西南北上下](?=[区片段路口院栋座组村街])")
"""What tells two things of one name apart: 3组 and 4组, 南区 and 北区, A栋 and B栋."""


class Double(Struct, frozen=True):
    """A stored record and how alike it is, from 0 to 100."""

    record: KnownRecord
    percent: int


def cell_window(lon: float, lat: float) -> tuple[float, float, float, float]:
    """West, south, east and north of the nine cells around a point."""
    west, south = (CELL_DEG * (value // CELL_DEG - 1) for value in (lon, lat))
    return west, south, west + 3 * CELL_DEG, south + 3 * CELL_DEG


def doubles(name: Name, place: str | None, near: Iterable[KnownRecord], territory: Territory) -> list[Double]:
    """The records of possibly the same thing, the most alike first."""
    prefixes = territory.names_above(place)
    words = _words(name, prefixes)
    alike = [Double(record, _percent(words, _words(record.name, prefixes))) for record in near]
    return sorted((one for one in alike if one.percent >= POSSIBLE_PERCENT), key=lambda one: -one.percent)


def _words(name: Name, prefixes: Sequence[str]) -> list[str]:
    return [_bare(comparable(word), prefixes) for word in (name.zh, name.en) if word]


def _bare(word: str, prefixes: Sequence[str]) -> str:
    """The name without the places that it begins with: 重庆市綦江区永新镇敬老院 is 敬老院 in Yongxin."""
    for _ in prefixes:
        prefix = next((one for one in prefixes if word.startswith(one) and len(word) > len(one)), None)
        if prefix is None:
            break
        word = word.removeprefix(prefix)
    return word


def _percent(words: Sequence[str], others: Sequence[str]) -> int:
    return max((_likeness(one, other) for one in words for other in others), default=0)


def _likeness(one: str, other: str) -> int:
    """How alike two names are; 0 where their numbers or other distinguishing marks differ."""
    if one == other:
        return 100
    if _tokens(one) != _tokens(other):
        return 0
    return int(fuzz.ratio(one, other, score_cutoff=POSSIBLE_PERCENT))


def _tokens(word: str) -> list[str]:
    return sorted(TOKENS.findall(word.translate(NUMERALS)))
