"""Fold texts: what looks alike becomes alike."""

import re
import unicodedata
from functools import lru_cache

CHINESE_MARKS = re.compile("([！％（），：；？～²³¹⁰-₎]+)")
"""Full-width marks belong in Chinese text, and a raised 2 is no 2: NFKC would turn both into other text."""
SPACES = re.compile(r"\s+")
KEPT_TEXTS = 50_000
"""The texts of a list repeat: towns, offices, yes and no."""
SPACES_IN_LINE = re.compile(r"[^\S\n]+")


@lru_cache(KEPT_TEXTS)
def folded(text: str, *, one_line: bool = True) -> str:
    """The text in NFKC but for Chinese marks and raised digits, trimmed, without invisible characters.

    Spaces are joined to one; a text of several lines keeps its line breaks.
    """
    if text.isascii():
        composed = text
    else:
        parts = CHINESE_MARKS.split(text)
        composed = "".join(
            part if odd % 2 else unicodedata.normalize("NFKC", part) for odd, part in enumerate(parts)
        )
        if not composed.isprintable():  # nothing invisible is printable
            composed = "".join(mark for mark in composed if unicodedata.category(mark) != "Cf")
    if one_line:
        return SPACES.sub(" ", composed).strip()
    lines = composed.replace("\r\n", "\n").split("\n")
    return "\n".join(SPACES_IN_LINE.sub(" ", line).rstrip() for line in lines).strip()


@lru_cache(KEPT_TEXTS)
def comparable(text: str) -> str:
    """The text as names are compared: NFKC, small letters, no spaces, no invisible characters."""
    composed = unicodedata.normalize("NFKC", text).casefold()
    if composed.isprintable():
        return "".join(composed.split())
    return "".join(mark for mark in composed if not mark.isspace() and unicodedata.category(mark) != "Cf")
