"""SQL of machine keys: insert, find, revoke."""

from collections.abc import Collection
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from registry.domain.access.actor import Role
from registry.domain.access.credential import ApiKey, fingerprint, id_of, is_same
from registry.domain.access.pepper import Peppers
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query
from registry.store.schema.access import api_key
from registry.store.schema.records import place

PLAIN = [column for column in api_key.columns if column.name != "fingerprint"]
FIND = Query(sa.select(*PLAIN, api_key.c.fingerprint).where(api_key.c.id == sa.bindparam("id")))
FIND_ALL = Query(sa.select(*PLAIN).order_by(api_key.c.holder, api_key.c.created_at, api_key.c.id))
OF_HOLDER = Query(
    sa.select(*PLAIN).where(api_key.c.holder == sa.bindparam("holder")).order_by(api_key.c.created_at)
)
KNOWN_PLACES = Query(
    sa.select(place.c.code).where(place.c.code == sa.any_(sa.bindparam("codes", type_=sa.ARRAY(sa.Text))))
)
FIELDS = ("id", "fingerprint", "holder", "role", "places", "expires_at")
_VALUES = {name: sa.bindparam(name, type_=api_key.c[name].type) for name in FIELDS}
INSERT = Query(sa.insert(api_key).values(_VALUES))
_PUT = postgresql.insert(api_key).values(_VALUES)
PUT = Query(
    _PUT.on_conflict_do_update(
        index_elements=["id"], set_={name: _PUT.excluded[name] for name in FIELDS[1:]} | {"revoked_at": None}
    )
)
REVOKE = Query(
    sa.update(api_key)
    .where(api_key.c.id == sa.bindparam("id"), api_key.c.revoked_at.is_(None))
    .values(revoked_at=sa.func.now())
)
USED = Query(
    sa.update(api_key)
    .where(api_key.c.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Text))))
    .values(last_used_at=sa.func.now())
)
LOCK = Query(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:holder, 7305))"))


def _key(row: Row) -> ApiKey:
    return msgspec.convert({name: row[name] for name in ApiKey.__struct_fields__}, ApiKey)


async def find(reader: Reader, peppers: Peppers, token: str) -> ApiKey | None:
    """The stored key of a token, which may be expired or revoked; None when the token is not ours."""
    row = await reader.row(FIND, {"id": id_of(token)})
    if row is None:
        return None
    matches = any(is_same(row["fingerprint"], fingerprint(one, token)) for one in peppers.every())
    return _key(row) if matches else None


async def find_all(reader: Reader) -> list[ApiKey]:
    """All keys by holder, oldest first."""
    return [_key(row) for row in await reader.rows(FIND_ALL, {})]


async def lock_holder(writer: Writer, holder: str) -> None:
    """Keep other transactions from making keys for this holder until this one ends."""
    await writer.run(LOCK, {"holder": holder})


async def of_holder(reader: Reader, holder: str) -> list[ApiKey]:
    """The keys of a holder, oldest first, expired and revoked ones included."""
    return [_key(row) for row in await reader.rows(OF_HOLDER, {"holder": holder})]


async def known_places(reader: Reader, codes: Collection[str]) -> set[str]:
    """Those of `codes` that are codes of places."""
    return {row["code"] for row in await reader.rows(KNOWN_PLACES, {"codes": list(codes)})}


async def insert(
    writer: Writer,
    pepper: bytes,
    token: str,
    holder: str,
    role: Role,
    places: Collection[str],
    expires_at: datetime | None,
) -> None:
    """Store the fingerprint of a new key, and never the key."""
    await writer.run(INSERT, _values(pepper, token, holder, role, places, expires_at))


async def put(writer: Writer, pepper: bytes, token: str, holder: str, role: Role) -> None:
    """Store a key without places or end; one with the same identity is replaced, even a revoked one."""
    await writer.run(PUT, _values(pepper, token, holder, role, (), None))


async def revoke(writer: Writer, identity: str) -> bool:
    """Revoke a key; whether there was one to revoke."""
    return await writer.run(REVOKE, {"id": identity}) != "UPDATE 0"


async def record_uses(writer: Writer, identities: Collection[str]) -> None:
    """Set the last use of these keys to now."""
    await writer.run(USED, {"ids": list(identities)})


def _values(
    pepper: bytes,
    token: str,
    holder: str,
    role: Role,
    places: Collection[str],
    expires_at: datetime | None,
) -> dict[str, object]:
    return {
        "id": id_of(token),
        "fingerprint": fingerprint(pepper, token),
        "holder": holder,
        "role": role,
        "places": list(places),
        "expires_at": expires_at,
    }
