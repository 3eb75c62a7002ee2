"""Tell records from what stands around them: titles, totals, notes, signatures, blanks, repeated headers."""

from typing import Literal

from msgspec import Struct

from registry.domain.intake.files.header import Header, blank_row
from registry.domain.intake.files.header_words import NOTE_WORDS, SIGNATURE_WORDS, TOTAL_WORDS
from registry.domain.intake.files.sheet import Cell, Row, Sheet, is_blank, text_of, trimmed
from registry.domain.intake.files.text import header_key, keys, one_line

Reason = Literal["title", "header", "repeated_header", "codes", "blank", "total", "note", "signature"]
TOTALS, NOTES, SIGNATURES = keys(TOTAL_WORDS), keys(NOTE_WORDS), keys(SIGNATURE_WORDS)
FEW = 3
"""A row with at most this many cells may be a note or a line for signatures."""


class SetAside(Struct, frozen=True):
    """A row, counted from 1, that is no record, with the reason and its text."""

    row: int
    reason: Reason
    text: str


class RecordRow(Struct, frozen=True):
    """A row, counted from 1, that is a record; merged cells are filled."""

    row: int
    cells: Row


class SortedRows(Struct, frozen=True):
    """The rows of a sheet: all are in one list or the other."""

    records: list[RecordRow]
    aside: list[SetAside]


def sort_rows(sheet: Sheet, header: Header) -> SortedRows:
    """Every row of a sheet as a record or set aside by name; blank rows at the end are not counted."""
    records: list[RecordRow] = []
    aside: list[SetAside] = []
    filled = _merged_below(sheet, header)
    labels = [header_key(column.path[-1]) for column in header.columns]
    codes = frozenset(column.field for column in header.columns if column.field)
    for index, row in enumerate(trimmed(sheet.rows)):
        reason = _outside(index, row, header) or _reason(row, header, labels, codes)
        if reason is None:
            records.append(RecordRow(index + 1, filled.get(index, row)))
        else:
            text = " ".join(one_line(text_of(cell)) for cell in row if not is_blank(cell))
            aside.append(SetAside(index + 1, reason, text[:200]))
    return SortedRows(records, aside)


def _outside(index: int, row: Row, header: Header) -> Reason | None:
    if index < header.first:
        return "blank" if blank_row(row) else "title"
    return "header" if index < header.data else None


def _reason(row: Row, header: Header, labels: list[str], codes: frozenset[str]) -> Reason | None:
    shown = [cell for cell in row if not is_blank(cell)]
    if not shown:
        return "blank"
    if any(header_key(text_of(cell)) in TOTALS for cell in shown[:2]) and not _has_name(row, header):
        return "total"
    first = one_line(text_of(shown[0]))
    if len(shown) <= FEW and _opens_with(first, NOTES):
        return "note"
    if len(shown) <= FEW and _opens_with(first, SIGNATURES) and not _has_name(row, header):
        return "signature"
    if _repeats(row, header, labels):
        return "repeated_header"
    if len(shown) >= 2 and codes and all(one_line(text_of(cell)) in codes for cell in shown):
        return "codes"
    return None


def _repeats(row: Row, header: Header, labels: list[str]) -> bool:
    """Whether most cells of a row are the words of the header above them."""
    same = other = 0
    for column, label in zip(header.columns, labels, strict=True):
        key = header_key(text_of(_cell(row, column.index)))
        same += bool(key) and key == label
        other += bool(key) and key != label
        if other * 2 >= len(labels):
            return False
    return same >= 2 and same > other


def _has_name(row: Row, header: Header) -> bool:
    column = header.column("name")
    if column is None or column.index >= len(row) or is_blank(row[column.index]):
        return False
    return header_key(text_of(row[column.index])) not in TOTALS


def _opens_with(text: str, listed: frozenset[str]) -> bool:
    """Whether a text is such a word, or begins with one and a colon."""
    head, colon, _ = text.replace("：", ":").partition(":")
    return header_key(head) in listed or text.startswith("※") or (not colon and header_key(text) in listed)


def _merged_below(sheet: Sheet, header: Header) -> dict[int, Row]:
    """The rows below the header that lie in a merge over several rows, with its value in each of them."""
    filled: dict[int, Row] = {}
    for top, left, bottom, right in sheet.merges:
        if top < header.data or bottom == top or bottom >= len(sheet.rows):
            continue
        value = _cell(sheet.rows[top], left)
        for index in range(top + 1, bottom + 1):
            row = filled.setdefault(index, list(sheet.rows[index]))
            row.extend([None] * (right + 1 - len(row)))
            row[left] = value
    return filled


def _cell(row: Row, column: int) -> Cell:
    return row[column] if column < len(row) else None
