"""The write path of many records at once: the same rows as one by one, in a few statements.

Rows travel as JSON, which PostgreSQL spreads into rows of the table: row security refuses COPY.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.records import feature
from registry.domain.records.change import Change
from registry.domain.records.resource import Resource
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query
from registry.store.records import changes, resource_row
from registry.store.schema.access import contact
from registry.store.schema.changes import change_log, resource_past
from registry.store.schema.records import external_id, flat_feature, resource, stock_line
from registry.store.visibility import realm

ROWS = sa.bindparam("rows", type_=sa.Text)
CONTACT = ("id", "realm", "resource_id", "role", "name", "phone", "published")
SHAPES = ("geom", "public_geom", "footprint")
LOGGED = [column.name for column in change_log.columns if column.name not in ("xid", "seq")]


class Amendment(NamedTuple):
    """A stored version, which is locked, and the one that follows it."""

    current: Resource
    revised: Resource


class PreparedRecords(NamedTuple):
    """First versions, their rows and flat features as JSON, and their lines in the log."""

    records: Sequence[Resource]
    rows: str
    flat: str
    lines: Sequence[Mapping[str, Any]]


def _spread(table: sa.Table) -> str:
    return f"json_populate_recordset(NULL::{table.name}, CAST(:rows AS json)) AS fresh"


def _insert(table: sa.Table, names: Iterable[str], more: str = "") -> Query:
    listed = list(names)
    columns, fresh = ", ".join(listed), ", ".join(f"fresh.{name}" for name in listed)
    # The names are those of columns of the schema, and the values are bound.
    text = f"INSERT INTO {table.name} ({columns}) SELECT {fresh} FROM {_spread(table)}{more}"  # noqa: S608
    return Query(sa.text(text).bindparams(ROWS))


def _keep() -> Query:
    columns = ", ".join(resource_row.COLUMNS)
    stored = ", ".join(f"stored.{name}" for name in resource_row.COLUMNS)
    return Query(
        sa.text(
            f"INSERT INTO {resource_past.name} ({columns}, superseded_at)"  # noqa: S608
            f" SELECT {stored}, fresh.updated_at FROM {_spread(resource)}"
            " JOIN resource AS stored ON stored.realm = fresh.realm AND stored.id = fresh.id"
        ).bindparams(ROWS)
    )


def _update() -> Query:
    names = [name for name in resource_row.COLUMNS if name not in ("realm", "id", "partner_of")]
    values = ", ".join(f"{name} = fresh.{name}" for name in names)
    return Query(
        sa.text(
            f"UPDATE resource SET {values} FROM {_spread(resource)}"  # noqa: S608
            " WHERE resource.realm = fresh.realm AND resource.id = fresh.id"
        ).bindparams(ROWS)
    )


INSERT = _insert(resource, (name for name in resource_row.COLUMNS if name != "partner_of"))
KEEP, UPDATE = _keep(), _update()
INSERT_STOCK = _insert(stock_line, (column.name for column in stock_line.columns))
INSERT_EXTERNAL = _insert(external_id, (column.name for column in external_id.columns))
PUT_FLAT = _insert(
    flat_feature,
    (column.name for column in flat_feature.columns),
    " ON CONFLICT (realm, resource_id) DO UPDATE SET place = excluded.place, feature = excluded.feature,"
    " public_feature = excluded.public_feature",
)
PUT_CONTACTS = _insert(
    contact,
    CONTACT,
    " ON CONFLICT (id) DO UPDATE SET role = excluded.role, name = excluded.name, phone = excluded.phone"
    " WHERE contact.realm = excluded.realm AND contact.resource_id = excluded.resource_id",
)
_IDS = sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid)))
FORGET_PARTS = [
    Query(sa.delete(table).where(table.c.realm == sa.bindparam("realm"), table.c.resource_id == _IDS))
    for table in (stock_line, external_id)
]
CONTACTS = Query(
    sa.select(*(contact.c[name] for name in CONTACT)).where(
        contact.c.realm == sa.bindparam("realm"), contact.c.resource_id == _IDS
    )
)
PURGE_CONTACTS = Query(
    sa.delete(contact).where(contact.c.realm == sa.bindparam("realm"), contact.c.id == _IDS)
)
LOCK = Query(
    sa.select(resource.c.id, resource.c.feature)
    .where(resource.c.realm == sa.bindparam("realm"), resource.c.id == _IDS)
    .order_by(resource.c.id)
    .with_for_update()
)


async def lock(writer: Writer, sight: Sight, ids: Sequence[UUID]) -> dict[UUID, Resource]:
    """The current versions of records, held against other writers until the transaction ends."""
    rows = await writer.rows(LOCK, {"realm": realm(sight), "ids": list(ids)})
    return {row["id"]: feature.parse(row["feature"]) for row in rows}


def prepared(records: Sequence[Resource], change: Change) -> PreparedRecords:
    """First versions as they are stored: pure, so that a thread may do it while earlier ones are written."""
    rows = [resource_row.row_of(record, change.actor) for record in records]
    lines = [changes.line(None, record, row, change) for record, row in zip(records, rows, strict=True)]
    flat = [resource_row.flat_row(record) for record in records]
    return PreparedRecords(records, _json(rows), _json(flat), lines)


async def insert_many(writer: Writer, first: PreparedRecords) -> None:
    """Store first versions and their lines in the log; Duplicate for a taken identity."""
    if not first.records:
        return
    await writer.run(INSERT, {"rows": first.rows})
    await writer.run(PUT_FLAT, {"rows": first.flat})
    await _insert_parts(writer, first.records)
    await _log(writer, first.lines)


async def amend_many(writer: Writer, amendments: Sequence[tuple[Amendment, Change]]) -> None:
    """Store the versions that follow; those that were current become past."""
    if not amendments:
        return
    rows = [resource_row.row_of(one.revised, change.actor) for one, change in amendments]
    lines = [
        changes.line(one.current, one.revised, row, change)
        for (one, change), row in zip(amendments, rows, strict=True)
    ]
    text = _json(rows)
    await writer.run(KEEP, {"rows": text})
    await writer.run(UPDATE, {"rows": text})
    await _run(writer, PUT_FLAT, [resource_row.flat_row(one.revised) for one, _ in amendments])
    for one, _ in amendments:
        if one.current.visibility != one.revised.visibility:
            await changes.renew_public_faces(writer, one.revised)
    apart = [one.revised for one, _ in amendments if changes.apart(one.current) != changes.apart(one.revised)]
    if apart:
        values = {"realm": rows[0]["realm"], "ids": [record.id for record in apart]}
        for query in FORGET_PARTS:
            await writer.run(query, values)
        await _insert_parts(writer, apart)
    await _log(writer, lines)


async def contacts_of(reader: Reader, sight: Sight, ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """Every contact of these records."""
    found: dict[UUID, list[Row]] = {}
    for row in await reader.rows(CONTACTS, {"realm": realm(sight), "ids": list(ids)}):
        found.setdefault(row["resource_id"], []).append(row)
    return found


async def put_contacts(writer: Writer, sight: Sight, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store contacts: id, resource_id, role, name, phone, published."""
    if rows:
        await _run(writer, PUT_CONTACTS, [{"realm": realm(sight)} | dict(row) for row in rows])


