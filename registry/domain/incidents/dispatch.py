"""The dispatch of resources to an incident: its states, and the fold of its lines in the log."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, structs

from registry.domain.errors import Conflict
from registry.domain.incidents.incident import LogLine
from registry.domain.records.resource import Kind, Readiness
from registry.domain.values import LongText, Name

DispatchState = Literal["committed", "en_route", "on_scene", "released"]
NEXT: dict[DispatchState, tuple[DispatchState, ...]] = {
    "committed": ("en_route", "on_scene", "released"),
    "en_route": ("on_scene", "released"),
    "on_scene": ("en_route", "released"),
    "released": (),
}


class Commit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Resources to commit to an incident, all of them or none."""

    resources: Annotated[list[UUID], Meta(min_length=1, max_length=50)]
    task: LongText | None = None


class Advance(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The next state of a commitment; a released team is available unless its readiness is stated."""

    state: Literal["en_route", "on_scene", "released"]
    """The next state."""
    readiness: Readiness | None = None
    """What a released team is then; available unless stated."""
    note: LongText | None = None


class Commitment(Struct, frozen=True, kw_only=True):
    """A resource that was committed to an incident, by whom, and what became of it."""

    id: UUID
    resource: UUID
    kind: Kind
    """Kind of the resource."""
    name: Name | None
    state: DispatchState
    """How far the unit is."""
    since: datetime
    committed_at: datetime
    committed_by: str
    task: str | None = None
    released_at: datetime | None = None


def demand_next(before: DispatchState, after: DispatchState) -> None:
    """Conflict when a state cannot follow another."""
    if after not in NEXT[before]:
        allowed = ", ".join(NEXT[before]) or "nothing"
        raise Conflict(f"a commitment that is {before} can become {allowed}", field="state")


def commitments(lines: Iterable[LogLine]) -> list[Commitment]:
    """What the lines of a log make of its commitments, in the order in which they were made."""
    by_id: dict[UUID, Commitment] = {}
    for line in lines:
        if line.kind == "dispatch":
            identity = UUID(line.body["commitment"])
            by_id[identity] = _after(by_id.get(identity), identity, line)
    return list(by_id.values())


def _after(before: Commitment | None, identity: UUID, line: LogLine) -> Commitment:
    state: DispatchState = line.body["state"]
    released_at = line.at if state == "released" else None
    if before is not None:
        return structs.replace(before, state=state, since=line.at, released_at=released_at)
    name = line.body.get("name")
    return Commitment(
        id=identity,
        resource=UUID(line.body["resource"]),
        kind=line.body["kind"],
        name=None if name is None else Name(**name),
        state=state,
        since=line.at,
        committed_at=datetime.fromisoformat(line.body.get("committed_at", line.at.isoformat())),
        committed_by=line.actor,
        task=line.text,
        released_at=released_at,
    )
