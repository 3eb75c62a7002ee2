"""Read telephone numbers: several in a cell, with extensions, without an area code."""

import re

from msgspec import Struct

from registry.domain.intake.files.sheet import Cell, text_of
from registry.domain.intake.files.text import is_one_of, one_line
from registry.domain.intake.files.values.amounts import UNKNOWN

BETWEEN = re.compile(r"[/;；、,，|\n]| 或 |(?<=\d{7}) (?=\d{7})")
EXTENSION = re.compile(r"(?:转|轉|分机|分機|内線|ext\.?|x|#)[::]?\s*(\d{1,6})$", re.IGNORECASE)
ALLOWED = re.compile(r"^\+?[\d\-()\s.]+$")
LOCAL_DIGITS = (7, 8)


class Phone(Struct, frozen=True):
    """A number as it can be dialled, and its extension; `local` when the area code is not known."""

    number: str
    extension: str | None = None
    local: bool = False

    def __str__(self) -> str:
        return self.number if self.extension is None else f"{self.number} ext {self.extension}"


class Phones(Struct, frozen=True):
    """The numbers of a cell, and the pieces that are none."""

    numbers: list[Phone]
    unreadable: list[str]


def phones(cell: Cell, area_code: str | None = None) -> Phones:
    """The telephone numbers of a cell; one without an area code gets that of the jurisdiction."""
    text = one_line(text_of(cell)).replace("－", "-").replace("—", "-").replace("–", "-")
    numbers: list[Phone] = []
    unreadable: list[str] = []
    if not text or is_one_of(text, UNKNOWN):
        return Phones(numbers, unreadable)
    for piece in (part.strip() for part in BETWEEN.split(text)):
        phone = _phone(piece, area_code)
        if phone is not None:
            numbers.append(phone)
        elif piece:
            unreadable.append(piece)
    return Phones(numbers, unreadable)


def _phone(text: str, area_code: str | None) -> Phone | None:
    extension = EXTENSION.search(text)
    plain = EXTENSION.sub("", text).strip()
    digits = re.sub(r"\D", "", plain)
    if not ALLOWED.match(plain) or not 3 <= len(digits) <= 15:
        return None
    ext = extension[1] if extension else None
    if len(digits) in LOCAL_DIGITS and not plain.startswith(("+", "(")) and not _has_area_code(plain):
        return Phone(f"{area_code}-{digits}" if area_code else digits, ext, local=area_code is None)
    return Phone(re.sub(r"\s+", "", plain), ext)


def _has_area_code(text: str) -> bool:
    """Whether a hyphen sets an area code apart, as in 05-000-0001."""
    return bool(re.match(r"^0\d{1,3}-", text))
