"""What the registry knows of the rows of an office's own form, for the cells that are blank in it."""

from collections.abc import Mapping
from typing import Any, cast

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.intake.files.draft import FileAnswers
from registry.domain.intake.files.drafts import context_of
from registry.domain.intake.files.header import PLACED
from registry.domain.intake.files.sheet import Sheet, is_blank
from registry.domain.intake.files.stored_row import SheetLayout, StoredCells, unstored
from registry.domain.intake.lists.list_kind import LIST_KINDS
from registry.domain.intake.out.workbook import RecordCells, WorkbookColumn
from registry.domain.records.resource import Kind
from registry.services.intake.files.ground import load_file_ground, load_known
from registry.services.intake.files.intakes import Intake
from registry.store.database.pool import Reader
from registry.store.records import contacts

UNSHIFTED = ("wgs84", "cgcs2000")


async def known_values(
    reader: Reader, sight: Sight, intake: Intake, layout: SheetLayout, lines: Mapping[int, Mapping[str, Any]]
) -> dict[int, dict[int, Any]]:
    """Values for blank cells by row number and column; none for lists of reference data.

    A position is given only in a form that says that its positions are in WGS 84 or CGCS2000.
    """
    if intake.kind in LIST_KINDS:
        return {}
    kind = cast("Kind", intake.kind)
    wanted = {row["target"] for row in lines.values()}
    records = {
        record.id: record
        for record in await load_known(reader, sight, Filter(kind=kind))
        if record.id in wanted
    }
    answers = FileAnswers(datum=intake.answers.datum, system=intake.answers.system)
    sheet = Sheet(name=layout.sheet, rows=[])
    context = context_of(sheet, layout.header, kind, await load_file_ground(reader), answers)
    columns = [
        WorkbookColumn(field=one.field or "", title=one.title, english="") for one in context.read_columns
    ]
    people = await contacts.telephones(reader, sight, list(records))
    named = {identity: [(one["name"], one["phone"]) for one in listed] for identity, listed in people.items()}
    cells = RecordCells(context, columns, named)
    filled: dict[int, dict[int, Any]] = {}
    for number, row in lines.items():
        record = records.get(row["target"])
        if record is None or row["action"] == "refused":
            continue
        stated = unstored(StoredCells(**row["cells"]))
        for column in context.read_columns:
            is_stated = column.index < len(stated) and not is_blank(stated[column.index])
            if is_stated or (column.field in PLACED and context.datum not in UNSHIFTED):
                continue
            value = cells.value(record, column.field or "")
            if value is not None:
                filled.setdefault(number, {})[column.index] = value
    return filled
