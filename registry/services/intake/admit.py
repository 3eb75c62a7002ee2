"""Pass what enters through the gate: examine it on its ground, refuse it, or say what to keep beside it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeVar
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.errors import Refused
from registry.domain.identity import new_id
from registry.domain.intake.examine import ExaminedRecord, examine
from registry.domain.intake.finding import KINDS, Finding, refusals
from registry.domain.intake.members import examine_members
from registry.domain.intake.position import converted
from registry.domain.intake.reference import Ground
from registry.domain.intake.territory import forms_of
from registry.domain.records.resource import DEFAULT_VISIBILITY, Resource, Visibility
from registry.services.clock import now
from registry.services.intake.reference import load
from registry.store.database.pool import Reader, Writer
from registry.store.intake import findings as store
from registry.store.schema.records import LIVE
from registry.store.visibility import realm

T = TypeVar("T")
About = Literal["place", "zone", "rule"]
SUBJECTS = UUID("6c1c2f2e-7b0a-4d5c-9d0e-3a1f5b8e4c70")
"""The namespace of subjects that have a code instead of an identity."""
KEPT_NOTES = ("text_folded",)
"""Notes that are stored, since they hold the text as it came."""


class AdmittedRecord(Struct, frozen=True):
    """A record that the gate lets in, what it found, and the stored findings that change with it."""

    record: Resource
    findings: tuple[Finding, ...]
    added: tuple[Finding, ...] = ()
    removed: tuple[UUID, ...] = ()


async def admit_record(
    writer: Writer,
    sight: Sight,
    record: Resource,
    current: Resource | None = None,
) -> AdmittedRecord:
    """The record as it may be stored; Refused with all findings, those of reading its body first."""
    writer.examined = True
    result, stored = await examine_on_ground(
        writer, sight, record, current, default_visibility=writer.default_visibility
    )
    found, writer.findings = (*writer.findings, *result.findings), []
    changed = changed_findings(found, stored)
    if refused := refusals(changed.open, strict=writer.strict):
        raise Refused([*refused, *(one for one in changed.open if one not in refused)])
    assert result.record is not None
    return AdmittedRecord(result.record, changed.open, changed.added, changed.removed)


class ChangedFindings(NamedTuple):
    """The findings of a record that are not settled, those to store, and the stored ones that are over."""

    open: tuple[Finding, ...]
    added: tuple[Finding, ...]
    removed: tuple[UUID, ...]


def changed_findings(
    found: Sequence[Finding], stored: Iterable[Mapping[str, Any]], *, of_file: bool = False
) -> ChangedFindings:
    """What changes with new findings of a record beside the stored ones: id, severity, settled_at and body.

    Only a file finds again what a file found: of its cells, which no other edit looks at.
    """
    stored = list(stored)
    if not stored:
        return ChangedFindings(tuple(found), tuple(one for one in found if _is_kept(one)), ())
    settled = {_key(one["body"]) for one in stored if one["settled_at"] is not None}
    open_findings = tuple(one for one in found if _key(_body(one)) not in settled)
    known = {_key(one["body"]) for one in stored}
    holding = {_key(_body(one)) for one in found}
    added = tuple(one for one in open_findings if _is_kept(one) and _key(_body(one)) not in known)
    gone = tuple(
        UUID(str(one["id"]))
        for one in stored
        if one["severity"] == "warn"
        and one["settled_at"] is None
        and _key(one["body"]) not in holding
        and (of_file or one["body"]["code"] in KINDS)
    )
    return ChangedFindings(open_findings, added, gone)


async def keep_findings_about(
    writer: Writer, about: About, code: str, actor: str, found: Sequence[Finding]
) -> list[Finding]:
    """Store what was found of a place, zone or rule with what its body had; those that nobody settled.

    Refused when a warning comes with `strict`.
    """
    every, writer.findings = [*writer.findings, *found], []
    subject = subject_of(about, code)
    stored = await store.stored(writer, LIVE, subject)
    changed = changed_findings(every, stored)
    if refused := refusals(changed.open, strict=writer.strict):
        raise Refused([*refused, *(one for one in changed.open if one not in refused)])
    at = now()
    shared = {"realm": LIVE, "subject": subject, "found_at": at, "actor": actor}
    rows = [finding_row(one, at, about, code) | shared for one in changed.added]
    await store.replace(writer, changed.removed, rows)
    return list(changed.open)


async def forget_findings_about(writer: Writer, about: About, code: str) -> None:
    """Remove every finding of a place, zone or rule that is there no more."""
    stored = await store.stored(writer, LIVE, subject_of(about, code))
    await store.replace(writer, [UUID(str(one["id"])) for one in stored], ())


def subject_of(about: About, code: str) -> UUID:
    """The identity under which findings about a place, zone or rule are stored."""
    return uuid5(SUBJECTS, f"{about}:{code}")


async def examine_on_ground(
    reader: Reader,
    sight: Sight,
    record: Resource,
    current: Resource | None = None,
    *,
    default_visibility: Visibility = DEFAULT_VISIBILITY,
) -> tuple[ExaminedRecord, list[dict[str, Any]]]:
    """What the gate makes of a record, and the findings that are stored of it: one statement."""
    point = converted(record)[0].geometry
    at = None if point is None else point.coordinates
    places = forms_of(record.properties.place or "")
    around = await store.surroundings(reader, sight, record.id, record.kind, at, places)
    reference = await load(reader, around.version)
    ground = Ground(reference=reference, now=now(), near=around.near, default_visibility=default_visibility)
    return examine(record, ground, current), around.findings


async def keep_findings(writer: Writer, sight: Sight, actor: str, admitted: AdmittedRecord) -> None:
    """Store the findings of a record that has been stored, and remove those that no longer hold."""
    at = now()
    shared = {"realm": realm(sight), "subject": admitted.record.id, "found_at": at, "actor": actor}
    rows = [finding_row(one, at) | shared for one in admitted.added]
    await store.replace(writer, admitted.removed, rows)


async def admit_value(writer: Writer, value: T) -> T:
    """A report, an entry or another body as it may be stored; Refused with all findings."""
    writer.examined = True
    admitted, findings = examine_members(value, await load(writer), now())
    writer.findings.extend(findings)
    if refused := refusals(writer.findings, strict=writer.strict):
        raise Refused([*refused, *(one for one in writer.findings if one not in refused)])
    return admitted


def _is_kept(one: Finding) -> bool:
    return one.severity == "warn" or one.code in KEPT_NOTES


def _body(one: Finding) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.to_builtins(one)
    return body


def finding_row(
    one: Finding, at: datetime, about: str = "resource", of_code: str | None = None
) -> dict[str, Any]:
    """The columns of a finding that it has by itself, and the code of what it is about."""
    identity = new_id(int(at.timestamp() * 1000))
    whose = {"about": about, "of_code": of_code}
    return {"id": identity, "severity": one.severity, "code": one.code, "body": _body(one)} | whose


def _key(body: dict[str, Any]) -> tuple[str, ...]:
    """What makes two findings one: its code, its member, what came in, and the record it looks like."""
    proposal = body.get("proposal")
    if isinstance(proposal, dict):
        proposal = proposal.get("id")
    parts = (body["code"], body.get("field"), body.get("value"), proposal)
    return tuple(msgspec.json.encode(part, order="sorted").decode() for part in parts)
