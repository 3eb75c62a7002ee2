"""SQL of register entries: get, find, insert, amend; every earlier version is kept."""

import hashlib
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from registry.domain.access.sight import Sight
from registry.domain.geometry import wkb
from registry.domain.plans.entry import OF_THE_MOMENT, Entry, PastEntry, register_of, shown
from registry.domain.plans.located_entry import LocatedEntry, doubt_m
from registry.domain.records.change import Change
from registry.domain.records.resource import decided
from registry.store.as_of import INSTANT, stricter
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query, statement
from registry.store.database.read_trace import noted
from registry.store.records import changes
from registry.store.schema.changes import change_log
from registry.store.schema.plans import MOMENT, entry, entry_past
from registry.store.schema.records import LIVE, place_within
from registry.store.visibility import Shape, binds, in_scope, shape

DECODED: Any = Entry
INHERITED = ("hotline", "inventory", "denominator", "responsibility")
"""Registers whose entries at a place apply to every place under it."""
COLUMNS = [column.name for column in entry.columns]
PLACE = sa.bindparam("place", type_=sa.Text)
_OF_THE_MOMENT = ", ".join(f"'{register}'" for register in OF_THE_MOMENT)
PUBLISHED: sa.ColumnElement[str] = sa.literal_column("'published'")


def recorded(past: bool) -> Any:
    """The entries of a realm now, or as they were recorded at the instant of the sight.

    An entry of the past has the stricter visibility of then and now; it is published if it is so now too.
    """
    realm = sa.bindparam("sight_realm", type_=sa.Text)
    published = entry.c.body.op("->")(PUBLISHED)
    if not past:
        one = sa.select(entry, entry.c.place.label("place_now"), published.label("published_now"))
        return one.where(entry.c.realm == realm).subquery()
    then = [entry_past.c[name] for name in COLUMNS]
    versions = sa.union_all(
        sa.select(entry).where(entry.c.realm == realm, entry.c.updated_at <= INSTANT),
        sa.select(*then).where(
            entry_past.c.realm == realm,
            entry_past.c.updated_at <= INSTANT,
            entry_past.c.superseded_at > INSTANT,
        ),
    ).subquery()
    today = entry.alias("today")
    columns = {name: versions.c[name] for name in COLUMNS}
    columns["visibility"] = stricter(versions.c.visibility, today.c.visibility).label("visibility")
    beside = (today.c.place.label("place_now"), today.c.body.op("->")(PUBLISHED).label("published_now"))
    same = sa.and_(today.c.realm == versions.c.realm, today.c.id == versions.c.id)
    return sa.select(*columns.values(), *beside).select_from(versions.join(today, same)).subquery()


def visible(form: Shape, table: Any) -> sa.ColumnElement[bool]:
    """Public readers see public entries only; other readers see entries as they see resources."""
    if form.clearance == "public":
        public: sa.ColumnElement[bool] = table.c.visibility == "public"
        return public
    if form.clearance == "restricted":
        return noted(table.c.visibility)
    unrestricted: sa.ColumnElement[bool] = table.c.visibility != "restricted"
    if not form.scoped:
        return unrestricted
    own = sa.and_(in_scope(table.c.place), in_scope(table.c.place_now))
    return sa.or_(unrestricted, sa.and_(own, noted(table.c.visibility)))


def _under() -> Any:
    codes = sa.select(place_within.c.code).where(place_within.c.ancestor == PLACE)
    return sa.any_(sa.func.array(codes.scalar_subquery()))


def _above() -> Any:
    codes = sa.select(place_within.c.ancestor).where(place_within.c.code == PLACE)
    return sa.any_(sa.func.array(codes.scalar_subquery()))


def _about(table: Any) -> sa.ColumnElement[bool]:
    """Whether the hazards, topics or fields of the entry contain `about`."""
    code = sa.func.to_jsonb(sa.cast(sa.bindparam("about", type_=sa.Text), sa.Text))
    lists = ("hazards", "topic", "fields")
    return sa.or_(*(table.c.body.op("->")(sa.literal_column(f"'{name}'")).op("@>")(code) for name in lists))


def _text(table: Any, member: str) -> Any:
    return table.c.body.op("->>")(sa.literal_column(f"'{member}'"))


