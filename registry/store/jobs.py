"""Jobs in the database: a queue that every worker process claims from, and the state of each job.

A claim is a lease. The worker that holds it renews it while the analysis runs. Once a lease ran out, any
worker may claim the job. `attempts` counts the claims and fences them: a worker whose job another worker took
over changes nothing. The stored task holds what its owner could see. Only a claim reads it, and the end of
the job erases it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from registry.domain.access.sight import STRICTEST_FIRST
from registry.domain.records.resource import Visibility
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query
from registry.store.schema.analyses import job
from registry.store.schema.changes import change_log

NOW = sa.func.now()
KEPT = sa.text("interval '1 day'")
MARGIN = sa.text("interval '1 minute'")
"""The records of a job are read a moment before it is stored."""
LEASE_S = 30
LEASE = sa.text(f"interval '{LEASE_S} seconds'")
QUEUED = "waiting for a free process"


def _is(status: str) -> sa.ColumnElement[bool]:
    return job.c.status == sa.literal_column(f"'{status}'")


ID = job.c.id == sa.bindparam("id", type_=sa.Uuid)
OPEN = job.c.finished_at.is_(None)
HELD = sa.and_(ID, _is("running"), job.c.attempts == sa.bindparam("attempt", type_=sa.Integer))
CLAIMABLE = sa.or_(_is("accepted"), sa.and_(_is("running"), job.c.lease_until < NOW))
worked = job.alias("worked")
RUNNING_OF_OWNER = (
    sa.select(sa.func.count())
    .where(
        worked.c.owner == job.c.owner,
        worked.c.status == sa.literal_column("'running'"),
        worked.c.finished_at.is_(None),
        worked.c.lease_until >= NOW,
    )
    .scalar_subquery()
)
"""How many jobs of the same owner are being worked: the fewer, the sooner comes the next one."""
MAY_RUN = sa.or_(
    job.c.owner != sa.bindparam("anyone", type_=sa.Text),
    sa.bindparam("most_of_anyone", type_=sa.Integer) > RUNNING_OF_OWNER,
)
NEXT = (
    sa.select(job.c.id)
    .where(OPEN, job.c.task.is_not(None), CLAIMABLE, MAY_RUN)
    .order_by(RUNNING_OF_OWNER, job.c.created_at, job.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)
SHOWN = [column for column in job.columns if column.name not in ("result", "task")]

INSERT = Query(
    sa.insert(job).values(
        {
            name: sa.bindparam(name, type_=job.c[name].type)
            for name in ("id", "process", "owner", "estimate_s", "task", "audience", "response")
        }
        | {"message": QUEUED, "expires_at": NOW + KEPT}
    )
)
COUNT_OPEN = Query(
    sa.select(sa.func.count().label("open"))
    .select_from(job)
    .where(OPEN, job.c.owner == sa.bindparam("owner", type_=sa.Text))
)
GET = Query(sa.select(*SHOWN).where(ID, job.c.expires_at > NOW))
RESULT = Query(sa.select(job.c.result).where(ID, job.c.expires_at > NOW))
_TIME = sa.TIMESTAMP(timezone=True)
_DURATION_S = sa.func.extract("epoch", sa.func.coalesce(job.c.finished_at, NOW) - job.c.started_at)


def _bound(name: str, kind: Any, condition: Callable[[Any], sa.ColumnElement[bool]]) -> Any:
    """A condition that holds where its value is not given."""
    value = sa.bindparam(name, type_=kind)
    return sa.or_(value.is_(None), condition(value))


FIND = Query(
    sa.select(*SHOWN)
    .where(
        job.c.owner == sa.bindparam("owner", type_=sa.Text),
        sa.or_(job.c.audience.is_(None), job.c.audience == sa.bindparam("audience", type_=sa.Text)),
        job.c.expires_at > NOW,
        job.c.process == sa.any_(sa.bindparam("processes", type_=sa.ARRAY(sa.Text))),
        job.c.status == sa.any_(sa.bindparam("statuses", type_=sa.ARRAY(sa.Text))),
        _bound("since", _TIME, lambda value: job.c.created_at >= value),
        _bound("until", _TIME, lambda value: job.c.created_at <= value),
        _bound("min_s", sa.Float, lambda value: value <= _DURATION_S),
        _bound("max_s", sa.Float, lambda value: value >= _DURATION_S),
        _bound("after", sa.Uuid, lambda value: job.c.id < value),
    )
    .order_by(job.c.id.desc())
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
RECLASSIFIED = Query(
    sa.select(change_log.c.xid)
    .where(
        change_log.c.at >= sa.bindparam("since", type_=sa.TIMESTAMP(timezone=True)) - MARGIN,
        sa.or_(
            change_log.c.visibility_before != change_log.c.visibility_after,
            change_log.c.place_before.is_distinct_from(change_log.c.place_after),
        ),
        change_log.c.visibility_after == sa.any_(sa.bindparam("hidden", type_=sa.ARRAY(sa.Text))),
        change_log.c.visibility_before.is_not(None),
    )
    .limit(sa.literal_column("1"))
)
CLAIM = Query(
    sa.update(job)
    .where(job.c.id == NEXT)
    .values(
        status="running",
        progress=0,
        attempts=job.c.attempts + 1,
        started_at=NOW,
        updated_at=NOW,
        lease_until=NOW + LEASE,
    )
    .returning(job.c.id, job.c.process, job.c.task, job.c.attempts.label("attempt"), job.c.estimate_s)
)
RENEW = Query(
    sa.update(job)
    .where(HELD)
    .values(
        progress=sa.bindparam("progress", type_=sa.Integer),
        message=sa.bindparam("message", type_=sa.Text),
        updated_at=NOW,
        lease_until=NOW + LEASE,
    )
    .returning(job.c.id)
)
RELEASE = Query(
    sa.update(job)
    .where(HELD)
    .values(
        status="accepted",
        progress=0,
        message=QUEUED,
        attempts=job.c.attempts - sa.bindparam("uncounted", type_=sa.Integer),
        updated_at=NOW,
        lease_until=None,
    )
    .returning(job.c.id)
)
FINISH = Query(
    sa.update(job)
    .where(HELD)
    .values(
        status=sa.bindparam("status", type_=sa.Text),
        message=sa.bindparam("message", type_=sa.Text),
        result=sa.bindparam("result", type_=sa.Text),
        task=None,
        progress=100,
        finished_at=NOW,
        updated_at=NOW,
        lease_until=None,
        expires_at=NOW + KEPT,
    )
    .returning(job.c.id)
)
DISMISS = Query(
    sa.update(job)
    .where(ID, OPEN)
    .values(
        status="dismissed",
        message="dismissed by its owner",
        task=None,
        finished_at=NOW,
        updated_at=NOW,
        lease_until=None,
    )
)
DISCARD = Query(
    sa.update(job)
    .where(ID, OPEN.is_(False), job.c.status != sa.literal_column("'dismissed'"))
    .values(status="dismissed", message="dismissed by its owner", result=None, updated_at=NOW)
)
FORGET = Query(sa.delete(job).where(job.c.expires_at < NOW))


class Claim(NamedTuple):
    """A job that this worker holds: its task as MessagePack, and which attempt at it this is, from 1."""

    id: UUID
    process: str
    task: bytes
    attempt: int
    estimate_s: float


async def insert(writer: Writer, values: Mapping[str, Any]) -> None:
    """Store an accepted job, and delete those whose day is over."""
    await writer.run(FORGET, {})
    await writer.run(INSERT, {"audience": None, "response": None, **values})


async def count_open(reader: Reader, owner: str) -> int:
    """How many jobs of an owner wait or run."""
    [row] = await reader.rows(COUNT_OPEN, {"owner": owner})
    return int(row["open"])


async def get(reader: Reader, identity: UUID) -> Row | None:
    """One job, without its task and its result."""
    return await reader.row(GET, {"id": identity})


async def find(reader: Reader, values: Mapping[str, Any]) -> list[Row]:
    """Jobs of an owner that meet the conditions, newest first: identities are in the order of time."""
    return list(await reader.rows(FIND, values))


async def result(reader: Reader, identity: UUID) -> str | None:
    """The answer of a finished job as JSON text."""
    row = await reader.row(RESULT, {"id": identity})
    return row["result"] if row else None


async def claim(reader: Reader, anyone: str = "", most_of_anyone: int = 0) -> Claim | None:
    """Take a job that waits, or whose worker let its lease run out; None where there is none.

    The owner with the fewest running jobs comes first, and of his the oldest. Of the owner `anyone`, who is
    many, at most `most_of_anyone` run.
    """
    row = await reader.row(CLAIM, {"anyone": anyone, "most_of_anyone": most_of_anyone})
    return None if row is None else Claim(**row)


async def renew(reader: Reader, held: Claim, progress: int, message: str) -> bool:
    """Renew the lease and store the progress in percent; false when the job is no longer held."""
    values = {"id": held.id, "attempt": held.attempt, "progress": progress, "message": message}
    return await reader.row(RENEW, values) is not None


async def release(reader: Reader, held: Claim, *, counted: bool) -> None:
    """Put a job back into the queue; unless `counted`, as if this attempt had not been made."""
    await reader.row(RELEASE, {"id": held.id, "attempt": held.attempt, "uncounted": 0 if counted else 1})


async def finish(
    reader: Reader, held: Claim, *, status: str, message: str | None, result: str | None
) -> None:
    """Store how a job ended; without effect when the job is no longer held."""
    values = {"id": held.id, "attempt": held.attempt, "status": status, "message": message, "result": result}
    await reader.row(FINISH, values)


async def dismiss(writer: Writer, identity: UUID) -> None:
    """End a job that is not finished."""
    await writer.run(DISMISS, {"id": identity})


async def discard(writer: Writer, identity: UUID) -> None:
    """Forget the answer of a job that is finished."""
    await writer.run(DISCARD, {"id": identity})


async def is_reclassified(reader: Reader, clearance: Visibility, since: datetime) -> bool:
    """Whether a record may have left the sight of this clearance since an instant."""
    hidden = STRICTEST_FIRST[: STRICTEST_FIRST.index(clearance)]
    if not hidden:
        return False
    return await reader.row(RECLASSIFIED, {"since": since, "hidden": list(hidden)}) is not None
