"""Contacts in the database: beside the records, changed in place, and gone when they are purged."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

from registry.domain.access.sight import Sight
from registry.domain.errors import NotFound
from registry.domain.records.contact import Contact
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query
from registry.store.database.read_trace import note_read
from registry.store.schema.access import contact
from registry.store.schema.records import resource
from registry.store.visibility import Shape, realm

Telephones = dict[UUID, list[dict[str, str | None]]]
"""By the identity of the record: role, name and phone of each contact that has a telephone."""
BETWEEN: Any = sa.literal_column("'; '")
_OF = (contact.c.realm == sa.bindparam("realm"), contact.c.resource_id == sa.bindparam("resource_id"))
_SEEN = sa.or_(
    sa.bindparam("all", type_=sa.Boolean),
    sa.and_(
        contact.c.published,
        sa.exists().where(
            resource.c.realm == contact.c.realm,
            resource.c.id == contact.c.resource_id,
            resource.c.visibility == sa.literal_column("'public'"),
        ),
    ),
)
"""All for staff; for the public the published ones of public records: people to call tell a place."""
_FIELDS = ("id", "realm", "resource_id", "role", "name", "phone", "published")
LIST = Query(sa.select(contact).where(*_OF, _SEEN).order_by(contact.c.id))
_OF_MANY = (
    contact.c.realm == sa.bindparam("realm"),
    contact.c.resource_id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))),
)
OF_RECORDS = Query(sa.select(contact).where(*_OF_MANY, _SEEN).order_by(contact.c.id))
TELEPHONES = Query(
    sa.select(contact.c.resource_id, contact.c.role, contact.c.name, contact.c.phone, contact.c.published)
    .where(*_OF_MANY, contact.c.phone.is_not(None), _SEEN)
    .order_by(contact.c.id)
)
_PUT = insert(contact).values({name: sa.bindparam(name, type_=contact.c[name].type) for name in _FIELDS})
PUT = Query(
    _PUT.on_conflict_do_update(
        index_elements=["id"],
        set_={name: _PUT.excluded[name] for name in _FIELDS[3:]},
        where=sa.and_(
            contact.c.realm == _PUT.excluded.realm, contact.c.resource_id == _PUT.excluded.resource_id
        ),
    )
)
PURGE = Query(sa.delete(contact).where(*_OF, contact.c.id == sa.bindparam("id")))


def telephone(form: Shape, owner: tuple[Any, Any], *records: sa.FromClause) -> sa.ColumnElement[str]:
    """The telephones of a record as one text: all for staff, the published ones for the public.

    `owner` is its realm and identity, which come from `records`. Whether there is any contact is asked once.
    """
    text = sa.func.string_agg(contact.c.phone, aggregate_order_by(BETWEEN, contact.c.id), type_=sa.Text)
    mine = [contact.c.realm == owner[0], contact.c.resource_id == owner[1]]
    mine.append(contact.c.phone.is_not(None))
    if form.clearance == "public":
        mine.append(contact.c.published)
    known: Any = sa.select(sa.select(contact.c.id).exists()).scalar_subquery()
    return sa.case((known, sa.select(text).where(*mine).correlate(*records).scalar_subquery()))


async def find(reader: Reader, sight: Sight, resource_id: UUID) -> list[Row]:
    """The contacts of a record: all for staff, the published ones for the public."""
    owner = {"realm": realm(sight), "resource_id": resource_id}
    return _noted(await reader.rows(LIST, owner | {"all": sight.clearance != "public"}))


async def of_records(reader: Reader, sight: Sight, ids: Sequence[UUID]) -> list[Row]:
    """The contacts of records that this sight sees: all for staff, the published ones for the public."""
    values = {"realm": realm(sight), "ids": list(ids), "all": sight.clearance != "public"}
    return _noted(await reader.rows(OF_RECORDS, values))


async def telephones(reader: Reader, sight: Sight, ids: Sequence[UUID]) -> Telephones:
    """The telephones of records that this sight sees: all for staff, the published ones for the public."""
    values = {"realm": realm(sight), "ids": list(ids), "all": sight.clearance != "public"}
    found: Telephones = {}
    for row in _noted(await reader.rows(TELEPHONES, values)):
        numbers = {name: row[name] for name in ("role", "name", "phone")}
        found.setdefault(row["resource_id"], []).append(numbers)
    return found


def _noted(rows: list[Row]) -> list[Row]:
    """The rows; the audit is told of private ones."""
    if not all(row["published"] for row in rows):
        note_read()
    return rows


async def put(writer: Writer, sight: Sight, resource_id: UUID, identity: UUID, values: Contact) -> None:
    """Store a contact under its identity; NotFound when that is another record's."""
    row = msgspec.structs.asdict(values) | {"id": identity, "realm": realm(sight)}
    if await writer.run(PUT, row | {"resource_id": resource_id}) == "INSERT 0 0":
        raise NotFound("contact", identity)


async def purge(writer: Writer, sight: Sight, resource_id: UUID, identity: UUID) -> None:
    """Remove a contact for good; nothing of it is kept."""
    values = {"realm": realm(sight), "resource_id": resource_id, "id": identity}
    if await writer.run(PURGE, values) == "DELETE 0":
        raise NotFound("contact", identity)
