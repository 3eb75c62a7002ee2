"""Carry out a push: each operation in its own savepoint, its result stored in the same commit."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog
from msgspec import Struct, structs

from registry.domain.attachments.attachment import PushedAttachment
from registry.domain.errors import Conflict, Invalid, Refused, RegistryError, Unavailable
from registry.domain.incidents.incident import IncidentDraft
from registry.domain.intake.finding import Finding
from registry.domain.intake.shape import ReadValue, read_members
from registry.domain.records.change import Draft
from registry.domain.records.clock import observed_instant, skew_of
from registry.domain.records.observation import Report, StatusReport, StockReport
from registry.domain.records.relocation import Relocation
from registry.domain.records.unapplied import Unapplied
from registry.domain.sync.push import MalformedOperation, Operation, Result
from registry.services.access.still_readable import is_still_readable
from registry.services.attachments.attach import attach, subject_of
from registry.services.clock import now
from registry.services.incidents.open_incident import open_incident
from registry.services.intake.admit import admit_value
from registry.services.records.amend import amend
from registry.services.records.create import create
from registry.services.records.relocate import relocate
from registry.services.records.report import report
from registry.services.records.retire import retire
from registry.services.records.verify import Verification, verify
from registry.services.records.work import ANY_VERSION, Edition, Saved, Work
from registry.store.access import idempotency
from registry.store.access.idempotency import StoredResponse

log = structlog.get_logger("registry")
RESULTS: dict[str, Result] = {"conflict": "conflict", "merged": "merged"}
"""Results by the outcome of a save; every other outcome is applied."""
BLOCKED = Conflict("an earlier operation on this record failed")


class PushedOperation(Struct, frozen=True, omit_defaults=True):
    """What became of an operation; `first` is the result that a duplicate had the first time."""

    result: Result
    version: int | None = None
    correction: UUID | None = None
    overlapping: tuple[str, ...] = ()
    first: Result | None = None
    unapplied: tuple[Unapplied, ...] = ()
    findings: tuple[Finding, ...] = ()


class RefusedOperation(Struct, frozen=True):
    """An operation that changed nothing. It is not stored: a retry may succeed."""

    result: Result
    error: RegistryError


Pushed = Operation | MalformedOperation


async def push(
    work: Work, operations: Sequence[Pushed], sent_at: datetime | None
) -> list[PushedOperation | RefusedOperation]:
    """What became of each operation; after one that failed, the later ones of its record are blocked.

    One that cannot be read is rejected alone. Empty pushes are Invalid.
    """
    if not operations:
        raise Invalid("a push has at least one operation", field="operations")
    failed: set[UUID | None] = set()
    results: list[PushedOperation | RefusedOperation] = []
    for operation in operations:
        result: PushedOperation | RefusedOperation
        if isinstance(operation, MalformedOperation):
            work.writer.examined = True  # nothing of it is stored
            result = RefusedOperation("rejected", Refused(operation.findings))
        elif operation.resource_id in failed:
            result = RefusedOperation("blocked", BLOCKED)
        else:
            result = await _settle(work, operation, sent_at)
        results.append(result)
        if result.result in ("conflict", "rejected", "blocked"):
            failed.add(operation.resource_id)
    return results


async def _settle(
    work: Work, operation: Operation, sent_at: datetime | None
) -> PushedOperation | RefusedOperation:
    work.writer.findings = []
    try:
        async with work.writer.savepoint():
            return await _once(work, operation, sent_at)
    except Unavailable:
        raise
    except RegistryError as error:
        work.writer.findings = []  # they are told with this operation, and refuse no other
        return RefusedOperation("blocked" if type(error) is Conflict else "rejected", error)
    except Exception as error:  # an operation that fails for ever would hold up the queue of its device
        log.error(
            "an operation of a push failed", kind=operation.kind, op=str(operation.op_id), exc_info=error
        )
        return RefusedOperation(
            "rejected", Invalid(f"the registry failed to carry this out ({type(error).__name__})")
        )


async def _once(work: Work, operation: Operation, sent_at: datetime | None) -> PushedOperation:
    """Carry out an operation, or find the result that is stored under its identity."""
    key = f"op:{operation.op_id}"
    request = idempotency.fingerprint(msgspec.json.encode(operation))
    stored = await idempotency.recall(work.writer, work.actor.id, key, request, now())
    if stored is not None:
        first = msgspec.json.decode(stored.body, type=PushedOperation)
        if not await is_still_readable(work.writer, work.sight, stored.body.decode()):
            first = structs.replace(first, findings=(), unapplied=())
        return structs.replace(first, result="duplicate", first=first.result)
    if operation.kind == "incident":
        result = await _open(work, operation, sent_at)
    elif operation.kind == "attachment":
        result = await _attach(work, operation, sent_at)
    else:
        result = _result(await _perform(work, operation, sent_at))
    kept = StoredResponse(200, {}, msgspec.json.encode(result))
    await idempotency.keep(work.writer, work.actor.id, key, request, kept, now())
    return result


async def _open(work: Work, operation: Operation, sent_at: datetime | None) -> PushedOperation:
    """An incident that was reported while there was no network, at the time by the registry's clock."""
    operation = await admit_value(work.writer, operation)
    draft: IncidentDraft = structs.replace(_as(work, operation.body, IncidentDraft), id=operation.resource_id)
    if draft.reported_at is not None:
        at = now()
        reported_at = observed_instant(
            draft.reported_at, at, skew=skew_of(sent_at, at), field="body.reported_at"
        )
        draft = structs.replace(draft, reported_at=reported_at)
    opened = await open_incident(work, draft)
    return PushedOperation("applied", opened.incident.version, findings=tuple(opened.findings))


