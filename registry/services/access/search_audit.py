"""Search the audit."""

from datetime import datetime

from msgspec import Struct, structs

from registry.domain.access.audit import Action, AuditEntry
from registry.store.access import audit
from registry.store.database.pool import Reader


class AuditSearch(Struct, frozen=True, kw_only=True):
    """Conditions on entries, each of which may be absent; `before` is the number of an entry."""

    actor: str | None = None
    action: Action | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


class AuditPage(Struct, frozen=True):
    """Entries, latest first; `next_before` continues the search, if there are more."""

    entries: list[AuditEntry]
    next_before: int | None


async def search_audit(reader: Reader, search: AuditSearch, limit: int) -> AuditPage:
    """The latest entries that meet the conditions, at most `limit`."""
    rows = await audit.find(reader, limit + 1, structs.asdict(search))
    entries = [audit.entry_of(row) for row in rows[:limit]]
    return AuditPage(entries, rows[limit - 1]["seq"] if len(rows) > limit else None)
