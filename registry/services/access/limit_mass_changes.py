"""Limit mass changes: beyond the limit of ten minutes, one person needs the approval of another."""

from registry.domain.access.actor import SYSTEM, Actor
from registry.domain.errors import NeedsApproval
from registry.store.access import mass_changes
from registry.store.database.pool import Writer


async def count_change(writer: Writer, actor: Actor) -> None:
    """Count a change that takes something out of use or sight; NeedsApproval when the limit is reached."""
    await count_changes(writer, actor, 1)


async def count_changes(writer: Writer, actor: Actor, number: int) -> None:
    """Count so many of them at once; NeedsApproval when the limit, or an approval, does not reach so far."""
    if not number or actor == SYSTEM:
        return
    limit = await mass_changes.limit(writer)
    if not limit:
        return
    recent, approved = await mass_changes.counts(writer, actor)
    if recent + number > limit and approved < number:
        raise NeedsApproval(
            f"more than {limit} changes that take records out of use or sight within ten minutes need"
            " a second person: ask with POST /v1/approvals"
        )
    await mass_changes.insert(writer, actor, number)
