"""Entries of the registers in the database: get, find, insert, amend; every earlier version is kept."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from registry.domain.access.sight import Sight
from registry.domain.plans.entry import Entry, PastEntry, register_of, shown
from registry.store.as_of import INSTANT
from registry.store.database.pool import Reader, Writer
from registry.store.database.query import Query, statement
from registry.store.schema.plans import MOMENT, entry, entry_past
from registry.store.schema.records import LIVE, place_within
from registry.store.visibility import Shape, binds, in_scope, shape

DECODED: Any = Entry
INHERITED = ("hotline", "inventory", "denominator", "responsibility")
"""Registers whose entries at a place also hold for what lies under it."""
COLUMNS = [column.name for column in entry.columns]
PLACE = sa.bindparam("place", type_=sa.Text)


def _rows(past: bool) -> Any:
    """The entries of a realm as they are, or as they were at the instant of the sight."""
    realm = sa.bindparam("sight_realm", type_=sa.Text)
    if not past:
        return sa.select(entry).where(entry.c.realm == realm).subquery()
    then = [entry_past.c[name] for name in COLUMNS]
    return sa.union_all(
        sa.select(entry).where(entry.c.realm == realm, entry.c.updated_at <= INSTANT),
        sa.select(*then).where(
            entry_past.c.realm == realm,
            entry_past.c.updated_at <= INSTANT,
            entry_past.c.superseded_at > INSTANT,
        ),
    ).subquery()


def _seen(form: Shape, table: Any) -> sa.ColumnElement[bool]:
    """Public readers see public entries only; the others as they see resources."""
    if form.clearance == "public":
        public: sa.ColumnElement[bool] = table.c.visibility == "public"
        return public
    if form.clearance == "restricted":
        return sa.true()
    shown_to_all: sa.ColumnElement[bool] = table.c.visibility != "restricted"
    if not form.scoped:
        return shown_to_all
    return sa.or_(shown_to_all, in_scope(table.c.place))


def _under() -> Any:
    found = sa.select(place_within.c.code).where(place_within.c.ancestor == PLACE)
    return sa.any_(sa.func.array(found.scalar_subquery()))


def _above() -> Any:
    found = sa.select(place_within.c.ancestor).where(place_within.c.code == PLACE)
    return sa.any_(sa.func.array(found.scalar_subquery()))


def _about(table: Any) -> sa.ColumnElement[bool]:
    """Whether a hazard, topic or field of the entry is the one asked for."""
    wanted = sa.func.to_jsonb(sa.cast(sa.bindparam("about", type_=sa.Text), sa.Text))
    lists = ("hazards", "topic", "fields")
    return sa.or_(*(table.c.body.op("->")(sa.literal_column(f"'{name}'")).op("@>")(wanted) for name in lists))


@statement
def _find(form: Shape, present: frozenset[str]) -> Query:
    table = _rows(form.past)
    clauses = {
        "register": table.c.register == sa.bindparam("register"),
        "registers": table.c.register == sa.any_(sa.bindparam("registers", type_=sa.ARRAY(sa.Text))),
        "id": table.c.id == sa.bindparam("id"),
        "place": table.c.place == _under(),
        "above": sa.or_(table.c.place == _above(), table.c.place.is_(None)),
        "after": table.c.id > sa.bindparam("after"),
        "current": sa.not_(table.c.retired),
        "type": table.c.body.op("->>")(sa.literal_column("'type'")) == sa.bindparam("type", type_=sa.Text),
        "about": _about(table),
    }
    where = [_seen(form, table), *(clauses[name] for name in sorted(present))]
    limit = sa.bindparam("limit", type_=sa.Integer)
    return Query(sa.select(table.c.body).where(*where).order_by(table.c.id).limit(limit))


@statement
def _jurisdiction(form: Shape) -> Query:
    table = _rows(form.past)
    inherited = table.c.register == sa.any_(sa.bindparam("inherited", type_=sa.ARRAY(sa.Text)))
    holds_here = sa.and_(inherited, sa.or_(table.c.place == _above(), table.c.place.is_(None)))
    where = [_seen(form, table), sa.not_(table.c.retired), sa.or_(table.c.place == _under(), holds_here)]
    return Query(sa.select(table.c.body).where(*where).order_by(table.c.id))


def _decode(body: Any, sight: Sight) -> Entry:
    found: Entry = msgspec.convert(body, DECODED)
    return shown(found, sight.clearance)


async def find(reader: Reader, sight: Sight, limit: int, **wanted: Any) -> list[Entry]:
    """Entries that are not retired, by register, place (with all under it), type and what they are about."""
    given = {name: value for name, value in wanted.items() if value is not None}
    query = _find(shape(sight), frozenset(given) | {"current"})
    rows = await reader.rows(query, binds(sight) | given | {"limit": limit})
    return [_decode(row["body"], sight) for row in rows]


async def answering(reader: Reader, sight: Sight, registers: Sequence[str], place: str) -> list[Entry]:
    """Entries of some registers at a place and above it, and those that hold everywhere."""
    query = _find(shape(sight), frozenset({"registers", "above", "current"}))
    given = {"registers": list(registers), "place": place, "limit": 1000}
    rows = await reader.rows(query, binds(sight) | given)
    return [_decode(row["body"], sight) for row in rows]


async def get(reader: Reader, sight: Sight, register: str, identity: UUID) -> Entry | None:
    """One entry, retired or not."""
    query = _find(shape(sight), frozenset({"register", "id"}))
    row = await reader.row(query, binds(sight) | {"register": register, "id": identity, "limit": 1})
    return None if row is None else _decode(row["body"], sight)


async def of_jurisdiction(reader: Reader, sight: Sight, place: str) -> list[Entry]:
    """Every entry that a check of this place looks at."""
    given = binds(sight) | {"place": place, "inherited": list(INHERITED)}
    return [_decode(row["body"], sight) for row in await reader.rows(_jurisdiction(shape(sight)), given)]


_VALUES = {
    name: sa.bindparam(name, type_=JSONB if name == "body" else entry.c[name].type) for name in COLUMNS
}
_IDENTITY = (
    entry.c.realm == sa.bindparam("realm", type_=sa.Text),
    entry.c.id == sa.bindparam("id", type_=sa.Uuid),
)
INSERT = Query(sa.insert(entry).values(_VALUES))
UPDATE = Query(
    sa.update(entry)
    .where(*_IDENTITY)
    .values({name: value for name, value in _VALUES.items() if name not in ("realm", "id", "created_at")})
)
KEEP = Query(
    sa.insert(entry_past).from_select(
        [*COLUMNS, "superseded_at"],
        sa.select(*entry.columns, sa.bindparam("updated_at", type_=MOMENT)).where(*_IDENTITY),
    )
)
LOCK = Query(sa.select(entry.c.body).where(*_IDENTITY).with_for_update())
KNOWN = Query(
    sa.select(entry.c.id).where(
        entry.c.realm == sa.bindparam("realm", type_=sa.Text),
        entry.c.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))),
    )
)
HISTORY = Query(
    sa.select(entry_past.c.body, entry_past.c.superseded_at, entry_past.c.updated_by)
    .where(
        entry_past.c.realm == sa.bindparam("realm", type_=sa.Text),
        entry_past.c.id == sa.bindparam("id", type_=sa.Uuid),
    )
    .order_by(entry_past.c.version.desc())
)


def _row(record: Entry, updated_by: str) -> dict[str, Any]:
    return {
        "realm": record.exercise or LIVE,
        "id": record.id,
        "register": register_of(record),
        "version": record.version,
        "place": record.place,
        "visibility": record.visibility,
        "retired": record.retired,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "updated_by": updated_by,
        "body": msgspec.to_builtins(record),
    }


async def known(reader: Reader, realm: str, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these identities the realm has."""
    return {row["id"] for row in await reader.rows(KNOWN, {"realm": realm, "ids": list(ids)})}


async def lock(writer: Writer, realm: str, identity: UUID) -> Entry | None:
    """The current version, held against other writers until the transaction ends."""
    row = await writer.row(LOCK, {"realm": realm, "id": identity})
    return None if row is None else msgspec.convert(row["body"], DECODED)


async def insert_many(writer: Writer, records: Sequence[Entry], updated_by: str) -> None:
    """Store new entries whose version and times are set; Duplicate when an identity is taken."""
    await writer.run_many(INSERT, [_row(record, updated_by) for record in records])


async def amend(writer: Writer, record: Entry, updated_by: str) -> None:
    """Keep the stored version as past and make `record` the current one."""
    row = _row(record, updated_by)
    await writer.run(KEEP, row)
    await writer.run(UPDATE, row)


async def history(reader: Reader, realm: str, identity: UUID) -> list[PastEntry]:
    """The earlier versions, newest first."""
    rows = await reader.rows(HISTORY, {"realm": realm, "id": identity})
    return [
        PastEntry(
            body=msgspec.convert(row["body"], DECODED),
            superseded_at=row["superseded_at"],
            updated_by=row["updated_by"],
        )
        for row in rows
    ]
