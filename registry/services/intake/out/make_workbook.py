"""Make the workbook of a kind: empty, or with its records, which come back unchanged."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from registry.domain.access.actor import Actor, require
from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.errors import NotFound
from registry.domain.intake.files.draft import FileAnswers, FileGround
from registry.domain.intake.files.drafts import context_of
from registry.domain.intake.files.header import header_at
from registry.domain.intake.files.plan import ContactKey
from registry.domain.intake.files.sheet import Cell, Sheet
from registry.domain.intake.lists.list_cells import cells_of_item
from registry.domain.intake.lists.list_kind import (
    POSITION,
    ListKind,
    list_fields,
    list_label,
    list_title,
)
from registry.domain.intake.out.workbook import (
    KIND_NAMES,
    TITLES,
    RecordCells,
    WorkbookColumn,
    WorkbookSheet,
    columns_of,
)
from registry.domain.records.resource import Kind, Resource
from registry.services.intake.files.ground import load_file_ground, load_known
from registry.services.intake.lists.item import Json
from registry.services.intake.lists.items import load_items
from registry.services.progress import Advance, unwatched
from registry.store.database.pool import Reader
from registry.store.files.out.xlsx import write_sheet
from registry.store.records import contacts

STEP = 500
NAMED_BY_ID = ("zone", "rule")
"""Lists whose identities people give."""
People = Mapping[UUID, Sequence[ContactKey]]
"""Name and telephone of the contacts of each record."""


async def make_workbook(
    reader: Reader,
    sight: Sight,
    actor: Actor,
    kind: Kind,
    wanted: Filter | None,
    advance: Advance = unwatched,
) -> bytes:
    """A workbook (xlsx) with the records that a filter asks for, or with none; for planners."""
    require(actor, "planner")
    records = [] if wanted is None else await load_known(reader, sight, wanted)
    ground = await load_file_ground(reader)
    known = await contacts.telephones(reader, sight, [record.id for record in records])
    people: People = {
        identity: [(one["name"], one["phone"]) for one in listed] for identity, listed in known.items()
    }
    return await asyncio.to_thread(_written, kind, sight.exercise, records, ground, people, advance)


async def make_list_workbook(
    reader: Reader,
    sight: Sight,
    actor: Actor,
    kind: ListKind,
    *,
    place: str | None = None,
    empty: bool = False,
) -> bytes:
    """A workbook (xlsx) of a list of reference data: empty, or with what is stored of a place; for planners.

    Zones and coded values belong to no place: they come whole.
    """
    require(actor, "planner")
    ground = await load_file_ground(reader)
    bodies: list[Json] = []
    if not empty:
        if place is not None and place not in ground.gazetteer.places:
            raise NotFound("place", place)
        bodies = await (await load_items(reader, sight, kind, FileAnswers().system)).items.find(place)
    return await asyncio.to_thread(_written_list, kind, sight.exercise, bodies, ground)


def _written_list(kind: ListKind, exercise: str | None, bodies: Sequence[Json], ground: FileGround) -> bytes:
    columns = [
        WorkbookColumn(
            field=name,
            title=TITLES[name] if name in POSITION else list_title(kind, name),
            english=name.replace("_", " "),
            choices=one.choices,
            is_key=kind in NAMED_BY_ID,
        )
        for name, one in list_fields(kind).items()
        if one.is_plain and name != "coordinates"
    ]
    name = list_label(kind).partition(" ")[0]
    head = Sheet(name=name, rows=[[column.title for column in columns]])
    context = context_of(head, header_at(head, kind, 0, 1), kind, ground, FileAnswers())
    names = [column.field for column in columns]
    rows = [cells_of_item(kind, context, names, body) for body in bodies]
    sheet = WorkbookSheet(kind=kind, name=name, columns=columns, rows=rows, exercise=exercise)
    return write_sheet(sheet, {"kind": kind, "exercise": exercise or "live", "records": str(len(rows))})


def _written(
    kind: Kind,
    exercise: str | None,
    records: Sequence[Resource],
    ground: FileGround,
    people: People,
    advance: Advance,
) -> bytes:
    columns = columns_of(kind, exercise=exercise)
    head = Sheet(name=KIND_NAMES[kind], rows=[[column.title for column in columns]])
    context = context_of(head, header_at(head, kind, 0, 1), kind, ground, FileAnswers())
    cells = RecordCells(context, columns, people)
    rows: list[list[Cell]] = []
    for done, record in enumerate(records, 1):
        rows.append(_with_exercise(cells.cells(record), columns, exercise))
        if done % STEP == 0 or done == len(records):
            advance("write", done, len(records))
    sheet = WorkbookSheet(kind=kind, name=head.name, columns=columns, rows=rows, exercise=exercise)
    about = {"kind": kind, "exercise": exercise or "live", "records": str(len(records))}
    return write_sheet(sheet, about | {"made_at": datetime.now(UTC).isoformat(timespec="seconds")})


def _with_exercise(cells: list[Cell], columns: Sequence[WorkbookColumn], exercise: str | None) -> list[Cell]:
    """The cells with the name of the exercise in its own column."""
    if exercise is None:
        return cells
    return [
        exercise if column.field == "exercise" else cell for column, cell in zip(columns, cells, strict=True)
    ]
