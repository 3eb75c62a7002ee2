"""Jobs in the database: insert, get, note, finish, dismiss; every worker process sees the same ones."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query
from registry.store.schema.analyses import job

NOW = sa.func.now()
KEPT = sa.text("interval '1 day'")
LOST_AFTER = sa.text("interval '30 seconds'")
OPEN = job.c.status.in_([sa.literal_column("'accepted'"), sa.literal_column("'running'")])
ID = job.c.id == sa.bindparam("id", type_=sa.Uuid)

INSERT = Query(
    sa.insert(job).values(
        id=sa.bindparam("id", type_=sa.Uuid),
        process=sa.bindparam("process", type_=sa.Text),
        owner=sa.bindparam("owner", type_=sa.Text),
        estimate_s=sa.bindparam("estimate_s", type_=sa.Float),
        expires_at=NOW + KEPT,
    )
)
SHOWN = [column for column in job.columns if column.name != "result"]
LOST = sa.and_(OPEN, job.c.updated_at < NOW - LOST_AFTER).label("lost")
GET = Query(sa.select(*SHOWN, LOST).where(ID, job.c.expires_at > NOW))
RESULT = Query(sa.select(job.c.result).where(ID, job.c.expires_at > NOW))
START = Query(
    sa.update(job)
    .where(ID, OPEN)
    .values(status="running", started_at=NOW, updated_at=NOW)
    .returning(job.c.id)
)
NOTE = Query(
    sa.update(job)
    .where(ID, OPEN)
    .values(
        progress=sa.bindparam("progress", type_=sa.Integer),
        message=sa.bindparam("message", type_=sa.Text),
        updated_at=NOW,
    )
    .returning(job.c.id)
)
FINISH = Query(
    sa.update(job)
    .where(ID, OPEN)
    .values(
        status=sa.bindparam("status", type_=sa.Text),
        message=sa.bindparam("message", type_=sa.Text),
        result=sa.bindparam("result", type_=sa.Text),
        progress=100,
        finished_at=NOW,
        updated_at=NOW,
        expires_at=NOW + KEPT,
    )
)
DISMISS = Query(
    sa.update(job)
    .where(ID, OPEN)
    .values(status="dismissed", message="dismissed by its owner", finished_at=NOW, updated_at=NOW)
)
FORGET = Query(sa.delete(job).where(job.c.expires_at < NOW))


async def insert(writer: Writer, values: Mapping[str, Any]) -> None:
    """Store an accepted job, and forget those whose day is over."""
    await writer.run(FORGET, {})
    await writer.run(INSERT, values)


async def get(reader: Reader, identity: UUID) -> Row | None:
    """One job without its result; `lost` when the process that worked it has gone silent."""
    return await reader.row(GET, {"id": identity})


async def result(reader: Reader, identity: UUID) -> str | None:
    """The answer of a finished job as JSON text."""
    row = await reader.row(RESULT, {"id": identity})
    return row["result"] if row else None


async def start(reader: Reader, identity: UUID) -> bool:
    """Mark a job as running; false when it was dismissed meanwhile."""
    return await reader.row(START, {"id": identity}) is not None


async def note(reader: Reader, identity: UUID, progress: int, message: str) -> bool:
    """Say that a job is alive and how far; false when it was dismissed meanwhile."""
    told = {"id": identity, "progress": progress, "message": message}
    return await reader.row(NOTE, told) is not None


async def finish(
    writer: Writer, identity: UUID, *, status: str, message: str | None, result: str | None
) -> None:
    """Store how a job ended; one that was dismissed stays so."""
    await writer.run(FINISH, {"id": identity, "status": status, "message": message, "result": result})


async def dismiss(writer: Writer, identity: UUID) -> None:
    """End a job that is not finished."""
    await writer.run(DISMISS, {"id": identity})
