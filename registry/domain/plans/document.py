"""A document: what was published, by whom, and the lines that a locator may point at."""

import re
from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from registry.domain.errors import Invalid
from registry.domain.values import Code, Name, PlaceCode, ShortText

DocumentKind = Literal["plan", "notice", "newspaper", "standard", "list", "other"]
Locator = ShortText
"""Where in a document a statement stands: `file:line` where the document lists its lines, else any text."""
FILE_LINE = re.compile(r"([0-9A-Za-z\-]{1,40}):([0-9]{1,7})(?:-([0-9]{1,7}))?")
LineNumber = Annotated[int, Meta(ge=1, le=9_999_999)]


class LineRange(Struct, frozen=True, forbid_unknown_fields=True):
    """The lines of a text file that belong to a document; `file` is its short name."""

    file: Code
    first_line: LineNumber
    last_line: LineNumber

    def __post_init__(self) -> None:
        if self.last_line < self.first_line:
            raise ValueError("last_line is before first_line")


class Document(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A published document, described in our words; its text is not stored."""

    id: Code
    kind: DocumentKind
    """What sort of document it is."""
    title: Name
    issuer: Name | None = None
    number: ShortText | None = None
    """Number of the document, as printed."""
    issued_on: date | None = None
    issued_on_note: ShortText | None = None
    period_from: date | None = None
    period_to: date | None = None
    place: PlaceCode | None = None
    extents: Annotated[list[LineRange], Meta(max_length=50)] = field(default_factory=list)
    note: Name | None = None


def check_locator(document: Document, locator: str) -> None:
    """Raise Invalid for a locator (`file:line` or `file:from-to`) that points outside the document's lines.

    A document that lists no lines takes any text, such as "第三章第二条" or "p. 14".
    """
    if not document.extents:
        return
    file, first, last = _parts(locator)
    lines = [part for part in document.extents if part.file == file]
    if not any(part.first_line <= first <= last <= part.last_line for part in lines):
        raise Invalid(f"locator {locator} is not in document {document.id}", field="locator")


def order_of(locator: str) -> tuple[str, int]:
    """By what locators are sorted: the file and its line; a text that names no line comes by itself."""
    match = FILE_LINE.fullmatch(locator)
    return (locator, 0) if match is None else (match[1], int(match[2]))


def _parts(locator: str) -> tuple[str, int, int]:
    match = FILE_LINE.fullmatch(locator)
    if match is None:
        raise Invalid(f"locator {locator!r} is not file:line", field="locator")
    file, first, last = match.groups()
    return file, int(first), int(last or first)
