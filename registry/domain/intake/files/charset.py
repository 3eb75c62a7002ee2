"""Find the encoding of a text: mark, strict UTF-8, the header words it yields, a detector; else ask."""

import codecs
import csv
from collections.abc import Iterator

import charset_normalizer
from msgspec import Struct, field

from registry.domain.intake.files.header import FIRST_ROWS, hits

LADDER = ("gb18030", "big5hkscs", "cp932", "cp949")
"""Every one of them decodes many a text of the others: the first that decodes says nothing."""
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
FIRST_LEVEL = {
    "gb18030": ("gb2312", 0xB0, 0xD7),
    "big5hkscs": ("big5", 0xA4, 0xC6),
    "cp932": ("shift_jis", 0x88, 0x98),
    "cp949": ("euc_kr", 0xB0, 0xC8),
}
"""The standard of an encoding, and the first bytes of the characters of everyday use in it."""
ENOUGH_LETTERS = 12
MOST_COMMON, LESS_COMMON = 0.95, 0.75
ENOUGH_ROWS = 10
"""Below this many rows the detector is wrong too often: measured 24 of 60 at one row, 60 of 60 at ten."""
PREVIEWED = 5
DELIMITERS = ",;\t|"


class Decoded(Struct, frozen=True, kw_only=True):
    """The text and its encoding; no text where none fits or several may, with the first lines in each."""

    text: str | None = None
    encoding: str | None = None
    previews: dict[str, list[str]] = field(default_factory=dict)


def decode(content: bytes, encoding: str | None = None) -> Decoded:
    """The text of a file, in the encoding that somebody named or in the one that is sure."""
    if encoding is not None:
        text = _strict(content, encoding)
        return Decoded(text=text, encoding=encoding if text is not None else None)
    for mark, name in MARKS:
        if content.startswith(mark):
            return Decoded(text=_strict(content, name), encoding=name)
    if (text := _strict(content, "utf-8")) is not None:
        return Decoded(text=text, encoding="utf-8")
    texts = {name: text for name in LADDER if (text := _strict(content, name)) is not None}
    scores = {name: hits(_cells(text)) for name, text in texts.items()}
    best = max(scores.values(), default=0)
    leading = [name for name, score in scores.items() if score == best and score > 0]
    if len(leading) == 1:
        return Decoded(text=texts[leading[0]], encoding=leading[0])
    return _by_common_characters(texts) or _detected(content, texts)


def _by_common_characters(texts: dict[str, str]) -> Decoded | None:
    """The one reading that has nearly only the characters of everyday use; the others have rare ones."""
    shares = {name: _common_share(text[:20_000], name) for name, text in texts.items()}
    ranked = sorted(shares, key=lambda name: -shares[name])
    if not ranked or shares[ranked[0]] < MOST_COMMON:
        return None
    if len(ranked) > 1 and shares[ranked[1]] > LESS_COMMON:
        return None
    return Decoded(text=texts[ranked[0]], encoding=ranked[0])


def _common_share(text: str, encoding: str) -> float:
    """The share of everyday characters among those of the script; 0 where there are too few to tell."""
    letters = [c for c in text if not c.isascii() and c.isalpha()]
    if len(letters) < ENOUGH_LETTERS:
        return 0.0
    return sum(_is_common(c, encoding) for c in letters) / len(letters)


def _is_common(letter: str, encoding: str) -> bool:
    """Whether a character is of the first level of its national standard, or kana."""
    if encoding == "cp932" and "\u3040" <= letter <= "\u30ff":
        return True
    standard, first, last = FIRST_LEVEL[encoding]
    try:
        code = letter.encode(standard)
    except UnicodeEncodeError:
        return False
    return len(code) == 2 and first <= code[0] <= last


def _detected(content: bytes, texts: dict[str, str]) -> Decoded:
    """What the detector says, where there are rows enough for it."""
    rows = content.count(b"\n") + (not content.endswith(b"\n"))
    if texts and rows > ENOUGH_ROWS:
        match = charset_normalizer.from_bytes(content[:200_000], cp_isolation=list(texts)).best()
        if match is not None and match.encoding in texts:
            return Decoded(text=texts[match.encoding], encoding=match.encoding)
    previews = {name: text.splitlines()[:PREVIEWED] for name, text in texts.items()}
    return Decoded(previews={name: [line[:200] for line in lines] for name, lines in previews.items()})


def _strict(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def delimiter(text: str) -> str:
    """The sign between cells: the one with which the first rows agree on the most columns."""
    lines = text[:20_000].splitlines()[:FIRST_ROWS]
    counts = {sign: sorted(line.count(sign) for line in lines if line) for sign in DELIMITERS}
    return max(DELIMITERS, key=lambda sign: counts[sign][len(counts[sign]) // 2] if counts[sign] else 0)


def _cells(text: str) -> Iterator[str]:
    lines = text[:20_000].splitlines()[:FIRST_ROWS]
    try:
        for row in csv.reader(lines, delimiter=delimiter(text)):
            yield from row
    except csv.Error:
        return
