"""Fold names and questions alike, so that 應急, 应急, "yjbn" and （应急） find the same records.

Display texts stay as they came. A question and a search key pass the same `folded_for_search`.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

from registry.domain.records.resource import Resource
from registry.domain.values import Name

SEPARATOR = "|"
"""Between the parts of a key. It is in no folded text, so that no question matches across parts."""
DROPPED = frozenset({"Cf", "Cc", "Ps", "Pe", "Pi", "Pf", "Zs", "Zl", "Zp"})
"""General categories: invisible marks, brackets, quotation marks and spaces."""
VARIANTS = dict(
    zip(
        "髙﨑嵜𠮷邉邊辺渕淵濵濱浜槗槇曻昻桒栁斎齋齊斉冨峯嶋嶌島埜壄皁羣裏裡著為爲衆眾臺檯広鉄円図気沢滝亜駅戸黒銭対圏県郷囲竜塩",
        "高崎崎吉边边边渊渊滨滨滨桥槙升昂桑柳斋斋齐齐富峰岛岛岛野野皂群里里着为为众众台台广铁圆图气泽泷亚驿户黑钱对圈县乡围龙盐",
        strict=True,
    )
)
"""Characters that neither NFKC nor the tables of OpenCC make alike, each with the one that stands for it."""
EACH: Any = list
"""Has pypinyin give what is no Chinese character by character."""
MOST_READINGS = 9
FIRST_CHARACTERS = 2
LONGEST = 40
"""A longer name is found by its likeliest reading alone."""


@cache
def _simplified() -> dict[int, str]:
    """One character for each character: OpenCC's tables from Japanese to traditional and on to simplified.

    The tables of characters alone: with phrases a part of a name could become other text than the name.
    """
    japanese, traditional = _table("JPShinjitaiCharacters"), _table("TSCharacters")
    table = dict(traditional)
    for character, old in japanese.items():
        table.setdefault(character, traditional.get(old, old))
    table |= VARIANTS
    return {ord(character): table.get(other, other) for character, other in table.items()}


def load_tables() -> None:
    """Load the tables of characters and pinyin: a second, which the first write of a worker would take."""
    _simplified()
    _pinyin("一")


def _table(name: str) -> dict[str, str]:
    """A table of the package, read without importing it, which takes half a second."""
    spec = find_spec("opencc_purepy")
    assert spec is not None
    assert spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0], "dicts", f"{name}.txt")
    lines = (line.split("\t") for line in path.read_text("utf-8").splitlines() if "\t" in line)
    return {
        character: others.split()[0] for character, others in lines if len(character) == 1 and others.strip()
    }


def folded_for_search(text: str) -> str:
    """The text in NFKC and small letters, simplified, without spaces, brackets and invisible marks."""
    composed = unicodedata.normalize("NFKC", text).casefold()
    if not composed.isascii():
        composed = unicodedata.normalize("NFKC", composed).translate(_simplified())
    return "".join(
        mark for mark in composed if mark != SEPARATOR and unicodedata.category(mark) not in DROPPED
    )


def key_pattern(question: str) -> str:
    """The LIKE pattern, with backslash as escape, of the keys that hold a question; none for an empty one."""
    text = folded_for_search(question) or SEPARATOR * 2
    return f"%{like_literal(text)}%"


def like_literal(text: str) -> str:
    """The text with the marks of LIKE escaped by a backslash."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def search_key(record: Resource) -> str:
    """What a record is found by: its names, their pinyin and initials, and its identities elsewhere.

    The identities of a record that is not public are left out: who may not read them could guess them.
    """
    properties = record.properties
    shown = properties.external_ids if properties.visibility == "public" else []
    parts = [*name_parts(properties.name), *(folded_for_search(other.id) for other in shown)]
    return SEPARATOR.join(dict.fromkeys(part for part in parts if part))


def name_parts(name: Name) -> Iterator[str]:
    """The folded names, and the pinyin and initials of the Chinese one."""
    for text in (name.zh, name.en):
        if text is not None:
            yield folded_for_search(text)
    if name.zh is not None:
        yield from _pinyin(folded_for_search(name.zh))


@lru_cache(10_000)
def _pinyin(text: str) -> tuple[str, ...]:
    """Pinyin and initials, with all readings of the first two characters and the likeliest of the others."""
    if text.isascii():
        return ()
    from pypinyin import lazy_pinyin

    syllables = lazy_pinyin(text, errors=EACH, v_to_u=False)
    if syllables == list(text) or len(syllables) != len(text):
        return ()
    first = [
        dict.fromkeys((syllable, *_readings(character)))
        for syllable, character in zip(syllables[:FIRST_CHARACTERS], text, strict=False)
    ]
    most = MOST_READINGS if len(text) <= LONGEST else 1
    spoken = [[*start, *syllables[FIRST_CHARACTERS:]] for start in list(product(*first))[:most]]
    return tuple(dict.fromkeys(_joined(spoken)))


def _joined(spoken: Iterable[list[str]]) -> Iterator[str]:
    for syllables in spoken:
        yield "".join(syllables)
        yield "".join(syllable[0] for syllable in syllables)


@cache
def _readings(character: str) -> tuple[str, ...]:
    from pypinyin import Style, pinyin

    return tuple(pinyin(character, style=Style.NORMAL, heteronym=True, errors=EACH)[0])