async def purge_contacts(writer: Writer, sight: Sight, ids: Sequence[UUID]) -> None:
    """Remove contacts for good."""
    if ids:
        await writer.run(PURGE_CONTACTS, {"realm": realm(sight), "ids": list(ids)})


async def _insert_parts(writer: Writer, records: Sequence[Resource]) -> None:
    for query, part in (
        (INSERT_STOCK, resource_row.stock_rows),
        (INSERT_EXTERNAL, resource_row.external_rows),
    ):
        if rows := [row for record in records for row in part(record)]:
            await _run(writer, query, rows)


async def _log(writer: Writer, lines: Sequence[Mapping[str, Any]]) -> None:
    await writer.copy(change_log.name, LOGGED, [[line[name] for name in LOGGED] for line in lines])


async def _run(writer: Writer, query: Query, rows: Sequence[dict[str, Any]]) -> None:
    await writer.run(query, {"rows": _json(rows)})


def _json(rows: Sequence[dict[str, Any]]) -> str:
    """Rows as JSON; a geometry is EWKB in hexadecimal digits, as PostGIS reads it."""
    drawn = [name for name in SHAPES if rows and name in rows[0]]
    plain = [row | {name: None if row[name] is None else row[name].hex() for name in drawn} for row in rows]
    return msgspec.json.encode(plain).decode()
