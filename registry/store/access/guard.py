"""The guard against mass changes: beyond the limit of ten minutes, one person needs another's approval."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from registry.domain.access.actor import SYSTEM, Actor
from registry.domain.errors import NeedsApproval, NotFound
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query
from registry.store.schema.access import approval, guarded_change
from registry.store.schema.records import place_within

GUARDED = frozenset({"report", "retire", "restore"})
"""The verbs that count: those that change a status or take a record away or back."""
WINDOW = sa.text("interval '10 minutes'")
VALID = sa.text("interval '1 hour'")

LIMIT = Query(sa.text("SELECT nullif(current_setting('registry.mass_change_limit', true), '')::int AS most"))
LOCK = Query(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:actor, 7306))"))
NOTE = Query(sa.insert(guarded_change).values(actor=sa.bindparam("actor")))
FORGET = Query(
    sa.delete(guarded_change).where(guarded_change.c.at < sa.func.now() - sa.text("interval '1 day'"))
)
ASK = Query(
    sa.insert(approval).values(
        {name: sa.bindparam(name, type_=approval.c[name].type) for name in ("id", "actor", "places")}
        | {name: sa.bindparam(name, type_=approval.c[name].type) for name in ("changes", "reason")}
    )
)
GET = Query(sa.select(approval).where(approval.c.id == sa.bindparam("id")).with_for_update())
LIST = Query(
    sa.select(approval)
    .where(sa.or_(sa.bindparam("all", type_=sa.Boolean), approval.c.actor == sa.bindparam("actor")))
    .order_by(approval.c.asked_at.desc(), approval.c.id)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
APPROVE = Query(
    sa.update(approval)
    .where(approval.c.id == sa.bindparam("approval_id"), approval.c.approved_at.is_(None))
    .values(approved_by=sa.bindparam("by"), approved_at=sa.func.now())
)


def _standing() -> Query:
    """How many the actor made within the window, and how many an approval still allows."""
    mine = guarded_change.c.actor == sa.bindparam("actor")
    recent = sa.select(sa.func.count()).where(mine, guarded_change.c.at > sa.func.now() - WINDOW)
    since = sa.select(sa.func.count()).where(mine, guarded_change.c.at > approval.c.approved_at)
    left = sa.select(sa.func.max(approval.c.changes - since.scalar_subquery())).where(
        approval.c.actor == sa.bindparam("actor"), approval.c.approved_at > sa.func.now() - VALID
    )
    return Query(sa.select(recent.scalar_subquery().label("recent"), left.scalar_subquery().label("left")))


STANDING = _standing()


async def note(writer: Writer, actor: Actor, verb: str) -> None:
    """Count a change; NeedsApproval when it is one too many for one person and nobody approved it."""
    if verb not in GUARDED or actor == SYSTEM:
        return
    limit = await writer.row(LIMIT, {})
    most = limit and limit["most"]
    if not most:
        return
    await writer.run(LOCK, {"actor": actor.id})
    standing = await writer.row(STANDING, {"actor": actor.id})
    assert standing is not None
    if standing["recent"] >= most and (standing["left"] or 0) <= 0:
        raise NeedsApproval(
            f"more than {most} status changes and deletions within ten minutes need a second person:"
            " ask with POST /v1/approvals"
        )
    await writer.run(NOTE, {"actor": actor.id})


COVERED = Query(
    sa.select(sa.func.count(place_within.c.code.distinct()).label("held")).where(
        place_within.c.code == sa.any_(sa.bindparam("codes", type_=sa.ARRAY(sa.Text))),
        place_within.c.ancestor == sa.any_(sa.bindparam("roots", type_=sa.ARRAY(sa.Text))),
    )
)


async def covers(reader: Reader, roots: Sequence[str], codes: Sequence[str]) -> bool:
    """Whether each of `codes`, of which there is one at least, lies under one of `roots`."""
    row = await reader.row(COVERED, {"roots": list(roots), "codes": list(codes)})
    return bool(codes) and row is not None and row["held"] == len(set(codes))


async def ask(writer: Writer, identity: UUID, actor: Actor, changes: int, reason: str) -> None:
    """Ask for so many changes."""
    values = {"id": identity, "actor": actor.id, "places": list(actor.places)}
    await writer.run(ASK, values | {"changes": changes, "reason": reason})


async def get(reader: Reader, identity: UUID) -> Row:
    """One request for approval, held until the transaction ends; NotFound when there is none."""
    found = await reader.row(GET, {"id": identity})
    if found is None:
        raise NotFound("approval", identity)
    return found


async def find(reader: Reader, *, actor: str | None, limit: int) -> list[Row]:
    """Requests for approval, latest first; only those of `actor` where one is named."""
    given: dict[str, Any] = {"all": actor is None, "actor": actor or "", "limit": limit}
    return await reader.rows(LIST, given)


async def approve(writer: Writer, identity: UUID, by: Actor) -> None:
    """Allow what was asked, for the hour from now; the database refuses a first person as the second."""
    await writer.run(APPROVE, {"approval_id": identity, "by": by.id})


async def forget_old(writer: Writer) -> None:
    """Drop the counts that no window reaches any more."""
    await writer.run(FORGET, {})
