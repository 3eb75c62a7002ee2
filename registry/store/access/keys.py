"""Machine keys in the database: make, find, list, rotate, revoke."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from registry.domain.access.actor import Role
from registry.domain.access.credential import Key, fingerprint, id_of, is_same, new_token
from registry.domain.errors import Conflict, Invalid, NotFound
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query
from registry.store.schema.access import api_key
from registry.store.schema.records import place

PLAIN = [column for column in api_key.columns if column.name != "fingerprint"]
FIND = Query(sa.select(*PLAIN, api_key.c.fingerprint).where(api_key.c.id == sa.bindparam("id")))
LIST = Query(sa.select(*PLAIN).order_by(api_key.c.holder, api_key.c.created_at, api_key.c.id))
OF_HOLDER = Query(
    sa.select(*PLAIN).where(api_key.c.holder == sa.bindparam("holder")).order_by(api_key.c.created_at)
)
KNOWN_PLACES = Query(
    sa.select(place.c.code).where(place.c.code == sa.any_(sa.bindparam("codes", type_=sa.ARRAY(sa.Text))))
)
FIELDS = ("id", "fingerprint", "holder", "role", "places", "expires_at")
_VALUES = {name: sa.bindparam(name, type_=api_key.c[name].type) for name in FIELDS}
INSERT = Query(sa.insert(api_key).values(_VALUES))
_PUT = insert(api_key).values(_VALUES)
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
MOST_ACTIVE = 2


def _key(row: Row) -> Key:
    return msgspec.convert({name: row[name] for name in Key.__struct_fields__}, Key)


async def find(reader: Reader, pepper: bytes, token: str) -> Key | None:
    """The key that `token` is, if it is one of ours; it may be expired or revoked."""
    row = await reader.row(FIND, {"id": id_of(token)})
    if row is None or not is_same(row["fingerprint"], fingerprint(pepper, token)):
        return None
    return _key(row)


async def every(reader: Reader) -> list[Key]:
    """All keys by holder, oldest first."""
    return [_key(row) for row in await reader.rows(LIST, {})]


async def create(
    writer: Writer,
    pepper: bytes,
    *,
    holder: str,
    role: Role,
    now: datetime,
    places: Collection[str] = (),
    expires_at: datetime | None = None,
) -> str:
    """Store a key for `holder`, who has none in force, and return its text, which is not kept."""
    if await _active(writer, holder, now):
        raise Conflict(f"{holder} has a key already; rotate it, or choose another holder")
    await _demand_places(writer, places)
    token = new_token()
    await writer.run(INSERT, _row(pepper, token, holder, role, list(places), expires_at))
    return token


async def rotate(
    writer: Writer, pepper: bytes, holder: str, *, now: datetime, expires_at: datetime | None = None
) -> str:
    """Store a second key with the rights of the one in force; Conflict while two are."""
    active = await _active(writer, holder, now)
    if not active:
        raise NotFound("active key of", holder)
    if len(active) >= MOST_ACTIVE:
        raise Conflict(f"{holder} has two active keys; revoke one of {', '.join(key.id for key in active)}")
    kept, token = active[0], new_token()
    until = expires_at or kept.expires_at
    await writer.run(INSERT, _row(pepper, token, holder, kept.role, kept.places, until))
    return token


async def _active(writer: Writer, holder: str, now: datetime) -> list[Key]:
    """The keys in force of a holder, whom nobody else changes before the transaction ends."""
    await writer.run(LOCK, {"holder": holder})
    return [key for key in map(_key, await writer.rows(OF_HOLDER, {"holder": holder})) if key.is_active(now)]


async def put_admin(writer: Writer, pepper: bytes, token: str) -> None:
    """Make `token`, which an operator chose, a key of the administrator."""
    if id_of(token) is None:
        raise Invalid("an administrator's key has the form reg_<8 hex digits>_<43 or more letters>")
    await writer.run(PUT, _row(pepper, token, "admin", "admin", [], None))


async def revoke(writer: Writer, identity: str) -> None:
    """End a key for good; NotFound when there is no such key in force."""
    if await writer.run(REVOKE, {"id": identity}) == "UPDATE 0":
        raise NotFound("active key", identity)


async def used(writer: Writer, identities: Sequence[str]) -> None:
    """Note that these keys were shown just now."""
    await writer.run(USED, {"ids": list(identities)})


def _row(
    pepper: bytes, token: str, holder: str, role: Role, places: list[str], expires_at: datetime | None
) -> dict[str, object]:
    return {
        "id": id_of(token),
        "fingerprint": fingerprint(pepper, token),
        "holder": holder,
        "role": role,
        "places": places,
        "expires_at": expires_at,
    }


async def _demand_places(writer: Writer, codes: Collection[str]) -> None:
    known = {row["code"] for row in await writer.rows(KNOWN_PLACES, {"codes": list(codes)})}
    if missing := sorted(set(codes) - known):
        raise NotFound("place", ", ".join(missing))