async def _attach(work: Work, operation: Operation, sent_at: datetime | None) -> PushedOperation:
    """A picture, whose file was sent before; blocked until it is."""
    operation = await admit_value(work.writer, operation)
    said: PushedAttachment = _as(work, operation.body, PushedAttachment)
    subject, skew = await subject_of(work, operation.resource_id), skew_of(sent_at, now())
    await attach(work, subject, said.sha256, said.draft(), skew)
    return PushedOperation("applied", findings=tuple(work.writer.findings))


def _result(saved: Saved) -> PushedOperation:
    result = RESULTS.get(saved.outcome, "applied")
    if saved.correction is not None:
        return PushedOperation(result, None, saved.correction, saved.overlapping, findings=saved.findings)
    return PushedOperation(result, saved.version, unapplied=saved.unapplied, findings=saved.findings)


async def _perform(work: Work, operation: Operation, sent_at: datetime | None) -> Saved:
    operation = await admit_value(work.writer, operation)
    identity, body, reason = operation.resource_id, operation.body, operation.reason
    match operation.kind:
        case "create":
            return await create(work, structs.replace(_as(work, body, Draft), id=identity), reason)
        case "patch":
            base = operation.base_version
            edition = Edition(ANY_VERSION) if base is None else Edition(base_version=base)
            return await amend(work, identity, body, edition, reason)
        case "status":
            return await report(work, identity, _sent(_as(work, body, StatusReport), operation, sent_at))
        case "stock":
            return await report(work, identity, _sent(_as(work, body, StockReport), operation, sent_at))
        case "verification":
            return await verify(work, identity, _as(work, body, Verification))
        case "location":
            return await relocate(work, identity, _as(work, body, Relocation))
        case "retire":
            return await retire(work, identity, Edition(ANY_VERSION), reason)
        case _:
            raise Invalid(f"{operation.kind} is no change of a record", field="kind")


def _sent(made: Report, operation: Operation, sent_at: datetime | None) -> Report:
    """A report of a push: under the identity of its operation, by the clock of the device that pushes now."""
    return structs.replace(made, id=made.id or operation.op_id, sent_at=sent_at)


def _as(work: Work, body: dict[str, Any], kind: type) -> Any:
    """The body without the members that cannot be used, which the gate refuses."""
    read: ReadValue[Any] = read_members(body, kind)
    work.writer.findings.extend(read.findings)
    if read.value is None:
        raise Refused(read.findings)
    return read.value
