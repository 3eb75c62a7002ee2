"""Carrying out a push: each operation in its own savepoint, its result kept in the same commit."""

from typing import Any
from uuid import UUID

import msgspec

from registry.api.http.idempotency import answer, now
from registry.api.http.problems import status_of
from registry.domain.errors import Conflict, Invalid, RegistryError, Unavailable
from registry.domain.records.draft import Draft
from registry.domain.records.observation import StatusReport, StockReport
from registry.domain.records.relocation import Relocation
from registry.domain.sync.push import Operation, Outcome, Push, Result
from registry.services.records import acts
from registry.services.records.editing import Desk, Edition
from registry.store.access import idempotency
from registry.store.access.idempotency import Answer

LASTING: frozenset[Result] = frozenset({"applied", "merged", "conflict"})
"""Results that a retry must meet again; the others may come out differently next time."""


async def perform(desk: Desk, push: Push) -> list[Outcome]:
    """What became of each operation; after one that failed, the later ones of its record are blocked."""
    failed: set[UUID] = set()
    outcomes = []
    for operation in push.operations:
        if operation.resource_id in failed:
            detail = "an earlier operation on this record failed"
            outcomes.append(Outcome(op_id=operation.op_id, result="blocked", detail=detail))
            continue
        outcome = await _settle(desk, operation)
        outcomes.append(outcome)
        if outcome.result in ("conflict", "rejected", "blocked"):
            failed.add(operation.resource_id)
    return outcomes


async def _settle(desk: Desk, operation: Operation) -> Outcome:
    key = f"op:{operation.op_id}"
    asked = idempotency.fingerprint(msgspec.json.encode(operation))
    try:
        async with desk.writer.savepoint():
            stored = await idempotency.recall(desk.writer, desk.actor.id, key, asked, now())
            if stored is not None:
                return _again(stored)
            outcome = _outcome(operation, await _do(desk, operation))
            if outcome.result in LASTING:
                kept = answer(outcome)
                await idempotency.keep(desk.writer, desk.actor.id, key, asked, kept, now())
            return outcome
    except Unavailable:
        raise
    except RegistryError as error:
        result: Result = "blocked" if type(error) is Conflict else "rejected"
        return Outcome(
            op_id=operation.op_id, result=result, detail=error.detail, status=status_of(type(error))
        )


def _again(stored: Answer) -> Outcome:
    before = msgspec.json.decode(stored.body, type=Outcome)
    return msgspec.structs.replace(before, result="duplicate", first=before.result)


async def _do(desk: Desk, operation: Operation) -> Answer:
    edition = Edition(None, operation.base_version) if operation.base_version else Edition("*")
    identity, body, reason = operation.resource_id, operation.body, operation.reason
    match operation.kind:
        case "create":
            draft = msgspec.structs.replace(_as(body, Draft), id=identity)
            return await acts.create(desk, draft, reason)
        case "patch":
            return await acts.amend(desk, identity, body, edition, reason)
        case "status":
            return await acts.report(desk, identity, _as(body, StatusReport))
        case "stock":
            return await acts.stock(desk, identity, _as(body, StockReport))
        case "verification":
            return await acts.verify(desk, identity, _as(body, acts.Verification))
        case "location":
            return await acts.relocate(desk, identity, _as(body, Relocation))
        case "retire":
            return await acts.retire(desk, identity, "*", reason)


def _as(body: dict[str, Any], kind: type) -> Any:
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        raise Invalid(str(error), field="body") from error


class _Made(msgspec.Struct):
    """What an answer says that an outcome repeats."""

    properties: dict[str, Any] = msgspec.field(default_factory=dict)
    conflict: str | None = None
    correction: str | None = None
    detail: str | None = None


def _outcome(operation: Operation, made: Answer) -> Outcome:
    said = msgspec.json.decode(made.body, type=_Made)
    version = said.properties.get("version")
    result: Result = "applied"
    if made.status == 409:
        result = "conflict"
    elif operation.kind == "patch" and operation.base_version and version:
        result = "merged" if version > operation.base_version + 1 else "applied"
    return Outcome(
        op_id=operation.op_id,
        result=result,
        version=version,
        detail=said.detail,
        conflict=said.conflict,
        correction=said.correction,
    )
