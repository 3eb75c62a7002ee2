"""Find the header of a table: 15 rows by a depth of one to three, compared with the words of the fields."""

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

from msgspec import Struct
from rapidfuzz import fuzz, process

from registry.domain.intake.files.header_words import FIELD_WORDS, KIND_FIELDS, KIND_WORDS, OF_SOME_KIND
from registry.domain.intake.files.sheet import Cell, Merge, Row, Sheet, is_blank, text_of
from registry.domain.intake.files.text import bare_key, header_key, one_line, words
from registry.domain.intake.lists.list_kind import LIST_KINDS, list_fields, list_vocabulary

FIRST_ROWS = 15
MOST_DEEP = 3
ALIKE = 75.0
EXACT = 100.0
PLACED = frozenset({"longitude", "latitude", "coordinates", "x", "y"})
REPEATABLE = frozenset({"note", "contact_phone", "contact_name", "ordinal", "amenities", "since"})
"""Fields of which several columns are joined."""


class Column(Struct, frozen=True, kw_only=True):
    """A column with the whole path of its header, the field it holds and how sure that is, out of 100."""

    index: int
    path: tuple[str, ...]
    field: str | None = None
    score: float = 0.0

    @property
    def title(self) -> str:
        """The header as people read it."""
        return " / ".join(self.path)


class Header(Struct, frozen=True, kw_only=True):
    """The rows of the header, counted from 0, and the columns below them."""

    first: int
    depth: int
    columns: tuple[Column, ...]

    @property
    def data(self) -> int:
        """The first row below the header."""
        return self.first + self.depth

    def column(self, field: str) -> Column | None:
        """The first column of a field."""
        return next((column for column in self.columns if column.field == field), None)

    @property
    def fields(self) -> set[str]:
        """The fields that have a column."""
        return {column.field for column in self.columns if column.field}


def fields_of(kind: str) -> list[str]:
    """The fields that a record of this kind, or a row of a list of this kind, may have."""
    if kind in LIST_KINDS:
        return list(list_fields(kind))
    return [name for name in FIELD_WORDS if name not in OF_SOME_KIND or name in KIND_FIELDS[kind]]


@cache
def vocabulary_of(kind: str) -> dict[str, str]:
    """Folded header words to the fields of a kind; the code of a field is one of its words."""
    if kind in LIST_KINDS:
        return list_vocabulary(kind)
    known: dict[str, str] = {}
    for name in fields_of(kind):
        for language in (name.replace("_", " "), *FIELD_WORDS[name]):
            for word in words(language):
                known.setdefault(header_key(word), name)
    return known | {header_key(word): name for word, name in KIND_WORDS[kind].items()}


OwnColumns = Mapping[str, str]
NO_COLUMNS: OwnColumns = {}


@lru_cache(20_000)
def field_of(path: tuple[str, ...], kind: str) -> tuple[str | None, float]:
    """The field that a header means and how sure that is: exact, else at least `ALIKE`."""
    known = vocabulary_of(kind)
    forms = [header_key("".join(bare_key(part) for part in path)), header_key(path[-1]), bare_key(path[-1])]
    for form in forms:
        if form in known:
            return known[form], EXACT
    field, score = _nearest(forms[-1], known)
    return (field, score) if score >= ALIKE else (None, score)


def nearest_field(path: tuple[str, ...], kind: str) -> str | None:
    """The field whose words are nearest to a header that means none."""
    field, score = _nearest(bare_key(path[-1]), vocabulary_of(kind))
    return field if score >= ALIKE * 2 / 3 else None


def _nearest(form: str, known: Mapping[str, str]) -> tuple[str | None, float]:
    if len(form) < 2:
        return None, 0.0
    best = process.extractOne(form, known.keys(), scorer=fuzz.ratio, score_cutoff=ALIKE * 2 / 3)
    return (None, 0.0) if best is None else (known[best[0]], best[1])


def hits(cells: Iterable[str]) -> int:
    """How many of these cells are header words of any kind that are not plain ASCII."""
    return sum(1 for cell in cells if not cell.isascii() and header_key(cell) in _all_words())


@cache
def _all_words() -> frozenset[str]:
    return frozenset().union(*(vocabulary_of(kind).keys() for kind in KIND_FIELDS))


def find_header(sheet: Sheet, kind: str, own: OwnColumns = NO_COLUMNS) -> Header | None:
    """The best header of a sheet; None when nowhere two columns, or a name, are known.

    `own` are the headings of the office's word table, folded, with their fields.
    """
    if sheet.shapes is not None:
        return header_at(sheet, kind, 0, 1, own)
    labels = _Labels(sheet.rows, sheet.merges, own)
    best, best_score = None, 0.0
    for first in range(min(FIRST_ROWS, len(sheet.rows))):
        for depth in range(1, min(MOST_DEEP, len(sheet.rows) - first) + 1):
            header = _header(labels, kind, first, depth)
            score = _score(header, sheet.rows[first : first + depth])
            if score > best_score:
                best, best_score = header, score
    if best is None or not (len(best.fields) >= 2 or "name" in best.fields):
        return None
    top = _top(sheet.merges, best)
    return best if top == best.first else _header(labels, kind, top, best.data - top)


