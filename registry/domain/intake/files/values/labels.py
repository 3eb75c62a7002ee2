"""Turn the words of a cell into the codes of a closed list or of a vocabulary."""

import re
from collections.abc import Iterable, Mapping
from functools import cache

from msgspec import Struct
from rapidfuzz import fuzz, process

from registry.domain.intake.files.header_words import CODED_WORDS, LABELS
from registry.domain.intake.files.text import header_key, is_one_of, one_line, words
from registry.domain.intake.files.values.amounts import DITTO, UNKNOWN

NEAR = 60.0
MOST_PROPOSED = 3
BETWEEN = re.compile(r"[、,，;；/|\n+＋]|(?<=[^a-zA-Z0-9]) +| {2,}")


class Label(Struct, frozen=True, kw_only=True):
    """A coded value with its labels."""

    scheme: str
    subject: str
    code: str
    labels: tuple[str, ...]


class Labels:
    """The coded values of the vocabularies by subject and by every word for them.

    `own` are folded words of the office's word table and their codes, by subject.
    """

    def __init__(self, values: Iterable[Label], own: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self._known: dict[str, dict[str, tuple[str, str]]] = {}
        self._words: dict[tuple[str, str, str], tuple[str, ...]] = {}
        for value in values:
            self._words[value.subject, value.scheme, value.code] = value.labels
            known = self._known.setdefault(value.subject, {})
            for word in (*value.labels, value.code, value.code.replace("_", " ")):
                known.setdefault(header_key(word), (value.scheme, value.code))
        for subject, codes in CODED_WORDS.items():
            known = self._known.get(subject, {})
            by_code = {code: (scheme, code) for scheme, code in known.values() if scheme == "registry"}
            for code, listed in codes.items():
                if code in by_code:
                    for word in words(listed):
                        known.setdefault(header_key(word), by_code[code])
        for subject, listed_words in (own or {}).items():
            known = self._known.get(subject, {})
            by_name = {code: (scheme, code) for scheme, code in known.values()}
            for word, code in listed_words.items():
                if code in by_name:
                    known.setdefault(word, by_name[code])

    def code(self, subject: str, text: str) -> tuple[str, str] | None:
        """The scheme and code that a word means exactly; `scheme:code` is one of its words."""
        known = self._known.get(subject, {})
        scheme, colon, code = text.partition(":")
        if colon and (scheme.strip(), code.strip()) in known.values():
            return scheme.strip(), code.strip()
        return known.get(header_key(text))

    def words(self, subject: str, scheme: str, code: str) -> tuple[str, ...]:
        """The labels of a code."""
        return self._words.get((subject, scheme, code), ())

    def has(self, subject: str, code: str) -> bool:
        """Whether the registry's own scheme has a code for a subject."""
        return ("registry", code) in self._known.get(subject, {}).values()

    def near(self, subject: str, text: str) -> list[str]:
        """At most three codes whose words are nearest to a word that is none."""
        return _near(
            header_key(text), {word: code for word, (_, code) in self._known.get(subject, {}).items()}
        )


def pieces(text: str) -> list[str]:
    """The words of a list in a cell, without those that say it is unknown."""
    listed = (piece.strip() for piece in BETWEEN.split(one_line(text)))
    return [piece for piece in listed if not is_unknown(piece)]


def is_unknown(text: str) -> bool:
    """Whether a text says that a value is not known."""
    return not text or is_one_of(text, UNKNOWN)


def is_ditto(text: str) -> bool:
    """Whether a text says that a value is that of the row above."""
    return is_one_of(text, DITTO)


def choice(field: str, text: str) -> str | None:
    """The value of a closed list that a word means exactly."""
    return _choices(field).get(header_key(text) or one_line(text))


def near_choices(field: str, text: str) -> list[str]:
    """At most three values of a closed list whose words are nearest."""
    return _near(header_key(text), _choices(field))


@cache
def _choices(field: str) -> dict[str, str]:
    known: dict[str, str] = {}
    for value, listed in LABELS[field].items():
        for word in (value, value.replace("_", " "), *words(listed)):
            known.setdefault(header_key(word) or one_line(word), value)
    return known


def _near(text: str, known: dict[str, str]) -> list[str]:
    if not text:
        return []
    matches = process.extract(text, known.keys(), scorer=fuzz.ratio, score_cutoff=NEAR, limit=10)
    return list(dict.fromkeys(known[word] for word, _, _ in matches))[:MOST_PROPOSED]