@statement
def _find(form: Shape, present: frozenset[str]) -> Query:
    table = recorded(form.past)
    clauses = {
        "register": table.c.register == sa.bindparam("register"),
        "registers": table.c.register == sa.any_(sa.bindparam("registers", type_=sa.ARRAY(sa.Text))),
        "id": table.c.id == sa.bindparam("id"),
        "ids": table.c.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))),
        "place": table.c.place == _under(),
        "above": sa.or_(table.c.place == _above(), table.c.place.is_(None)),
        "after": table.c.id > sa.bindparam("after"),
        "current": sa.not_(table.c.retired),
        "type": _text(table, "type") == sa.bindparam("type", type_=sa.Text),
        "about": _about(table),
        "state": _text(table, "state") == sa.bindparam("state", type_=sa.Text),
        "hazard": _text(table, "hazard") == sa.bindparam("hazard", type_=sa.Text),
        "incident": _text(table, "incident") == sa.bindparam("incident", type_=sa.Text),
        "open": (_text(table, "state") != sa.literal_column("'closed'"))
        == sa.bindparam("open", type_=sa.Boolean),
    }
    where = [visible(form, table), *(clauses[name] for name in sorted(present))]
    limit = sa.bindparam("limit", type_=sa.Integer)
    return Query(
        sa.select(table.c.body, table.c.published_now).where(*where).order_by(table.c.id).limit(limit)
    )


@statement
def _jurisdiction(form: Shape) -> Query:
    table = recorded(form.past)
    inherited = table.c.register == sa.any_(sa.bindparam("inherited", type_=sa.ARRAY(sa.Text)))
    applies_here = sa.and_(inherited, sa.or_(table.c.place == _above(), table.c.place.is_(None)))
    where = [visible(form, table), sa.not_(table.c.retired), sa.or_(table.c.place == _under(), applies_here)]
    where.append(table.c.register != sa.all_(sa.literal_column(f"ARRAY[{_OF_THE_MOMENT}]")))
    return Query(sa.select(table.c.body, table.c.published_now).where(*where).order_by(table.c.id))


def decode(row: Row, sight: Sight) -> Entry:
    """The entry of a row as a sight sees it."""
    stored: Entry = msgspec.convert(row["body"], DECODED)
    return shown(stored, sight.clearance, published_now=bool(row["published_now"]))


async def find(reader: Reader, sight: Sight, limit: int, **conditions: Any) -> list[Entry]:
    """At most `limit` entries that are not retired, by identity.

    Conditions are any of register, place (with all under it), type, about, state, hazard, open, incident and
    after; None is no condition.
    """
    values = {name: value for name, value in conditions.items() if value is not None}
    query = _find(shape(sight), frozenset(values) | {"current"})
    rows = await reader.rows(query, binds(sight) | values | {"limit": limit})
    return [decode(row, sight) for row in rows]


async def answering(reader: Reader, sight: Sight, registers: Sequence[str], place: str) -> list[Entry]:
    """Entries of some registers at a place or above it, and those without a place; at most 1,000."""
    query = _find(shape(sight), frozenset({"registers", "above", "current"}))
    values = {"registers": list(registers), "place": place, "limit": 1000}
    rows = await reader.rows(query, binds(sight) | values)
    return [decode(row, sight) for row in rows]


async def get(reader: Reader, sight: Sight, register: str, identity: UUID) -> Entry | None:
    """One entry, retired or not; None when this sight does not see one."""
    query = _find(shape(sight), frozenset({"register", "id"}))
    row = await reader.row(query, binds(sight) | {"register": register, "id": identity, "limit": 1})
    return None if row is None else decode(row, sight)


async def seen(reader: Reader, sight: Sight, ids: Collection[UUID]) -> set[UUID]:
    """Those of these identities that are entries which this sight has."""
    if not ids:
        return set()
    query = _find(shape(sight), frozenset({"ids"}))
    rows = await reader.rows(query, binds(sight) | {"ids": list(ids), "limit": len(ids)})
    return {UUID(row["body"]["id"]) for row in rows}


async def of_jurisdiction(reader: Reader, sight: Sight, place: str) -> list[Entry]:
    """Every entry that the checks of a place use: those at it or under it, and the inherited ones above."""
    values = binds(sight) | {"place": place, "inherited": list(INHERITED)}
    rows = await reader.rows(_jurisdiction(shape(sight)), values)
    return [decode(row, sight) for row in rows]


