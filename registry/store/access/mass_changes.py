"""SQL of the limit on mass changes: counts of one person's changes, kept for a day."""

import sqlalchemy as sa

from registry.domain.access.actor import Actor
from registry.store.database.pool import Writer
from registry.store.database.query import Query
from registry.store.schema.access import approval, counted_change

WINDOW = sa.text("interval '10 minutes'")
VALID = sa.text("interval '1 hour'")

LIMIT = Query(sa.text("SELECT nullif(current_setting('registry.mass_change_limit', true), '')::int AS most"))
LOCK = Query(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:actor, 7306))"))
INSERT = Query(sa.insert(counted_change).values(actor=sa.bindparam("actor")))
FORGET = Query(
    sa.delete(counted_change).where(counted_change.c.at < sa.func.now() - sa.text("interval '1 day'"))
)


def _counts() -> Query:
    """How many changes the actor made within the window, and how many an approval still allows."""
    own = counted_change.c.actor == sa.bindparam("actor")
    recent = sa.select(sa.func.count()).where(own, counted_change.c.at > sa.func.now() - WINDOW)
    since = sa.select(sa.func.count()).where(own, counted_change.c.at > approval.c.approved_at)
    left = sa.select(sa.func.max(approval.c.changes - since.scalar_subquery())).where(
        approval.c.actor == sa.bindparam("actor"), approval.c.approved_at > sa.func.now() - VALID
    )
    return Query(sa.select(recent.scalar_subquery().label("recent"), left.scalar_subquery().label("left")))


COUNTS = _counts()


async def limit(writer: Writer) -> int | None:
    """The limit that binds this transaction; None when there is none."""
    row = await writer.row(LIMIT, {})
    return row["most"] if row else None


async def counts(writer: Writer, actor: Actor) -> tuple[int, int]:
    """The changes of an actor within the window, and how many more an approval allows.

    Nobody else counts changes of this actor before the transaction ends.
    """
    await writer.run(LOCK, {"actor": actor.id})
    row = await writer.row(COUNTS, {"actor": actor.id})
    return (row["recent"], row["left"] or 0) if row else (0, 0)


async def insert(writer: Writer, actor: Actor, number: int = 1) -> None:
    """Count so many more changes of an actor."""
    await writer.run_many(INSERT, [{"actor": actor.id}] * number)


async def forget_old(writer: Writer) -> None:
    """Delete the counts that no window reaches any more."""
    await writer.run(FORGET, {})
