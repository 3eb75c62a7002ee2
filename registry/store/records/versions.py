"""Every stored version beside its logged members: what check compares and render rewrites."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query
from registry.store.records import changes, resource_row
from registry.store.schema.changes import change_log, resource_past
from registry.store.schema.records import external_id, flat_feature, resource, stock_line

AT_ONCE = 500
Key = tuple[str, UUID, int]
START: Key = ("", UUID(int=0), 0)
"""Before the first version."""


class VersionTable(NamedTuple):
    """A table of versions with its statements."""

    name: str
    read: Query
    lock: Query
    write: Query


def _versions(table: sa.Table) -> sa.Select[Any]:
    today = resource.alias("today")
    key = (table.c.realm, table.c.id, table.c.version)
    logged = (change_log.c.realm, change_log.c.resource_id, change_log.c.version)
    after = (sa.bindparam(f"after_{column.name}", type_=column.type) for column in key)
    return (
        sa.select(
            *(table.c[name] for name in resource_row.COLUMNS),
            change_log.c.members.label("logged_members"),
            change_log.c.digest.label("logged_digest"),
            change_log.c.actor.label("logged_actor"),
            today.c.visibility.label("visibility_now"),
        )
        .select_from(
            table.outerjoin(change_log, sa.tuple_(*key) == sa.tuple_(*logged)).join(
                today, sa.and_(today.c.realm == table.c.realm, today.c.id == table.c.id)
            )
        )
        .where(sa.tuple_(*key) > sa.tuple_(*after))
        .order_by(*key)
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )


def _version_table(table: sa.Table) -> VersionTable:
    one = (
        table.c[name] == sa.bindparam(name, type_=table.c[name].type) for name in ("realm", "id", "version")
    )
    return VersionTable(
        table.name,
        Query(_versions(table)),
        Query(_versions(table).with_for_update(of=table)),
        Query(sa.update(table).values(changes.bound(table, resource_row.DERIVED)).where(*one)),
    )


CURRENT, PAST = _version_table(resource), _version_table(resource_past)
COUNT = Query(
    sa.text("SELECT (SELECT count(*) FROM resource) + (SELECT count(*) FROM resource_past) AS count")
)
MISSING = Query(
    sa.text(
        "SELECT l.resource_id AS id, l.version FROM change_log l"
        " LEFT JOIN resource r ON r.realm = l.realm AND r.id = l.resource_id AND r.version = l.version"
        " LEFT JOIN resource_past p ON p.realm = l.realm AND p.id = l.resource_id AND p.version = l.version"
        " LEFT JOIN entry e ON e.realm = l.realm AND e.id = l.resource_id AND e.version >= l.version"
        " WHERE r.id IS NULL AND p.id IS NULL AND e.id IS NULL ORDER BY 1, 2 LIMIT 100"
    )
)
_IDS = sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid)))
STOCK = Query(sa.select(stock_line).where(stock_line.c.resource_id == _IDS))
EXTERNAL = Query(sa.select(external_id).where(external_id.c.resource_id == _IDS))
FLAT = Query(sa.select(flat_feature).where(flat_feature.c.resource_id == _IDS))
OPEN_PAST, CLOSE_PAST = (
    Query(sa.text(f"ALTER TABLE resource_past {state} TRIGGER append_only"))
    for state in ("DISABLE", "ENABLE")
)


async def count(reader: Reader) -> int:
    """How many versions are stored."""
    row = await reader.row(COUNT, {})
    return 0 if row is None else int(row["count"])


async def missing(reader: Reader) -> list[Row]:
    """The first 100 versions that are logged but not stored."""
    return await reader.rows(MISSING, {})


async def batch(reader: Reader, table: VersionTable, after: Key, *, lock: bool = False) -> list[Row]:
    """The next versions of a table after a key, each with what the log keeps of it, or nulls."""
    realm, identity, version = after
    values = {"after_realm": realm, "after_id": identity, "after_version": version, "limit": AT_ONCE}
    return await reader.rows(table.lock if lock else table.read, values)


def key_of(row: Row) -> Key:
    """Where the batch after a row starts."""
    return row["realm"], row["id"], row["version"]


async def parts(reader: Reader, rows: Sequence[Row]) -> dict[tuple[str, UUID], list[dict[str, Any]]]:
    """The stored stock lines and external identities of current versions, by realm and identity."""
    owned: dict[tuple[str, UUID], list[dict[str, Any]]] = {}
    for query in (STOCK, EXTERNAL):
        for part in await reader.rows(query, {"ids": [row["id"] for row in rows]}):
            owned.setdefault((part["realm"], part["resource_id"]), []).append(dict(part))
    return owned


async def flat_features(reader: Reader, rows: Sequence[Row]) -> dict[tuple[str, UUID], dict[str, Any]]:
    """The stored flat features of current versions, by realm and identity."""
    found = await reader.rows(FLAT, {"ids": [row["id"] for row in rows]})
    return {(row["realm"], row["resource_id"]): dict(row) for row in found}


async def rewrite(writer: Writer, table: VersionTable, derived: Sequence[dict[str, Any]]) -> None:
    """Store the derived columns and texts of versions; the past is append-only but for this."""
    if not derived:
        return
    if table is PAST:
        await writer.run(OPEN_PAST, {})
    await writer.run_many(table.write, derived)
    if table is PAST:
        await writer.run(CLOSE_PAST, {})
