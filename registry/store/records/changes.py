"""The one write path: a record, its past version and its line in the log, in one transaction."""

import hashlib
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as insert_or

from registry.domain.access.sight import Sight
from registry.domain.errors import Invalid, NotFound
from registry.domain.records import feature
from registry.domain.records.change import Change
from registry.domain.records.resource import Resource
from registry.store.database.pool import Writer
from registry.store.database.query import Query, statement
from registry.store.records import resource_row
from registry.store.schema.changes import change_log, resource_past
from registry.store.schema.records import LIVE, external_id, flat_feature, resource, stock_line
from registry.store.visibility import Shape, binds, shape, view

GEOMETRIES = ("geom", "public_geom", "footprint", "point_before", "point_after")

OF_CHANGE = ("verb", "actor", "via", "reason", "request_id", "device_at")


def bound(table: sa.Table, names: list[str]) -> dict[str, Any]:
    """Each named column with a bind of its own name; geometries are bound as EWKB."""
    return {
        name: sa.func.ST_GeomFromEWKB(sa.bindparam(name, type_=sa.LargeBinary))
        if name in GEOMETRIES
        else sa.bindparam(name, type_=table.c[name].type)
        for name in names
    }


def insert_into(table: sa.Table, *left_out: str) -> sa.Insert:
    """An insert of a row with every column of the table but those left out."""
    names = [
        column.name for column in table.columns if column.name not in left_out and column.computed is None
    ]
    return sa.insert(table).values(bound(table, names))


_IDENTITY = (resource.c.realm == sa.bindparam("realm"), resource.c.id == sa.bindparam("id"))
_NOW_PAST = sa.select(
    *(resource.c[name] for name in resource_row.COLUMNS),
    sa.bindparam("updated_at", type_=sa.TIMESTAMP(timezone=True)),
).where(*_IDENTITY)
_KEEP = sa.insert(resource_past).from_select([*resource_row.COLUMNS, "superseded_at"], _NOW_PAST)
_UPDATE = (
    sa.update(resource)
    .values(bound(resource, [name for name in resource_row.COLUMNS if name not in ("realm", "id")]))
    .where(*_IDENTITY)
)
_LOG = insert_into(change_log, "xid", "seq")
_FLAT_TEXTS = {"feature": "flat", "public_feature": "public_flat"}
_FLAT = insert_or(flat_feature).values(
    {
        column.name: sa.bindparam(_FLAT_TEXTS.get(column.name, column.name), type_=column.type)
        for column in flat_feature.columns
    }
)
_PUT_FLAT = _FLAT.on_conflict_do_update(
    index_elements=["realm", "resource_id"],
    set_={name: _FLAT.excluded[name] for name in ("place", "feature", "public_feature")},
)
INSERT = Query(_LOG.add_cte(insert_into(resource).cte("made"), _FLAT.cte("flat")))
"""A first version and its line in the log, as one statement."""
AMEND = Query(_LOG.add_cte(_KEEP.cte("kept"), _UPDATE.cte("changed"), _PUT_FLAT.cte("flat")))
"""The version that is past, the one in its place and the line in the log; all see what was before."""
INSERT_STOCK = Query(insert_into(stock_line))
INSERT_EXTERNAL = Query(insert_into(external_id))
PUT_FLAT = Query(_PUT_FLAT)
FORGET_PARTS = [
    Query(
        sa.delete(table).where(
            table.c.realm == sa.bindparam("realm"), table.c.resource_id == sa.bindparam("id")
        )
    )
    for table in (stock_line, external_id)
]


_ONCE_PUBLIC = (
    resource_past.c.realm == sa.bindparam("realm"),
    resource_past.c.id == sa.bindparam("id"),
    resource_past.c.version > sa.bindparam("after"),
    resource_past.c.visibility == sa.literal_column("'public'"),
)
ONCE_PUBLIC = Query(
    sa.select(resource_past.c.version, change_log.c.members, change_log.c.actor)
    .select_from(
        resource_past.join(
            change_log,
            sa.and_(
                change_log.c.realm == resource_past.c.realm,
                change_log.c.resource_id == resource_past.c.id,
                change_log.c.version == resource_past.c.version,
            ),
        )
    )
    .where(*_ONCE_PUBLIC)
    .order_by(resource_past.c.version)
    .limit(sa.literal_column("500"))
)
RENEW_FACE = Query(
    sa.update(resource_past)
    .values(bound(resource_past, [*resource_row.FACE]))
    .where(*(resource_past.c[name] == sa.bindparam(name) for name in ("realm", "id", "version")))
)


@statement
def _lock(form: Shape) -> Query:
    seen = view(form)
    mine = sa.select(seen.c.feature).where(seen.seen, seen.c.id == sa.bindparam("id"))
    return Query(mine.with_for_update())


