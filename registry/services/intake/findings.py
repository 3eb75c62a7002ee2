"""List the warnings that wait for a person, and settle them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from registry.domain.access.actor import Actor, require, require_place
from registry.domain.access.sight import Sight
from registry.domain.errors import Conflict, NotFound
from registry.domain.values import LongText, Name
from registry.services.clock import now
from registry.services.intake.admit import admit_value
from registry.services.records.work import Work, locked
from registry.store.database.pool import Reader, Row
from registry.store.intake import findings
from registry.store.places import places
from registry.store.records import resources

MOST_IN_SURVEY = 100


class OpenFinding(Struct, frozen=True, kw_only=True):
    """A warning about a stored record, or about a place, zone or rule by its `code`."""

    id: UUID
    about: str
    """What it is about: a record, a place, a zone or a rule."""
    resource: UUID | None
    code: str | None
    kind: str | None
    """Kind of the record."""
    name: Name
    place: str | None
    finding: dict[str, Any]
    found_at: datetime
    actor: str
    """Who wrote the record."""


class FindingPage(Struct, frozen=True):
    """Some warnings, oldest first; `last` is where the next page goes on, None at the end."""

    findings: list[OpenFinding]
    last: UUID | None


class SettledSubject(Struct, frozen=True, kw_only=True):
    """What a settled warning is about: a record, or a place, zone or rule by its code."""

    about: str
    resource: UUID | None
    code: str | None


class Settlement(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why a warning is no fault."""

    reason: LongText
    """Why the warning is no fault."""


async def list_findings(
    reader: Reader, sight: Sight, actor: Actor, conditions: Mapping[str, Any], limit: int
) -> FindingPage:
    """At most `limit` open warnings; `conditions` has any of resource, code, under and after."""
    require(actor, "viewer")
    rows = await findings.find_open(reader, sight, conditions, limit + 1)
    page = await _without_hidden(reader, sight, rows[:limit])
    return FindingPage([_open(row) for row in page], rows[limit - 1]["id"] if len(rows) > limit else None)


async def _without_hidden(reader: Reader, sight: Sight, rows: list[Row]) -> list[Row]:
    """The warnings that name no record which the reader may not see: who stored them may have seen more."""
    named = {identity for row in rows if (identity := _named(row)) is not None}
    seen = await resources.visible(reader, sight, named)
    return [row for row in rows if (identity := _named(row)) is None or identity in seen]


def _named(row: Row) -> str | None:
    """The other record that a warning names."""
    proposal = row["body"].get("proposal")
    return proposal.get("id") if isinstance(proposal, dict) else None


async def list_warnings(reader: Reader, sight: Sight, actor: Actor, place: str | None) -> list[OpenFinding]:
    """The first open warnings at and under a place, as a survey list shows them; none for the public."""
    if not actor.is_at_least("viewer"):
        return []
    return (await list_findings(reader, sight, actor, {"under": place}, MOST_IN_SURVEY)).findings


async def settle_finding(work: Work, identity: UUID, settlement: Settlement) -> SettledSubject:
    """Settle a warning with a reason: it is not raised again."""
    require(work.actor, "field")
    settlement = await admit_value(work.writer, settlement)
    row = await findings.lock(work.writer, work.sight, identity)
    if row is None:
        raise NotFound("finding", identity)
    await _require_subject(work, row)
    if row["settled_at"] is not None:
        raise Conflict(f"this was settled by {row['settled_by']} before")
    values = {"settled_at": now(), "settled_by": work.actor.id, "reason": settlement.reason}
    await findings.settle(work.writer, identity, values)
    record = row["subject"] if row["about"] == "resource" else None
    return SettledSubject(about=row["about"], resource=record, code=row["of_code"])


async def _require_subject(work: Work, row: Row) -> None:
    """Reporters settle what is found of their records, planners what is found of reference data."""
    if row["about"] == "resource":
        await locked(work, "field", row["subject"])
        return
    require(work.actor, "planner")
    if row["about"] == "place":
        require_place(work.actor, "planner", await places.ancestors(work.writer, row["of_code"]))


def _open(row: Row) -> OpenFinding:
    names = {"name": Name(row["name_zh"], row["name_en"]), "finding": row["body"], "code": row["of_code"]}
    shared = ("id", "about", "resource", "kind", "place", "found_at", "actor")
    return OpenFinding(**names, **{name: row[name] for name in shared})
