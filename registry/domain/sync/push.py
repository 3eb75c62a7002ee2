"""Operations that a device made while it was offline."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from registry.domain.intake.finding import Finding
from registry.domain.intake.shape import read_members
from registry.domain.values import LongText, ShortText

Kind = Literal[
    "create", "patch", "status", "stock", "verification", "location", "retire", "incident", "attachment"
]
Result = Literal["applied", "duplicate", "merged", "conflict", "rejected", "blocked"]
MOST = 50
"""Fewer than 64, so that PostgreSQL keeps the subtransactions of a push in its per-backend cache."""


class Operation(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing a person did: its own identity, the record, the version it was done to, and when."""

    op_id: UUID
    kind: Kind
    """What is done."""
    resource_id: UUID
    base_version: Annotated[int, Meta(ge=1, le=2_000_000_000)] | None = None
    body: dict[str, Any]
    """What the route of the same kind takes."""
    device_at: datetime | None = None
    reason: LongText | None = None
    """Why; kept in the history."""


class MalformedOperation(Struct, frozen=True):
    """An operation that cannot be read: its identity and record, as far as they are known, and its faults."""

    op_id: UUID | None
    resource_id: UUID | None
    findings: tuple[Finding, ...]


class Push(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Operations in the order they were made.

    `sent_at` is the device's clock at this sending, by which the times of its reports are corrected.
    """

    device: ShortText | None = None
    sent_at: datetime | None = None
    operations: Annotated[list[Operation], Meta(max_length=MOST)]


def malformed(value: Any) -> MalformedOperation:
    """What is known of an operation that is none."""
    known = value if isinstance(value, dict) else {}
    return MalformedOperation(
        _identity(known.get("op_id")),
        _identity(known.get("resource_id")),
        tuple(read_members(value, Operation).findings),
    )


def _identity(text: object) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None
