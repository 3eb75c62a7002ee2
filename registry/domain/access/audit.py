"""An entry of the audit: who did what, when, and how it ended."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

Action = Literal["read", "export", "change", "refused", "lost"]


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One audited request: a read of restricted records or private contacts, an export, a change, a refusal.

    An entry of the action lost counts those that could not be kept.
    """

    at: datetime
    """When the request was answered."""
    actor: str
    role: str
    """Role of the caller."""
    action: Action
    """What the request did."""
    target: str
    """What was asked for."""
    status: int
    """The status of the response."""
    request_id: str
    address: str | None = None
