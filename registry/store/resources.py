"""Resources in the database: get, find, insert."""

from collections.abc import Iterable
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from registry.domain.resource import Resource
from registry.domain.search import Filter
from registry.domain.sight import Sight
from registry.store import rows
from registry.store.filters import asked, clauses
from registry.store.pool import Reader, Row, Writer
from registry.store.query import Query
from registry.store.schema import external_id, resource, stock_line
from registry.store.sight import Shape, binds, shape, view


@cache
def _get(form: Shape) -> Query:
    seen = view(form)
    columns = (resource.c.version, resource.c.updated_at, seen.feature.label("feature"))
    return Query(sa.select(*columns).where(seen.seen, resource.c.id == sa.bindparam("id")))


KNOWN = Query(
    sa.select(resource.c.id).where(
        resource.c.realm == sa.bindparam("realm"),
        resource.c.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))),
    )
)


async def known(reader: Reader, realm: str, ids: Iterable[UUID]) -> set[UUID]:
    """Which of these identities the realm has, whoever may see them."""
    return {row["id"] for row in await reader.rows(KNOWN, {"realm": realm, "ids": list(ids)})}


@cache
def _find(form: Shape, present: frozenset[str], paged: bool) -> Query:
    seen = view(form)
    statement = sa.select(resource.c.id, seen.feature.label("feature")).where(
        seen.seen, *clauses(present, seen)
    )
    if paged:
        statement = statement.where(resource.c.id > sa.bindparam("after"))
    return Query(statement.order_by(resource.c.id).limit(sa.bindparam("limit")))


async def get(reader: Reader, sight: Sight, identity: UUID) -> Row | None:
    """The version, time and feature of one resource, if this sight has it."""
    return await reader.row(_get(shape(sight)), binds(sight) | {"id": identity})


async def find(reader: Reader, sight: Sight, wanted: Filter, *, after: UUID | None, limit: int) -> list[Row]:
    """At most `limit` features that meet `wanted`, in the order of their identities, after `after`."""
    present, values = asked(wanted)
    query = _find(shape(sight), present, after is not None)
    return await reader.rows(query, binds(sight) | values | {"after": after, "limit": limit})


def _values(table: sa.Table, geometries: Iterable[str] = ()) -> dict[str, Any]:
    return {
        column.name: sa.func.ST_GeomFromEWKB(sa.bindparam(column.name, type_=sa.LargeBinary))
        if column.name in geometries
        else sa.bindparam(column.name, type_=column.type)
        for column in table.columns
    }


INSERT = Query(sa.insert(resource).values(_values(resource, ("geom", "public_geom", "footprint"))))
INSERT_STOCK = Query(sa.insert(stock_line).values(_values(stock_line)))
INSERT_EXTERNAL = Query(sa.insert(external_id).values(_values(external_id)))


async def insert(writer: Writer, record: Resource, updated_by: str) -> None:
    """Store a new resource whose version and times are set; Duplicate when its identity is taken."""
    await writer.run(INSERT, rows.row_of(record, updated_by))
    await _insert_parts(writer, record)


async def _insert_parts(writer: Writer, record: Resource) -> None:
    if lines := rows.stock_rows(record):
        await writer.run_many(INSERT_STOCK, lines)
    if known := rows.external_rows(record):
        await writer.run_many(INSERT_EXTERNAL, known)


async def load(writer: Writer, records: Iterable[Resource], updated_by: str) -> None:
    """Store many new resources by COPY."""
    kept = list(records)
    made = [list(rows.row_of(record, updated_by).values()) for record in kept]
    await writer.copy("resource", rows.COLUMNS, made)
    stock = [list(line.values()) for record in kept for line in rows.stock_rows(record)]
    if stock:
        names = ["realm", "resource_id", "scheme", "item_code", "quantity", "minimum", "unit"]
        await writer.copy("stock_line", [*names, "expires_on", "counted_at"], stock)
    known = [list(line.values()) for record in kept for line in rows.external_rows(record)]
    if known:
        await writer.copy("external_id", ["realm", "resource_id", "system", "id"], known)