def _bound(name: str) -> Any:
    if name == "geom":
        shape = sa.func.ST_GeomFromWKB(sa.bindparam(name, type_=sa.LargeBinary))
        return sa.func.ST_SetSRID(shape, sa.literal_column("4326"))
    return sa.bindparam(name, type_=JSONB if name == "body" else entry.c[name].type)


_VALUES = {name: _bound(name) for name in COLUMNS}
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
ARCHIVE = Query(
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


@statement
def _history(form: Shape) -> Query:
    """The earlier versions that were recorded until the instant of the sight, as far as it may see them."""
    today = entry.alias("today")
    versions = sa.select(
        *(entry_past.c[name] for name in (*COLUMNS, "superseded_at") if name != "visibility"),
        stricter(entry_past.c.visibility, today.c.visibility).label("visibility"),
        today.c.place.label("place_now"),
    ).select_from(
        entry_past.join(today, sa.and_(today.c.realm == entry_past.c.realm, today.c.id == entry_past.c.id))
    )
    past = versions.where(
        entry_past.c.realm == sa.bindparam("sight_realm", type_=sa.Text),
        entry_past.c.id == sa.bindparam("id", type_=sa.Uuid),
        *([entry_past.c.updated_at <= INSTANT] if form.past else ()),
    ).subquery()
    return Query(
        sa.select(past.c.body, past.c.superseded_at, past.c.updated_by)
        .where(visible(form, past))
        .order_by(past.c.version.desc())
    )


def _row(record: Entry, updated_by: str) -> dict[str, Any]:
    located = record if isinstance(record, LocatedEntry) else None
    shape = None if located is None or located.geometry is None else wkb(located.geometry)
    return {
        "realm": record.exercise or LIVE,
        "id": record.id,
        "register": register_of(record),
        "version": record.version,
        "place": record.place,
        "visibility": decided(record.visibility),
        "retired": record.retired,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "updated_by": updated_by,
        "body": msgspec.to_builtins(record),
        "geom": shape,
        "uncertainty_m": None if located is None else doubt_m(located),
    }


async def known(reader: Reader, realm: str, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these identities exist in the realm."""
    return {row["id"] for row in await reader.rows(KNOWN, {"realm": realm, "ids": list(ids)})}


async def lock(writer: Writer, realm: str, identity: UUID) -> Entry | None:
    """The current version, locked until the transaction ends; None when there is none."""
    row = await writer.row(LOCK, {"realm": realm, "id": identity})
    return None if row is None else msgspec.convert(row["body"], DECODED)


async def insert_many(writer: Writer, records: Sequence[Entry], updated_by: str) -> None:
    """Insert entries whose version and times are set; Duplicate when an identity is taken."""
    await writer.run_many(INSERT, [_row(record, updated_by) for record in records])


async def amend(writer: Writer, record: Entry, updated_by: str) -> None:
    """Archive the stored version and store `record` in its place."""
    row = _row(record, updated_by)
    await writer.run(ARCHIVE, row)
    await writer.run(UPDATE, row)


LOG = Query(changes.insert_into(change_log, "xid", "seq"))


async def log(writer: Writer, before: Entry | None, after: Entry, change: Change) -> None:
    """Write the change of an entry into the log, so that feed, seals and subscriptions have it."""
    members = msgspec.json.encode(after, order="sorted")
    values = {
        "realm": after.exercise or LIVE,
        "resource_id": after.id,
        "kind": register_of(after),
        "version": after.version,
        "place_before": before and before.place,
        "place_after": after.place,
        "visibility_before": before and decided(before.visibility),
        "visibility_after": decided(after.visibility),
        "gone_before": before is None or before.retired,
        "gone_after": after.retired,
        "point_before": None,
        "point_after": None,
        "digest": hashlib.sha256(members).digest(),
        "members": members.decode(),
        "at": after.updated_at,
    }
    await writer.run(LOG, values | {name: getattr(change, name) for name in changes.OF_CHANGE})


async def history(reader: Reader, sight: Sight, identity: UUID) -> list[PastEntry]:
    """The earlier versions that the sight may see, newest first."""
    rows = await reader.rows(_history(shape(sight)), binds(sight) | {"id": identity})
    return [
        PastEntry(
            body=msgspec.convert(row["body"], DECODED),
            superseded_at=row["superseded_at"],
            updated_by=row["updated_by"],
        )
        for row in rows
    ]
