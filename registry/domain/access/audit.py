"""An entry of the audit: who did what, when, and how it ended."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

Action = Literal["read", "export", "change", "refused"]


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One audited request: a read of restricted records, an export, a change, or a refusal."""

    at: datetime
    actor: str
    role: str
    action: Action
    target: str
    status: int
    request_id: str
    address: str | None = None