async def lock(writer: Writer, sight: Sight, identity: UUID) -> Resource:
    """The current version, held against other writers until the transaction ends; NotFound when unseen."""
    if sight.as_of is not None:
        raise Invalid("the past cannot be changed", field="as_of")
    row = await writer.row(_lock(shape(sight)), binds(sight) | {"id": identity})
    if row is None:
        raise NotFound("resource", identity)
    return feature.parse(row["feature"])


async def insert(writer: Writer, record: Resource, change: Change) -> str:
    """Store a first version and its line in the log; return its feature. Duplicate for a taken identity."""
    row = resource_row.row_of(record, change.actor)
    await writer.run(INSERT, row | _flat(record) | line(None, record, row, change))
    await _insert_parts(writer, record)
    return str(row["feature"])


async def amend(writer: Writer, current: Resource, revised: Resource, change: Change) -> str:
    """Make `revised` the current version and return its feature; `current`, which is locked, becomes past."""
    row = resource_row.row_of(revised, change.actor)
    await writer.run(AMEND, row | _flat(revised) | line(current, revised, row, change))
    if current.visibility != revised.visibility:
        await renew_public_faces(writer, revised)
    if apart(current) != apart(revised):
        await replace_parts(writer, revised)
    return str(row["feature"])


async def renew_public_faces(writer: Writer, record: Resource) -> None:
    """Make the public faces of the past versions as secret as the record is now.

    Only versions that were public once can change: the others have the face of an internal record already.
    """
    key = {"realm": record.properties.exercise or LIVE, "id": record.id, "after": 0}
    while rows := await writer.rows(ONCE_PUBLIC, key):
        key |= {"after": rows[-1]["version"]}
        faces = [
            resource_row.row_of(feature.from_canonical(row["members"]), row["actor"], record.visibility)
            for row in rows
        ]
        await writer.run_many(RENEW_FACE, faces)


def _flat(record: Resource) -> dict[str, Any]:
    """The flat texts under the names of their binds, beside those of the record's row."""
    return {_FLAT_TEXTS.get(name, name): value for name, value in resource_row.flat_row(record).items()}


def apart(record: Resource) -> tuple[Any, ...]:
    """The members that are also stored in tables of their own."""
    return record.properties.external_ids, getattr(record.properties, "stock", None)


async def replace_parts(writer: Writer, record: Resource) -> None:
    """Store the stock lines and external identities of a record in place of those that are stored."""
    identity = {"realm": record.properties.exercise or LIVE, "id": record.id}
    for query in FORGET_PARTS:
        await writer.run(query, identity)
    await _insert_parts(writer, record)


async def put_flat(writer: Writer, record: Resource) -> None:
    """Store the flat feature of a record in place of the one that is stored."""
    await writer.run(PUT_FLAT, _flat(record))


async def _insert_parts(writer: Writer, record: Resource) -> None:
    if lines := resource_row.stock_rows(record):
        await writer.run_many(INSERT_STOCK, lines)
    if known := resource_row.external_rows(record):
        await writer.run_many(INSERT_EXTERNAL, known)


def line(before: Resource | None, after: Resource, row: dict[str, Any], change: Change) -> dict[str, Any]:
    """The change as a row of the log."""
    was = before.properties if before else None
    members = feature.canonical(after)
    return {
        "realm": row["realm"],
        "resource_id": after.id,
        "kind": row["kind"],
        "version": row["version"],
        "place_before": was and was.place,
        "place_after": row["place"],
        "visibility_before": was and was.visibility,
        "visibility_after": row["visibility"],
        "gone_before": was is None or was.lifecycle == "retired",
        "gone_after": row["lifecycle"] == "retired",
        "point_before": resource_row.point_wkb(resource_row.measured(before)) if before else None,
        "point_after": row["geom"],
        "digest": hashlib.sha256(members.encode()).digest(),
        "members": members,
        "at": row["updated_at"],
        **{name: getattr(change, name) for name in OF_CHANGE},
    }


async def load(writer: Writer, records: Iterable[Resource], change: Change) -> None:
    """Store many first versions and their lines in the log by COPY."""
    kept = [(record, resource_row.row_of(record, change.actor)) for record in records]
    await _copy(writer, resource, [row for _, row in kept])
    await _copy(writer, stock_line, [line for record, _ in kept for line in resource_row.stock_rows(record)])
    await _copy(
        writer, external_id, [line for record, _ in kept for line in resource_row.external_rows(record)]
    )
    await _copy(writer, flat_feature, [resource_row.flat_row(record) for record, _ in kept])
    await _copy(writer, change_log, [line(None, record, row, change) for record, row in kept])


async def _copy(writer: Writer, table: sa.Table, values: list[dict[str, Any]]) -> None:
    if values:
        await writer.copy(table.name, list(values[0]), [list(value.values()) for value in values])
