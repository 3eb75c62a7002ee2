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
    actor: str
    role: str
    action: Action
    target: str
    status: int
    request_id: str
    address: str | None = None
