"""Make, list, rotate and revoke machine keys."""

from collections.abc import Collection
from datetime import datetime

from registry.domain.access.actor import Role
from registry.domain.access.credential import ApiKey, id_of, new_token
from registry.domain.errors import Conflict, Invalid, NotFound
from registry.store.access import keys
from registry.store.database.pool import Reader, Writer

MAX_ACTIVE = 2


async def create_key(
    writer: Writer,
    pepper: bytes,
    *,
    holder: str,
    role: Role,
    now: datetime,
    places: Collection[str] = (),
    expires_at: datetime | None = None,
) -> str:
    """A new key for a holder without an active one; its text is stored nowhere."""
    if await _active(writer, holder, now):
        raise Conflict(f"{holder} has a key already; rotate it, or choose another holder")
    if missing := set(places) - await keys.known_places(writer, places):
        raise NotFound("place", ", ".join(sorted(missing)))
    token = new_token()
    await keys.insert(writer, pepper, token, holder, role, places, expires_at)
    return token


async def rotate_key(
    writer: Writer, pepper: bytes, holder: str, *, now: datetime, expires_at: datetime | None = None
) -> str:
    """A second key with the rights of the active one, so that both work until one is revoked."""
    active = await _active(writer, holder, now)
    if not active:
        raise NotFound("active key of", holder)
    if len(active) >= MAX_ACTIVE:
        raise Conflict(f"{holder} has two active keys; revoke one of {', '.join(key.id for key in active)}")
    old, token = active[0], new_token()
    await keys.insert(writer, pepper, token, holder, old.role, old.places, expires_at or old.expires_at)
    return token


async def list_keys(reader: Reader) -> list[ApiKey]:
    """All keys by holder, oldest first."""
    return await keys.find_all(reader)


async def revoke_key(writer: Writer, identity: str) -> None:
    """End a key for good; NotFound when no active key has this identity."""
    if not await keys.revoke(writer, identity):
        raise NotFound("active key", identity)


async def put_admin_key(writer: Writer, pepper: bytes, token: str) -> None:
    """Store a key that the operator chose as the administrator's."""
    if id_of(token) is None:
        raise Invalid("an administrator's key has the form reg_<8 hex digits>_<43 or more letters>")
    await keys.put(writer, pepper, token, "admin", "admin")


async def first_admin_key(writer: Writer, pepper: bytes, now: datetime) -> str | None:
    """A key for the administrator of a registry that has none; None when there is one."""
    if any(key.role == "admin" and key.is_active(now) for key in await keys.find_all(writer)):
        return None
    return await create_key(writer, pepper, holder="admin", role="admin", now=now)


async def _active(writer: Writer, holder: str, now: datetime) -> list[ApiKey]:
    """The active keys of a holder, which nobody else changes before the transaction ends."""
    await keys.lock_holder(writer, holder)
    return [key for key in await keys.of_holder(writer, holder) if key.is_active(now)]
