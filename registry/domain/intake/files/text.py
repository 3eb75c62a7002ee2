"""Fold texts: for cells, for headers and for the comparison of names."""

import re
import unicodedata
from functools import lru_cache

BRACKETED = re.compile(r"[(\[【〔〈《].*?[)\]】〕〉》]")
DECORATION = re.compile(r"[\s_*＊:：.。·・,，、;；'\"“”‘’#()\[\]{}【】〔〕〈〉《》/\\\-]+")


@lru_cache(100_000)
def one_line(text: str) -> str:
    """One line of text in NFKC, without invisible characters and with single spaces."""
    plain = unicodedata.normalize("NFKC", text)
    if not plain.isprintable():
        plain = "".join(" " if c in "\t\r\n\v\f" else c for c in plain if unicodedata.category(c) != "Cf")
    return " ".join(plain.split())


@lru_cache(50_000)
def header_key(text: str) -> str:
    """A header without decoration, as headers and labels are compared; what brackets hold is kept."""
    return DECORATION.sub("", one_line(text).casefold())


@lru_cache(50_000)
def bare_key(text: str) -> str:
    """A header without what its brackets hold: units, and the datum."""
    plain = BRACKETED.sub("", one_line(text))
    return header_key(plain) or header_key(text)


def words(listed: str) -> list[str]:
    """The words of a list that is written with bars."""
    return listed.split("|")


def keys(listed: str) -> frozenset[str]:
    """The plain words of a list; a word that is decoration alone stays as it is."""
    return frozenset(header_key(word) or one_line(word) for word in words(listed))


def is_one_of(text: str, listed: frozenset[str]) -> bool:
    """Whether a text is one of the words that `keys` plain."""
    return (header_key(text) or one_line(text)) in listed
