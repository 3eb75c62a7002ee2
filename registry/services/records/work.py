"""The unit of work of a change, and the steps that every change shares: lock, authorise, merge, save."""

from collections.abc import Callable, Container
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from msgspec import Struct, field

from registry.domain.access.actor import Actor, Role, require, require_place
from registry.domain.access.sight import Sight
from registry.domain.errors import ConditionMissing, Forbidden, Stale
from registry.domain.intake.finding import Finding
from registry.domain.records.change import Change, Verb, next_version, to_members
from registry.domain.records.feature import render
from registry.domain.records.field_rights import check_field_rights
from registry.domain.records.location import reach_of_doubt_m
from registry.domain.records.removal import is_removal
from registry.domain.records.resource import Resource
from registry.domain.records.unapplied import Unapplied
from registry.services.access.limit_mass_changes import count_change
from registry.services.intake.admit import AdmittedRecord, admit_record, keep_findings
from registry.services.intake.external_ids import take_external_ids
from registry.services.intake.reference import load
from registry.store.database.pool import Writer
from registry.store.places import places
from registry.store.records import changes

ANY_VERSION = range(1, 2**31)
SavedAs = Literal["created", "changed", "unchanged", "merged", "conflict", "proposed", "rejected"]
Admission = Callable[[Resource], None]
"""Raises where a record may not be changed in this way."""


class Work(NamedTuple):
    """A unit of work: the transaction, who acts, what they see, and the request it belongs to."""

    writer: Writer
    actor: Actor
    sight: Sight
    request_id: str | None = None
    via: str = "api"

    def change(
        self, verb: Verb, at: datetime, reason: str | None = None, device_at: datetime | None = None
    ) -> Change:
        """A change made in this unit of work."""
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
    """What an edit was made from: one of some versions, or a base version that others may have changed.

    An edit of a base version is merged. An edit of `versions` is refused when the record has another one.
    """

    versions: Container[int] | None = None
    base_version: int | None = None


class Saved(Struct, frozen=True, kw_only=True):
    """What a change made of a record.

    `record` is the current version and `feature` its GeoJSON text, empty where a person decides first.
    `merged_with` holds the versions that others made since the base version of a merged edit.
    A conflict, a proposal and a rejection name their correction and the members it is about.
    `unapplied` holds what was observed and is kept, but is not what the state shows.
    """

    record: Resource
    outcome: SavedAs
    feature: str = ""
    merged_with: tuple[int, ...] = ()
    correction: UUID | None = None
    overlapping: tuple[str, ...] = ()
    members: dict[str, Any] = field(default_factory=dict)
    unapplied: tuple[Unapplied, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def version(self) -> int:
        """The version that is current now."""
        return self.record.properties.version


async def demand_rights(work: Work, admitted: AdmittedRecord, current: Resource | None = None) -> None:
    """Forbidden where a new or changed record is more than the actor's role or places allow."""
    await allow(work, "field", admitted.record)
    if not work.actor.is_at_least("planner"):
        check_field_rights(current, admitted.record)
    if work.actor.places is not None and (current is None or not _lies_the_same(current, admitted.record)):
        await _demand_own_ground(work, admitted.record)


def _lies_the_same(one: Resource, other: Resource) -> bool:
    candidates = [record.properties.location.candidate_places for record in (one, other)]
    return one.geometry == other.geometry and candidates[0] == candidates[1]


async def _demand_own_ground(work: Work, record: Resource) -> None:
    """Forbidden for a position that lies, for certain, outside the actor's places."""
    for code in record.properties.location.candidate_places:
        require_place(work.actor, "field", await places.ancestors(work.writer, code))
    if record.geometry is None:
        return
    territory = (await load(work.writer)).territory
    doubt_m = reach_of_doubt_m(record.properties.location, record.geometry)
    if territory.is_outside_all(work.actor.places or (), record.geometry, doubt_m):
        raise Forbidden(
            "the position lies outside the places your role holds for; propose it with POST …/location",
            field="geometry",
            zh="该位置在您负责的地区之外；请用 POST …/location 提出更正",
        )


async def allow(work: Work, role: Role, *records: Resource) -> None:
    """Forbidden unless the actor has the role where the records are and where they go."""
    if work.actor.places is None:
        return
    for place in {record.properties.place for record in records}:
        above = await places.ancestors(work.writer, place) if place else ()
        require_place(work.actor, role, above)


async def locked(work: Work, role: Role, identity: UUID, admit: Admission | None = None) -> Resource:
    """The current version, locked, once the actor's role and places and `admit` allow the change."""
    require(work.actor, role)
    current = await changes.lock(work.writer, work.sight, identity)
    await allow(work, role, current)
    if admit is not None:
        admit(current)
    return current


def check_edition(current: Resource, edition: Edition) -> None:
    """Stale unless the edition names the current version; ConditionMissing when it names none."""
    check_version(current.properties.version, edition)


def check_version(version: int, edition: Edition) -> None:
    """The same for anything that has a version."""
    if edition.versions is None:
        raise ConditionMissing("send If-Match with the ETag you read, or * to overwrite any version")
    if version not in edition.versions:
        raise Stale(f"the record is at version {version} now; read it again")


async def admit(work: Work, record: Resource, current: Resource | None = None) -> AdmittedRecord:
    """A new or changed record as the gate lets it in; Refused with all findings."""
    return await admit_record(work.writer, work.sight, record, current)


async def save(work: Work, current: Resource, admitted: AdmittedRecord, change: Change) -> Saved:
    """Store the next version, and what the gate found; a record that does not change keeps its version."""
    following = next_version(current, admitted.record, change.at)
    await keep_findings(work.writer, work.sight, change.actor, admitted)
    if to_members(following) == to_members(current):
        return Saved(record=current, outcome="unchanged", feature=render(current), findings=admitted.findings)
    if change.verb == "restore" or is_removal(current, following):
        await count_change(work.writer, work.actor)
    await take_external_ids(work.writer, work.sight, work.actor.id, following, current)
    text = await changes.amend(work.writer, current, following, change)
    return Saved(record=following, outcome="changed", feature=text, findings=admitted.findings)
