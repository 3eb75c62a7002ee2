"""Confirm that a record is still true."""

from uuid import UUID

from msgspec import Struct

from registry.domain.records import change
from registry.domain.values import LongText, ShortText
from registry.services.clock import now
from registry.services.intake.admit import admit_value
from registry.services.records.work import Saved, Work, locked
from registry.store.records import changes


class Verification(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How one knows that the record is still true."""

    how: LongText
    by: ShortText | None = None
    """Who knows it; the caller unless stated."""


async def verify(work: Work, identity: UUID, data: Verification) -> Saved:
    """Store a version in which nothing but the confirmation differs."""
    current = await locked(work, "field", identity)
    data = await admit_value(work.writer, data)
    at = now()
    confirmed = change.verified(current, data.by or work.actor.id, at)
    text = await changes.amend(work.writer, current, confirmed, work.change("verify", at, data.how))
    return Saved(record=confirmed, outcome="changed", feature=text)
