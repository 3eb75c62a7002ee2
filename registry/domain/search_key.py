"""Fold names and questions alike, so that 應急, 应急, "yjbn" and （应急） find the same records.

Display texts stay as they came. A question and a search key pass the same `folded_for_search`.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib.util import find_spec
from itertools import pairwise, product
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
NOTHING = SEPARATOR * 3
"""A question that no key holds: two parts at the most are empty."""
GRAM_BITS = 21
"""A pair of characters is one number: code points have 21 bits."""
_PIECES = re.compile(r"[%_]|\\.|[^%_\\]+|\\", re.DOTALL)
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
    return f"%{like_literal(_question(question))}%"


def key_grams(question: str) -> list[int]:
    """The pairs of characters in a question, or its one character, as `registry_grams` numbers them."""
    marks = [ord(mark) for mark in _question(question)]
    return sorted({one << GRAM_BITS | other for one, other in pairwise(marks)}) or marks


def _question(text: str) -> str:
    return folded_for_search(text) or NOTHING


def folded_pattern(pattern: str) -> str:
    """A LIKE pattern with its text folded; its marks and what a backslash escapes keep their meaning."""
    return "".join(_folded_piece(piece) for piece in _PIECES.findall(pattern))


def _folded_piece(piece: str) -> str:
    if piece in ("%", "_"):
        return piece
    return like_literal(folded_for_search(piece.removeprefix("\\") if len(piece) == 2 else piece))


def like_literal(text: str) -> str:
    """The text with the marks of LIKE escaped by a backslash."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def search_key(record: Resource, *, is_public: bool) -> str:
    """What a record is found by: its names, their pinyin and initials, and its identities elsewhere.

    The identities of a record that is not public are left out: who may not read them could guess them.
    """
    properties = record.properties
    shown = properties.external_ids if is_public else []
    return key_of(properties.name, (other.id for other in shown))


def key_of(name: Name, others: Iterable[str] = ()) -> str:
    """The search key of a name: folded Chinese, folded English, then pinyin, initials and other texts.

    The first two parts are always there, so that a part of the key can stand for one name.
    """
    names = [folded_for_search(text or "") for text in (name.zh, name.en)]
    more = dict.fromkeys([*_pinyin(names[0]), *map(folded_for_search, others)])
    return SEPARATOR.join([*names, *(part for part in more if part and part not in names)])


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