def _top(merges: list[Merge], header: Header) -> int:
    """The first of the rows that are merged into the header: parents hold the datum and the unit."""
    top = header.first
    while header.data - top < MOST_DEEP and any(m[0] < top <= m[2] and m[2] < header.data for m in merges):
        top -= 1
    return top


def header_at(sheet: Sheet, kind: str, first: int, depth: int, own: OwnColumns = NO_COLUMNS) -> Header:
    """The header that somebody said is in these rows."""
    return _header(_Labels(sheet.rows, sheet.merges, own), kind, first, depth)


def _header(labels: "_Labels", kind: str, first: int, depth: int) -> Header:
    columns = [
        Column(index=index, path=path, field=field, score=score)
        for index in range(labels.width(first, depth))
        if (path := labels.path(first, depth, index))
        for field, score in [labels.field_of(path, kind)]
    ]
    return Header(first=first, depth=depth, columns=tuple(_without_weak_doubles(columns)))


def _without_weak_doubles(columns: list[Column]) -> list[Column]:
    """Columns of which none claims by likeness a field that another has by its exact words."""
    best: dict[str, float] = {}
    for column in columns:
        if column.field:
            best[column.field] = max(best.get(column.field, 0.0), column.score)
    return [
        Column(index=column.index, path=column.path)
        if column.field and column.score < best[column.field] and column.field not in REPEATABLE
        else column
        for column in columns
    ]


def doubled(header: Header) -> dict[str, list[Column]]:
    """Fields that several columns claim and only one may have."""
    claims: dict[str, list[Column]] = {}
    for column in header.columns:
        if column.field and column.field not in REPEATABLE:
            claims.setdefault(column.field, []).append(column)
    return {field: columns for field, columns in claims.items() if len(columns) > 1}


def header_hash(header: Header) -> str:
    """What two files have in common that were made from one form: their folded headers, in their order."""
    folded = "\n".join(
        f"{column.index}:{'/'.join(header_key(part) for part in column.path)}" for column in header.columns
    )
    return hashlib.sha256(folded.encode()).hexdigest()[:32]


def _score(header: Header, rows: list[Row]) -> float:
    scores: dict[str, float] = {}
    for column in header.columns:
        if column.field:
            scores[column.field] = max(scores.get(column.field, 0.0), column.score / EXACT)
    numbers = sum(_is_number(cell) for row in rows for cell in row)
    doubles = sum(len(columns) - 1 for columns in doubled(header).values())
    return sum(scores.values()) - 0.5 * (numbers + doubles) - 0.01 * header.depth


def _is_number(cell: Cell) -> bool:
    if isinstance(cell, str):
        plain = cell.strip()
        return plain.replace(".", "", 1).replace(",", "").isdigit() and len(plain) > 0
    return cell is not None


class _Labels:
    """The labels of the first rows, with merged cells filled, and what the office's own words mean."""

    def __init__(self, rows: list[Row], merges: list[Merge], own: OwnColumns) -> None:
        self._own = own
        self._rows = rows[: FIRST_ROWS + MOST_DEEP]
        self._merged: dict[tuple[int, int], tuple[int, int]] = {}
        for top, left, bottom, right in merges:
            for row in range(top, min(bottom, FIRST_ROWS + MOST_DEEP) + 1):
                for column in range(left, right + 1):
                    self._merged[row, column] = (top, left)

    def field_of(self, path: tuple[str, ...], kind: str) -> tuple[str | None, float]:
        """The field that a header means; the office's own words go before those that are only alike."""
        field, score = field_of(path, kind)
        if self._own and score < EXACT:
            named = self._own.get(header_key(path[-1])) or self._own.get(bare_key(path[-1]))
            if named in fields_of(kind):
                return named, EXACT
        return field, score

    def width(self, first: int, depth: int) -> int:
        return max((len(row) for row in self._rows[first : first + depth]), default=0)

    def label(self, row: int, column: int) -> str:
        row, column = self._merged.get((row, column), (row, column))
        cells = self._rows[row] if row < len(self._rows) else []
        return one_line(text_of(cells[column])) if column < len(cells) else ""

    def path(self, first: int, depth: int, column: int) -> tuple[str, ...]:
        """The labels above a column, without repetitions; a parent without a merge reaches to the right."""
        last = first + depth - 1
        path: list[str] = []
        for row in range(first, last + 1):
            label = self.label(row, column)
            if not label and row < last and self.label(last, column):
                label = self._to_the_left(row, column)
            if label and label not in path:
                path.append(label)
        return tuple(path)

    def _to_the_left(self, row: int, column: int) -> str:
        """The label that reaches from the left over a cell of a parent row; none where merges are known."""
        for left in range(column - 1, -1, -1):
            if label := self.label(row, left):
                return "" if (row, left) in self._merged else label
        return ""


def blank_row(row: Row) -> bool:
    """Whether a row has nothing that can be seen."""
    return all(is_blank(cell) for cell in row)
