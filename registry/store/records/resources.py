"""Resources in the database: get and find."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.store.database.kept import READ_AT
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, passed_on, statement, utf8
from registry.store.filters import clauses, key_and_values
from registry.store.names import keyed
from registry.store.pages import few_or_many, full_or_else, looked_up
from registry.store.schema.records import resource
from registry.store.visibility import Shape, binds, shape, view

PEEKED = 1_000
"""Records that are read in the order of the page first: a name that many have fills it from these."""
FEW = 10_000
"""Records with a name like the one asked for that are looked up; more are read in the order of the page."""


@statement
def _get(form: Shape) -> Query:
    seen = view(form)
    columns = (seen.c.version, seen.c.updated_at, utf8(seen.feature).label("feature"))
    return Query(sa.select(*columns).where(seen.seen, seen.c.id == sa.bindparam("id")))


KNOWN = Query(
    sa.select(resource.c.id).where(
        resource.c.realm == sa.bindparam("realm"),
        resource.c.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))),
    )
)


async def known(reader: Reader, realm: str, ids: Iterable[UUID]) -> set[UUID]:
    """Which of these identities the realm has, whoever may see them."""
    return {row["id"] for row in await reader.rows(KNOWN, {"realm": realm, "ids": list(ids)})}


@statement
def _visible(form: Shape) -> Query:
    seen = view(form)
    ids = sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid)))
    return Query(sa.select(seen.c.id).where(seen.seen, seen.c.id == ids))


async def visible(reader: Reader, sight: Sight, ids: Iterable[str]) -> set[str]:
    """Which of these identities are records that this sight has; what is no identity is none."""
    asked = {}
    for text in ids:
        with suppress(ValueError):
            asked[UUID(text)] = text
    if not asked:
        return set()
    rows = await reader.rows(_visible(shape(sight)), binds(sight) | {"ids": list(asked)})
    return {asked[row["id"]] for row in rows}


@statement
def _find(form: Shape, present: frozenset[str], paged: bool) -> Query:
    seen = view(form)

    def after(rows: Any) -> Any:
        identity = rows.selected_columns[0]
        if paged:
            rows = rows.where(identity > sa.bindparam("after"))
        return rows.order_by(identity)

    def ordered(rows: Any) -> Any:
        return after(rows).limit(sa.bindparam("limit"))

    def read(*columns: Any, present: frozenset[str] = present) -> Any:
        return sa.select(seen.c.id, *columns).where(seen.seen, *clauses(present, seen))

    feature = seen.feature.label("feature")
    if by_name := present & {"q", "brief_q"}:
        others = present - by_name
        walk = after(read(seen.c.search_key, present=others)).limit(PEEKED).subquery("walk")
        named = keyed(walk.c.search_key, sa.bindparam("q", type_=sa.Text), "scan")
        first = sa.select(walk.c.id).where(named).order_by(walk.c.id).limit(sa.bindparam("limit"))
        many = read(present=others | {"scanned_q"})
        found = full_or_else(first, lambda rest: few_or_many(rest(read()), rest(many), ordered, FEW)[0])
        chosen = looked_up(found, read(feature, present=frozenset()).where(seen.c.id == found.c.id))
    else:
        chosen = ordered(read(feature))
    page = chosen.subquery("page")
    at = sa.select(READ_AT).scalar_subquery().label("moment")
    return Query(passed_on(page).add_columns(at).order_by(page.c.id))


async def get(reader: Reader, sight: Sight, identity: UUID) -> Row | None:
    """The version, time and feature of one resource, if this sight has it."""
    return await reader.row(_get(shape(sight)), binds(sight) | {"id": identity})


async def find(reader: Reader, sight: Sight, wanted: Filter, *, after: UUID | None, limit: int) -> list[Row]:
    """At most `limit` features that meet `wanted`, in the order of their identities, after `after`.

    Each row has the moment that all were read at.
    """
    present, values = key_and_values(wanted)
    query = _find(shape(sight), present, after is not None)
    return await reader.rows(query, binds(sight) | values | {"after": after, "limit": limit})
