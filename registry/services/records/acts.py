"""The changes a record can go through, whichever way they come in: one request, a batch, another face."""

from typing import Any
from uuid import UUID

from msgspec import Struct, structs

from registry.api.http.idempotency import answer, now
from registry.api.http.links import JSON
from registry.domain.access.actor import require
from registry.domain.errors import Conflict, Invalid, Stale
from registry.domain.identity import new_id
from registry.domain.records import change as changing
from registry.domain.records import observation as reporting
from registry.domain.records.change import Change, Verb
from registry.domain.records.draft import Draft, record_of
from registry.domain.records.observation import Observed, StatusReport, StockReport
from registry.domain.records.relocation import Relocation, located_from_raw, relocated
from registry.domain.records.resource import Resource
from registry.domain.values import LongText, ShortText
from registry.services.records.editing import Desk, Edition, allow, check_condition, described, held, save
from registry.services.records.merging import merge_from
from registry.store.access.idempotency import Answer
from registry.store.records import changes, corrections, history, observations, resources


class Verification(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How one knows that the record is still true."""

    how: LongText
    by: ShortText | None = None


async def create(desk: Desk, draft: Draft, reason: str | None = None) -> Answer:
    """Record a new resource."""
    at = now()
    identity = draft.id or new_id(int(at.timestamp() * 1000))
    record = changing.begin(located_from_raw(record_of(draft, identity, desk.sight.exercise)), at)
    await allow(desk, "field", record)
    await changes.insert(desk.writer, record, desk.change("create", at, reason))
    return described(record, desk.sight, 201)


async def create_at(desk: Desk, identity: UUID, draft: Draft, condition: str, reason: str | None) -> Answer:
    """Record a resource under an identity that must be free."""
    if condition.strip() != "*":
        raise Invalid("If-None-Match is * here: create only where nothing is")
    require(desk.actor, "field")
    if await resources.get(desk.writer, desk.sight, identity) is not None:
        raise Stale("there is a resource with this identity")
    return await create(desk, structs.replace(draft, id=identity), reason)


async def replace(
    desk: Desk, identity: UUID, draft: Draft, edition: Edition, reason: str | None = None
) -> Answer:
    """Put a whole record in place of the one that was read."""
    if draft.id not in (None, identity):
        raise Invalid("the identity in the body is not the one in the path", field="id")
    current = await held(desk, "field", identity)
    wanted = located_from_raw(record_of(draft, identity, desk.sight.exercise))
    return await _edit(desk, current, wanted, edition, desk.change("update", now(), reason))


async def amend(
    desk: Desk, identity: UUID, patch: dict[str, Any], edition: Edition, reason: str | None = None
) -> Answer:
    """Change some members of a record."""
    current = await held(desk, "field", identity)
    base = current
    if edition.base_version is not None and edition.base_version < current.properties.version:
        base = await history.version(desk.writer, desk.sight, identity, edition.base_version)
    wanted = located_from_raw(changing.patched(base, patch))
    return await _edit(desk, current, wanted, edition, desk.change("update", now(), reason))


async def _edit(desk: Desk, current: Resource, wanted: Resource, edition: Edition, change: Change) -> Answer:
    await allow(desk, "field", wanted)
    if edition.base_version is None:
        check_condition(current, desk.sight, edition.if_match)
    elif edition.base_version != current.properties.version:
        merged = await merge_from(desk, current, wanted, edition.base_version, change)
        if merged.conflict is not None:
            return merged.conflict
        wanted = merged.record
    return await save(desk, current, wanted, change)


async def retire(desk: Desk, identity: UUID, if_match: str | None, reason: str | None) -> Answer:
    """Take a record out of service for good."""
    current = await held(desk, "field", identity)
    check_condition(current, desk.sight, if_match)
    if not reason:
        raise Invalid("say why: reason=", field="reason")
    return await save(desk, current, changing.retired(current), desk.change("retire", now(), reason))


async def restore(desk: Desk, identity: UUID, reason: str | None) -> Answer:
    """Bring a retired record back to the stage of life it had."""
    current = await held(desk, "field", identity)
    if current.properties.lifecycle != "retired":
        raise Conflict("the resource is not retired")
    stage = await history.lifecycle_before_retirement(desk.writer, desk.sight, identity)
    return await save(desk, current, changing.restored(current, stage), desk.change("restore", now(), reason))


async def verify(desk: Desk, identity: UUID, data: Verification) -> Answer:
    """Confirm that a record is still true, without editing it."""
    current = await held(desk, "field", identity)
    at = now()
    confirmed = changing.verified(current, data.by or desk.actor.id, at)
    await changes.amend(desk.writer, current, confirmed, desk.change("verify", at, data.how))
    return described(confirmed, desk.sight)


async def report(desk: Desk, identity: UUID, data: StatusReport) -> Answer:
    """Keep what was seen of a record's state, and the state it makes."""
    current = await held(desk, "field", identity)
    said = reporting.observations(data)
    wanted = reporting.apply(current, said, data.observed_at)
    return await _observe(desk, (current, wanted), data, said, "report")


async def stock(desk: Desk, identity: UUID, data: StockReport) -> Answer:
    """Keep counts and movements of a depot, and the stock they leave."""
    current = await held(desk, "field", identity)
    said = reporting.stock_observations(data)
    wanted = reporting.apply_stock(current, said, data.observed_at)
    return await _observe(desk, (current, wanted), data, said, "stock")


async def _observe(
    desk: Desk,
    pair: tuple[Resource, Resource],
    data: StatusReport | StockReport,
    said: list[Observed],
    verb: Verb,
) -> Answer:
    at = now()
    current, wanted = pair
    spare = [new_id(int(at.timestamp() * 1000)) for _ in said[1:]]
    first = data.id or new_id(int(at.timestamp() * 1000))
    named = list(zip([first, *spare], said, strict=True))
    kept = {"observed_at": data.observed_at, "received_at": at, "actor": desk.actor.id, "note": data.note}
    await observations.insert(desk.writer, desk.sight, current.id, named, kept)
    saved = await save(desk, current, wanted, desk.change(verb, at, data.note, data.observed_at))
    return structs.replace(saved, status=201)


async def relocate(desk: Desk, identity: UUID, data: Relocation) -> Answer:
    """Correct a position: applied for a planner, proposed for a field officer."""
    current = await held(desk, "field", identity)
    if data.base_version not in (None, current.properties.version):
        raise Stale(f"the record is at version {current.properties.version} now; read it again")
    wanted = relocated(current, data)
    change = desk.change("locate", now(), data.evidence)
    await allow(desk, "field", wanted)
    if desk.actor.is_at_least("planner"):
        return await save(desk, current, wanted, change)
    return await _propose(desk, current, changing.check(wanted), change)


async def _propose(desk: Desk, current: Resource, wanted: Resource, change: Change) -> Answer:
    identity = new_id(int(change.at.timestamp() * 1000))
    members = changing.differences(changing.to_members(current), changing.to_members(wanted))
    values = {"id": identity, "resource_id": current.id, "base_version": current.properties.version}
    values |= {"subject": "location", "members": members, "actor": change.actor, "at": change.at}
    await corrections.insert(desk.writer, desk.sight, values | {"evidence": {"text": change.reason}})
    told = {"state": "proposed", "correction": f"/v1/corrections/{identity}", "members": members}
    return answer(told, 202, Content_Type=JSON)
