"""Operations that a device made while it was offline."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from registry.domain.values import LongText, ShortText

Kind = Literal["create", "patch", "status", "stock", "verification", "location", "retire"]
Result = Literal["applied", "duplicate", "merged", "conflict", "rejected", "blocked"]
MOST = 50
"""Fewer than 64, so that PostgreSQL keeps the subtransactions of a push in its per-backend cache."""


class Operation(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing a person did: its own identity, the record, the version it was done to, and when."""

    op_id: UUID
    kind: Kind
    resource_id: UUID
    base_version: Annotated[int, Meta(ge=1, le=2_000_000_000)] | None = None
    body: dict[str, Any]
    device_at: datetime | None = None
    reason: LongText | None = None


class Push(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Operations in the order they were made.

    `sent_at` is the device's clock at this sending, by which the times of its reports are corrected.
    """

    device: ShortText | None = None
    sent_at: datetime | None = None
    operations: Annotated[list[Operation], Meta(min_length=1, max_length=MOST)]
