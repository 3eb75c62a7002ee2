"""An approval of mass changes."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from registry.domain.values import ShortText


class Approval(Struct, frozen=True):
    """A request for `changes` more changes, and who approved it; it is valid for an hour from then."""

    id: UUID
    actor: ShortText
    """Who asked."""
    places: list[str]
    """Places that the asker may write in."""
    changes: int
    """How many changes are allowed."""
    reason: str
    asked_at: datetime
    approved_by: str | None
    approved_at: datetime | None
