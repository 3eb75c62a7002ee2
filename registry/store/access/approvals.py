"""SQL of the approvals of mass changes."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
import sqlalchemy as sa

from registry.domain.access.actor import Actor
from registry.domain.access.approval import Approval
from registry.domain.errors import NotFound
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query
from registry.store.schema.access import approval
from registry.store.schema.records import place_within

INSERTED = ("id", "actor", "places", "changes", "reason")
INSERT = Query(
    sa.insert(approval).values({name: sa.bindparam(name, type_=approval.c[name].type) for name in INSERTED})
)
GET = Query(sa.select(approval).where(approval.c.id == sa.bindparam("id")).with_for_update())
FIND = Query(
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
COVERED = Query(
    sa.select(sa.func.count(place_within.c.code.distinct()).label("covered")).where(
        place_within.c.code == sa.any_(sa.bindparam("codes", type_=sa.ARRAY(sa.Text))),
        place_within.c.ancestor == sa.any_(sa.bindparam("roots", type_=sa.ARRAY(sa.Text))),
    )
)


def _approval(row: Row) -> Approval:
    return msgspec.convert(dict(row), Approval)


async def insert(writer: Writer, identity: UUID, actor: Actor, changes: int, reason: str) -> None:
    """Store a request for so many changes."""
    values = {"id": identity, "actor": actor.id, "places": list(actor.places or ())}
    await writer.run(INSERT, values | {"changes": changes, "reason": reason})


async def get(writer: Writer, identity: UUID) -> Approval:
    """One approval, locked until the transaction ends; NotFound when there is none."""
    row = await writer.row(GET, {"id": identity})
    if row is None:
        raise NotFound("approval", identity)
    return _approval(row)


async def find(reader: Reader, actor: str | None, limit: int) -> list[Approval]:
    """Approvals, latest first; only those that `actor` asked for where one is named."""
    values = {"all": actor is None, "actor": actor or "", "limit": limit}
    return [_approval(row) for row in await reader.rows(FIND, values)]


async def approve(writer: Writer, identity: UUID, by: Actor) -> None:
    """Approve for an hour from now; the database refuses the person who asked."""
    await writer.run(APPROVE, {"approval_id": identity, "by": by.id})


async def covers(reader: Reader, roots: Sequence[str], codes: Sequence[str]) -> bool:
    """Whether there are `codes` and each of them lies under one of `roots`."""
    row = await reader.row(COVERED, {"roots": list(roots), "codes": list(codes)})
    return bool(codes) and row is not None and row["covered"] == len(set(codes))
