"""Read and change the entries of the registers; every earlier version is kept."""

from collections.abc import Container, Mapping
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from registry.domain.access.actor import Actor, Role, require_place
from registry.domain.access.sight import Sight
from registry.domain.errors import ConditionMissing, Invalid, NotFound, Stale
from registry.domain.plans.entry import (
    OF_THEIR_OWN,
    Entry,
    Hotline,
    PastEntry,
    Register,
    admitted_entry,
    check_entry,
    is_hidden,
    register_of,
    written,
)
from registry.domain.plans.entry_base import classified
from registry.domain.records.change import Change, Verb
from registry.services.access.limit_mass_changes import count_change
from registry.services.clock import now
from registry.services.intake.admit import admit_value
from registry.services.plans.store_entry import store_entry
from registry.store.database.pool import Reader, Writer
from registry.store.places import places
from registry.store.plans import entries
from registry.store.visibility import realm


class EntryPage(Struct, frozen=True):
    """Some entries of a register by identity; `last` is where the next page continues, None at the end."""

    entries: list[Entry]
    last: UUID | None


class SavedEntry(Struct, frozen=True):
    """The entry as it was stored, and whether it is new."""

    entry: Entry
    created: bool


async def list_entries(
    reader: Reader,
    sight: Sight,
    register: Register,
    conditions: Mapping[str, Any],
    limit: int,
) -> EntryPage:
    """At most `limit` entries of a register by identity.

    `conditions` has any of place (and all under it), type, about (a hazard, topic or field) and after.
    """
    matching = await entries.find(reader, sight, limit + 1, register=register, **conditions)
    return EntryPage(matching[:limit], matching[limit - 1].id if len(matching) > limit else None)


async def read_entry(reader: Reader, sight: Sight, register: Register, identity: UUID) -> Entry:
    """One entry, retired or not; NotFound when there is none that this sight may see."""
    entry = await entries.get(reader, sight, register, identity)
    if entry is None:
        raise NotFound(register, identity)
    return entry


async def read_history(
    reader: Reader, sight: Sight, actor: Actor, register: Register, identity: UUID
) -> list[PastEntry]:
    """The earlier versions of an entry, newest first; for those who may change it."""
    entry = await read_entry(reader, sight, register, identity)
    await _require(reader, actor, "field", entry.place)
    return await entries.history(reader, sight, identity)


async def put_entry(
    writer: Writer, sight: Sight, actor: Actor, entry: Entry, versions: Container[int] | None
) -> SavedEntry:
    """Store a new entry, or replace the version that the caller holds.

    `versions` are those that the caller has read. ConditionMissing when it is None and the entry exists;
    Stale when the entry has another version; Forbidden when the actor's places hold neither the old nor the
    new place.
    """
    if entry.exercise != sight.exercise:
        raise Invalid("the entry belongs to another exercise than the request", field="exercise")
    demand_own_route(register_of(entry))
    entry = admitted_entry(await admit_value(writer, entry))
    check_entry(entry)
    role = role_for(register_of(entry))
    await _require(writer, actor, role, entry.place)
    current = await _current(writer, sight, register_of(entry), entry.id, versions)
    if current is not None:
        await _require(writer, actor, role, current.place)
    entry = written(classified(entry, current, writer.default_visibility), current)
    return SavedEntry(await _store(writer, actor, current, entry), created=current is None)


async def retire_entry(
    writer: Writer,
    sight: Sight,
    actor: Actor,
    register: Register,
    identity: UUID,
    versions: Container[int] | None,
) -> Entry:
    """Retire an entry: it leaves lists and checks, and its versions stay."""
    demand_own_route(register)
    current = await _current(writer, sight, register, identity, versions)
    if current is None:
        raise NotFound(register, identity)
    await _require(writer, actor, role_for(register), current.place)
    return await _store(writer, actor, current, msgspec.structs.replace(current, retired=True))


async def list_hotlines(reader: Reader, sight: Sight, place: str, topic: str | None) -> list[Hotline]:
    """The numbers to call at a place: its own and those of the places above it."""
    answering = await entries.answering(reader, sight, ["hotline"], place)
    hotlines = [entry for entry in answering if isinstance(entry, Hotline)]
    return [line for line in hotlines if topic is None or topic in line.topic]


async def _current(
    writer: Writer, sight: Sight, register: Register, identity: UUID, versions: Container[int] | None
) -> Entry | None:
    """The stored version, locked; None when the identity is free."""
    stored = await entries.lock(writer, realm(sight), identity)
    if stored is None:
        return None
    await read_entry(writer, sight, register, identity)
    if versions is None:
        raise ConditionMissing("send the ETag you read in If-Match")
    if stored.version not in versions:
        raise Stale(f"the entry is at version {stored.version}")
    return stored


async def _store(writer: Writer, actor: Actor, current: Entry | None, entry: Entry) -> Entry:
    verb: Verb = "create" if current is None else "retire" if entry.retired else "update"
    if current is not None and is_hidden(current, entry):
        await count_change(writer, actor)
    return await store_entry(writer, current, entry, Change(verb=verb, actor=actor.id, at=now()))


def role_for(register: Register) -> Role:
    """The least role that may change a register: a standing question costs work again and again."""
    return "planner" if register == "standing_question" else "field"


def demand_own_route(register: Register) -> None:
    """Invalid for a register that is changed by routes of its own."""
    if register in OF_THEIR_OWN:
        raise Invalid(f"change it by {OF_THEIR_OWN[register]}", field="register")


async def _require(reader: Reader, actor: Actor, role: Role, place: str | None) -> None:
    above = [] if place is None else await places.ancestors(reader, place)
    require_place(actor, role, above)
