"""Store CAP alerts as warnings, and follow how they enter and leave force."""

from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct, structs

from registry.domain.access.actor import SYSTEM, require, require_place
from registry.domain.access.sight import Sight
from registry.domain.errors import NotFound
from registry.domain.geojson import Geometry
from registry.domain.geometry import as_geojson
from registry.domain.incidents.alert import hazards_of, referenced, warning_of
from registry.domain.incidents.warning import StoredWarning, WarningForce, force_at
from registry.domain.plans.entry import check_entry
from registry.domain.plans.entry_base import classified
from registry.domain.proximity.cap import CapAlert
from registry.domain.proximity.origin import Start
from registry.domain.records.change import Change
from registry.domain.records.resource import Location
from registry.services.clock import now
from registry.services.incidents.open_incident import smallest_place
from registry.services.intake.admit import admit_value
from registry.services.intake.reference import load
from registry.services.plans.store_entry import store_entry
from registry.services.proximity.alert_area import ground_alert
from registry.services.records.work import Work
from registry.store.access import scope
from registry.store.database.pool import Reader
from registry.store.incidents import warnings as store
from registry.store.places import places
from registry.store.plans import entries
from registry.store.visibility import realm

WATCHED: tuple[WarningForce, ...] = ("in_force", "not_yet")
"""Warnings that time alone may change."""


class ReceivedWarning(Struct, frozen=True, kw_only=True):
    """The warning as it is stored, whether it is new, and the earlier ones that it follows."""

    warning: StoredWarning
    created: bool
    """Whether the warning is new."""
    follows: list[UUID]


async def receive_warning(work: Work, alert: CapAlert) -> ReceivedWarning:
    """Store an alert once, however often it comes; an update or a cancel ends what it refers to.

    Invalid when no area of it can be used.
    """
    require(work.actor, "field")
    at = now()
    grounded = await ground_alert(work.writer, alert)
    labels = (await load(work.writer)).vocabularies.labels()
    warning = structs.replace(
        warning_of(alert, grounded.areas, at),
        hazards=hazards_of(alert.info[0].event, labels.get("hazard", {})),
        geometry=msgspec.json.decode(as_geojson(grounded.whole), type=Geometry),
        location=Location("surveyed", 0.0, [], source="CAP"),
        exercise=work.sight.exercise,
        place=await smallest_place(work.writer, Start(shape=grounded.whole)),
    )
    warning = await admit_value(work.writer, warning)
    check_entry(warning)
    warning = await _filed(work, warning)
    warning = classified(warning, None, work.writer.default_visibility)
    stored = await entries.lock(work.writer, realm(work.sight), warning.id)
    follows = [identity for text in warning.references if (identity := referenced(text)) is not None]
    if isinstance(stored, StoredWarning):
        return ReceivedWarning(warning=stored, created=False, follows=follows)
    warning = structs.replace(warning, force=force_at(warning, at), force_at=at)
    saved = await store_entry(work.writer, None, warning, work.change("create", at))
    ended = [identity for identity in follows if await _follow(work, identity, saved)]
    return ReceivedWarning(warning=saved, created=True, follows=ended)


async def _filed(work: Work, warning: StoredWarning) -> StoredWarning:
    """A warning for more than the sender's own places is filed under the first of them."""
    if work.actor.places is None:
        return warning
    above = await places.ancestors(work.writer, warning.place) if warning.place else []
    if not work.actor.places or set(work.actor.places) & set(above):
        require_place(work.actor, "field", above)
        return warning
    return structs.replace(warning, place=work.actor.places[0])


async def _follow(work: Work, identity: UUID, later: StoredWarning) -> bool:
    """End an earlier warning of the same sender that is stored here."""
    earlier = await entries.lock(work.writer, realm(work.sight), identity)
    if not isinstance(earlier, StoredWarning) or earlier.sender != later.sender:
        return False
    cancels = later.msg_type.lower() == "cancel"
    ended = structs.replace(earlier, followed_by=later.id, cancelled=earlier.cancelled or cancels)
    ended = structs.replace(ended, force=force_at(ended, later.sent), force_at=now())
    await store_entry(work.writer, earlier, ended, work.change("update", now(), f"followed by {later.id}"))
    return True


async def read_warning(reader: Reader, sight: Sight, identity: UUID) -> StoredWarning:
    """One warning with its force now, or at the instant of the sight; NotFound when there is none."""
    entry = await entries.get(reader, sight, "warning", identity)
    if not isinstance(entry, StoredWarning):
        raise NotFound("warning", identity)
    return _looked_at(entry, sight)


def _looked_at(warning: StoredWarning, sight: Sight) -> StoredWarning:
    at = sight.as_of or now()
    return structs.replace(warning, force=force_at(warning, at), force_at=at)


async def list_warnings(
    reader: Reader, sight: Sight, conditions: dict[str, Any], force: WarningForce | None, limit: int
) -> tuple[list[StoredWarning], UUID | None]:
    """At most `limit` warnings by identity, of one force if asked, and where the next page starts."""
    found = await entries.find(reader, sight, limit + 1, register="warning", **conditions)
    listed = [_looked_at(one, sight) for one in found[:limit] if isinstance(one, StoredWarning)]
    last = found[limit - 1].id if len(found) > limit else None
    return [one for one in listed if force in (None, one.force)], last


async def watch_warnings(reader: Reader) -> int:
    """Store the force of every warning that time has changed, so that the feed tells it; how many."""
    async with reader.writer() as writer:
        await scope.bind(writer, SYSTEM)
        at, count = now(), 0
        for warning in await store.lock_watched(writer, WATCHED):
            force = force_at(warning, at)
            if force == warning.force:
                continue
            reason = "entered force" if force == "in_force" else "left force"
            change = Change(verb="update", actor=SYSTEM.id, at=at, reason=reason, via="system")
            await store_entry(writer, warning, structs.replace(warning, force=force, force_at=at), change)
            count += 1
        return count
