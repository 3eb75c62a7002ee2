"""Make drafts of records out of the rows of a sheet, with what was found in each cell."""

from registry.domain.intake.files.draft import (
    COUNTS,
    SHARED_POINT_M,
    DraftedRow,
    FileAnswers,
    FileGround,
    SheetContext,
)
from registry.domain.intake.files.file_findings import file_finding
from registry.domain.intake.files.header import PLACED, Column, Header
from registry.domain.intake.files.row_reader import RowReader
from registry.domain.intake.files.rows import SortedRows
from registry.domain.intake.files.sheet import Cell, Sheet, letters
from registry.domain.intake.files.values import amounts
from registry.domain.intake.files.values.amounts import Unreadable
from registry.domain.intake.files.values.datum_words import datum_in
from registry.domain.intake.files.values.positions import shared_points
from registry.domain.intake.finding import Finding
from registry.domain.intake.lists.list_kind import FileKind
from registry.domain.records.resource import Datum, Kind

SharedPoints = dict[tuple[float, float], int]


def draft_rows(
    sheet: Sheet, header: Header, rows: SortedRows, kind: Kind, ground: FileGround, answers: FileAnswers
) -> list[DraftedRow]:
    """A draft for each record of a sheet, in their order."""
    context = context_of(sheet, header, kind, ground, answers)
    drafts = [RowReader(context, row).read() for row in rows.records]
    mark_shared(drafts, header)
    return drafts


def context_of(
    sheet: Sheet, header: Header, kind: FileKind, ground: FileGround, answers: FileAnswers
) -> SheetContext:
    """What all rows of a sheet have in common."""
    return SheetContext(
        sheet=sheet,
        header=header,
        kind=kind,
        ground=ground,
        answers=answers,
        datum=answers.datum or datum_of_headers(header),
        uncalculated=dict(sheet.uncalculated),
        read_columns=tuple(column for column in header.columns if column.field),
        columns={column.field: column for column in reversed(header.columns) if column.field},
        width=max((column.index for column in header.columns), default=-1) + 1,
    )


class SharedValues:
    """What several rows of a file may have in common, collected while they are read."""

    def __init__(self, points: SharedPoints | None = None) -> None:
        self._spots: SharedPoints = {}
        self._points = points
        self._rows_of: dict[str, list[int]] = {}

    def add(self, draft: DraftedRow) -> None:
        """Note the point and the identity of a row."""
        if draft.reading is not None:
            spot = (draft.reading.lon, draft.reading.lat)
            self._spots[spot] = self._spots.get(spot, 0) + 1
        if draft.external_id is not None:
            self._rows_of.setdefault(draft.external_id, []).append(draft.row)

    def points(self) -> SharedPoints:
        """The points that several rows have, and how many rows."""
        if self._points is None:
            self._points = shared_points(self._spots)
        return self._points

    def mark(self, draft: DraftedRow, header: Header) -> None:
        """Make a shared point approximate, and refuse an identity that the file has twice."""
        points = self.points()
        rows = 0 if draft.reading is None else points.get((draft.reading.lon, draft.reading.lat), 0)
        if rows:
            at = next((letters(column.index) for column in header.columns if column.field in PLACED), None)
            draft.members["location"] |= {"quality": "approximate", "uncertainty_m": SHARED_POINT_M}
            metres = round(SHARED_POINT_M)
            draft.findings.append(file_finding("shared_point", draft.row, at, rows=rows, metres=metres))
        self._mark_twice(draft, header)

    def _mark_twice(self, draft: DraftedRow, header: Header) -> None:
        """Nobody knows which row of an identity is meant: the first and the others name each other."""
        text = draft.external_id
        rows = self._rows_of.get(text or "", [])
        if len(rows) < 2:
            return
        column = header.column("external_id")
        at = None if column is None else letters(column.index)
        for other in rows[1:] if draft.row == rows[0] else rows[:1]:
            draft.findings.append(file_finding("twice_in_file", draft.row, at, text, other=other, text=text))


def mark_shared(drafts: list[DraftedRow], header: Header, points: SharedPoints | None = None) -> None:
    """Mark what rows share; `points` are those of a whole file of which these are some rows."""
    shared = SharedValues(points)
    for draft in drafts:
        shared.add(draft)
    for draft in drafts:
        shared.mark(draft, header)


def datum_of_headers(header: Header) -> Datum | None:
    """The datum that a header above positions names."""
    placed = [column for column in header.columns if column.field in PLACED]
    return next((datum for column in placed if (datum := datum_in(column.title))), None)


def totals(sheet: Sheet, header: Header, rows: SortedRows) -> list[Finding]:
    """The totals that a file states and that its rows do not add up to."""
    found: list[Finding] = []
    for one in rows.aside:
        if one.reason != "total":
            continue
        cells = sheet.rows[one.row - 1]
        for column in header.columns:
            if column.field not in (*COUNTS, "capacity_indoor", "capacity_outdoor") or column.index >= len(
                cells
            ):
                continue
            found += _total(column, one.row, cells[column.index], rows)
    return found


def _total(column: Column, row: int, cell: Cell, rows: SortedRows) -> list[Finding]:
    try:
        stated = amounts.count(cell).value
    except Unreadable:
        return []
    read = [_value(one.cells[column.index]) for one in rows.records if column.index < len(one.cells)]
    added = sum(value for value in read if value is not None)
    if stated is None or stated == added:
        return []
    figures = {"stated": int(stated), "sum": int(added)}
    return [file_finding("total_differs", row, letters(column.index), stated, added, **figures)]


def _value(cell: Cell) -> float | None:
    try:
        return amounts.count(cell).value
    except Unreadable:
        return None
