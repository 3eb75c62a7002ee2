"""What every change of a record shares: the desk it is made at, the condition, the scope, the answer."""

from datetime import datetime
from typing import Annotated, NamedTuple
from uuid import UUID

from litestar.params import HeaderParameter, QueryParameter

from registry.api.http.conditional import etag_of, matches
from registry.api.http.idempotency import answer
from registry.domain.access.actor import Actor, Role, require, require_place
from registry.domain.access.sight import Sight
from registry.domain.errors import ConditionMissing, Stale
from registry.domain.records import change as changing
from registry.domain.records import feature
from registry.domain.records.change import Change, Verb
from registry.domain.records.resource import Resource
from registry.store.access import guard
from registry.store.access.idempotency import Answer
from registry.store.database.pool import Writer
from registry.store.places import places
from registry.store.records import changes

IfMatch = Annotated[
    str | None,
    HeaderParameter(name="If-Match", max_length=2000, description="The ETag you hold; * for any version."),
]
IfNoneMatch = Annotated[str | None, HeaderParameter(name="If-None-Match", max_length=2000)]
BaseVersion = Annotated[
    int | None,
    QueryParameter(ge=1, le=2_000_000_000, description="The version you edited: merges instead of 412."),
]
Reason = Annotated[str | None, QueryParameter(max_length=1000, description="Why; kept in the history.")]


class Desk(NamedTuple):
    """Where a change is made: the transaction, who asks, what they see, and the request it belongs to."""

    writer: Writer
    actor: Actor
    sight: Sight
    request_id: str | None = None
    via: str = "api"

    def change(
        self, verb: Verb, at: datetime, reason: str | None = None, device_at: datetime | None = None
    ) -> Change:
        """A change made here."""
        return Change(
            verb=verb,
            actor=self.actor.id,
            at=at,
            reason=reason,
            via=self.via,
            request_id=self.request_id,
            device_at=device_at,
        )


class Edition(NamedTuple):
    """Which version an edit was made for: an If-Match header, or a base version that may be merged."""

    if_match: str | None = None
    base_version: int | None = None


async def allow(desk: Desk, role: Role, *records: Resource) -> None:
    """Forbidden unless the actor has the role where the records are and where they go."""
    require(desk.actor, role)
    if not desk.actor.places:
        return
    for place in {record.properties.place for record in records}:
        above = await places.ancestors(desk.writer, place) if place else ()
        require_place(desk.actor, role, above)


async def held(desk: Desk, role: Role, identity: UUID) -> Resource:
    """The record, locked, once the actor's role and scope are seen to allow the change."""
    require(desk.actor, role)
    current = await changes.lock(desk.writer, desk.sight, identity)
    await allow(desk, role, current)
    return current


def check_condition(current: Resource, sight: Sight, if_match: str | None) -> None:
    """Stale (412) unless If-Match names the current version; ConditionMissing (428) without one."""
    if if_match is None:
        raise ConditionMissing("send If-Match with the ETag you read, or * to overwrite any version")
    if not matches(if_match, etag_of(current.properties.version, sight)):
        raise Stale(f"the record is at version {current.properties.version} now; read it again")


STATUS = ("lifecycle", "readiness", "opening", "operational")


def _status_differs(one: Resource, other: Resource) -> bool:
    """Whether a status changes, by whichever route, so that no edit slips past the guard of mass changes."""
    pairs = ((getattr(record.properties, name, None) for name in STATUS) for record in (one, other))
    return list(next(pairs)) != list(next(pairs))


async def save(desk: Desk, current: Resource, wanted: Resource, change: Change) -> Answer:
    """Store the next version and describe it; a record that does not change keeps its version."""
    following = changing.follow(current, wanted, change.at)
    if changing.to_members(following) == changing.to_members(current):
        return described(current, desk.sight)
    await guard.note(
        desk.writer, desk.actor, "report" if _status_differs(current, following) else change.verb
    )
    await changes.amend(desk.writer, current, following, change)
    return described(following, desk.sight)


def described(record: Resource, sight: Sight, status: int = 200) -> Answer:
    """The record as an answer with its ETag, and its location when it is new."""
    headers = {"ETag": etag_of(record.properties.version, sight)}
    if status == 201:
        headers["Location"] = f"/v1/resources/{record.id}"
    return answer(feature.render(record).encode(), status, **headers)
