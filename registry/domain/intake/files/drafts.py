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
from registry.domain.records.resource import Datum, Kind

SharedPoints = dict[tuple[float, float], int]


def draft_rows(
    sheet: Sheet, header: Header, rows: SortedRows, kind: Kind, ground: FileGround, answers: FileAnswers
) -> list[DraftedRow]:
    """A draft for each record of a sheet, in their order."""
    context = context_of(sheet, header, kind, ground, answers)
    drafts = [RowReader(context, row).read() for row in rows.records]
    mark_shared(drafts, header, shared_by_rows(drafts))
    return drafts


def context_of(
    sheet: Sheet, header: Header, kind: Kind, ground: FileGround, answers: FileAnswers
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
        columns={column.field: column for column in reversed(header.columns) if column.field},
        width=max((column.index for column in header.columns), default=-1) + 1,
    )


def shared_by_rows(drafts: list[DraftedRow]) -> SharedPoints:
    """The points that several rows of a file have, and how many rows."""
    return shared_points([draft.reading for draft in drafts])


def mark_shared(drafts: list[DraftedRow], header: Header, points: SharedPoints) -> None:
    """Mark what rows share: points, which then are approximate, and identities, which refuse both rows."""
    _mark_shared_points(drafts, header, points)
    _mark_twice(drafts, header)


def _mark_twice(drafts: list[DraftedRow], header: Header) -> None:
    """Refuse both rows of an identity that a file has twice: nobody knows which one is meant."""
    seen: dict[str, DraftedRow] = {}
    column = header.column("external_id")
    for draft in drafts:
        if draft.external_id is None:
            continue
        first = seen.setdefault(draft.external_id, draft)
        if first is not draft:
            at = None if column is None else letters(column.index)
            for one, other in ((draft, first), (first, draft)):
                text = draft.external_id
                one.findings.append(
                    file_finding("twice_in_file", one.row, at, text, other=other.row, text=text)
                )


def datum_of_headers(header: Header) -> Datum | None:
    """The datum that a header above positions names."""
    placed = [column for column in header.columns if column.field in PLACED]
    return next((datum for column in placed if (datum := datum_in(column.title))), None)


def _mark_shared_points(drafts: list[DraftedRow], header: Header, shared: SharedPoints) -> None:
    """Make the points that several rows share approximate."""
    at = next((letters(column.index) for column in header.columns if column.field in PLACED), None)
    metres = round(SHARED_POINT_M)
    for draft in drafts:
        rows = 0 if draft.reading is None else shared.get((draft.reading.lon, draft.reading.lat), 0)
        if rows:
            draft.members["location"] |= {"quality": "approximate", "uncertainty_m": SHARED_POINT_M}
            draft.findings.append(file_finding("shared_point", draft.row, at, rows=rows, metres=metres))


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
