"""SQL of the digest and the snapshot, with which a device catches up."""

from collections.abc import AsyncIterator
from typing import Any

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, statement, utf8
from registry.store.filters import clauses, key_and_values
from registry.store.visibility import Shape, View, binds, shape, view

BUCKET = sa.literal_column("get_byte(uuid_send(resource.id), 15)", sa.Integer)
HASH = sa.literal_column(
    "('x' || encode(substr(sha256(convert_to(concat_ws(':', resource.id, resource.version,"
    " (extract(epoch FROM resource.updated_at) * 1000000)::bigint), 'UTF8')), 1, 8), 'hex'))"
    "::bit(64)::bigint",
    sa.BigInteger,
)
"""Hash of one version of a resource. It includes `updated_at`, because a restored database gives the same
version number a second time, but never at the same instant."""


def _not_retired(seen: View) -> sa.ColumnElement[bool]:
    return seen.c.lifecycle != sa.literal_column("'retired'")


@statement
def _digest(form: Shape, present: frozenset[str]) -> Query:
    seen = view(form)
    statement = sa.select(
        BUCKET.label("bucket"), sa.func.count().label("count"), sa.func.bit_xor(HASH).label("hash")
    )
    return Query(
        statement.select_from(seen.table)
        .where(seen.seen, _not_retired(seen), *clauses(present, seen))
        .group_by(BUCKET)
        .order_by(BUCKET)
    )


async def digest(reader: Reader, sight: Sight, wanted: Filter) -> list[Row]:
    """Rows of `bucket` (the last byte of the identity), `count`, and `hash`, the xor of the hashes."""
    present, values = key_and_values(wanted)
    return await reader.rows(_digest(shape(sight), present), binds(sight) | values)


@statement
def _snapshot(form: Shape, present: frozenset[str], one_bucket: bool) -> Query:
    seen = view(form)
    where = [seen.seen, _not_retired(seen), *clauses(present, seen)]
    if one_bucket:
        where.append(sa.bindparam("bucket", type_=sa.Integer) == BUCKET)
    return Query(sa.select(utf8(seen.feature).label("feature")).where(*where))


def snapshot(reader: Reader, sight: Sight, wanted: Filter, bucket: int | None) -> AsyncIterator[Any]:
    """All features in scope from one snapshot, without retired ones."""
    present, values = key_and_values(wanted)
    query = _snapshot(shape(sight), present, bucket is not None)
    return reader.stream(query, binds(sight) | values | {"bucket": bucket})
