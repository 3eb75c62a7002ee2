"""An approval of mass changes."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from registry.domain.values import ShortText


class Approval(Struct, frozen=True):
    """A request for `changes` more changes, and who approved it; it is valid for an hour from then."""

    id: UUID
    actor: ShortText
    places: list[str]
    changes: int
    reason: str
    asked_at: datetime
    approved_by: str | None
    approved_at: datetime | None
