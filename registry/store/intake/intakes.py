"""SQL of intakes: the files that offices brought, what was answered about them, what was stored of them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from registry.domain.access.sight import Sight
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query, statement
from registry.store.schema.analyses import job
from registry.store.schema.intake import intake, intake_change, intake_file, intake_mapping
from registry.store.visibility import realm

_OF = (intake.c.realm == sa.bindparam("realm"), intake.c.id == sa.bindparam("id", type_=sa.Uuid))
JOB = ("status", "progress", "message")
_SHOWN = sa.select(
    *intake.c, *(job.c[name].label(f"job_{name}") for name in JOB), job.c.finished_at.label("job_finished_at")
).select_from(intake.outerjoin(job, job.c.id == intake.c.job))


def _insert(table: sa.Table, *names: str) -> sa.Insert:
    return sa.insert(table).values({name: sa.bindparam(name, type_=table.c[name].type) for name in names})


INSERT = Query(
    _insert(
        intake,
        *("id", "realm", "kind", "owner", "file_name", "options", "created_at", "updated_at", "expires_at"),
    )
)
INSERT_FILE = Query(_insert(intake_file, "intake", "content"))
GET = Query(_SHOWN.where(*_OF))
LOCK = Query(_SHOWN.where(*_OF).with_for_update(of=intake))
FIND = Query(
    _SHOWN.where(
        intake.c.realm == sa.bindparam("realm"),
        sa.or_(sa.bindparam("all", type_=sa.Boolean), intake.c.owner == sa.bindparam("owner")),
        intake.c.id < sa.bindparam("before", type_=sa.Uuid),
    )
    .order_by(intake.c.id.desc())
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
DELETE = Query(sa.delete(intake).where(*_OF))
FORGET = Query(sa.delete(intake).where(intake.c.expires_at < sa.func.now()))
FILE = Query(
    sa.select(intake_file.c.content, intake_file.c.sheets).where(
        intake_file.c.intake == sa.bindparam("id", type_=sa.Uuid)
    )
)
KEEP_SHEETS = Query(
    sa.update(intake_file)
    .where(intake_file.c.intake == sa.bindparam("id", type_=sa.Uuid))
    .values(sheets=sa.bindparam("sheets", type_=sa.LargeBinary))
)
_OWN_MAPPING = tuple(
    intake_mapping.c[name] == sa.bindparam(name, type_=sa.Text) for name in ("owner", "kind", "hash")
)
RECALL = Query(sa.select(intake_mapping.c.answers).where(*_OWN_MAPPING))
_REMEMBER = insert(intake_mapping).values(
    {column.name: sa.bindparam(column.name, type_=column.type) for column in intake_mapping.columns}
)
REMEMBER = Query(
    _REMEMBER.on_conflict_do_update(
        index_elements=["owner", "kind", "hash"],
        set_={name: _REMEMBER.excluded[name] for name in ("answers", "updated_at")},
    )
)
CHANGES = Query(
    sa.select(intake_change)
    .where(intake_change.c.intake == sa.bindparam("id", type_=sa.Uuid))
    .order_by(intake_change.c.n)
)
_PUT_CHANGE = insert(intake_change).values(
    {column.name: sa.bindparam(column.name, type_=column.type) for column in intake_change.columns}
)
PUT_CHANGE = Query(
    _PUT_CHANGE.on_conflict_do_update(
        index_elements=["intake", "resource_id"],
        set_={name: _PUT_CHANGE.excluded[name] for name in ("n", "version_after")},
    )
)
FORGET_CHANGES = Query(
    sa.delete(intake_change).where(intake_change.c.intake == sa.bindparam("id", type_=sa.Uuid))
)
AMENDED = ("state", "options", "report", "layout", "header_hash", "reference", "problem", "receipt", "job")
TIMES = ("committed_at", "undone_at", "expires_at")


@statement
def _amend(columns: frozenset[str]) -> Query:
    values: dict[str, Any] = {name: sa.bindparam(name, type_=intake.c[name].type) for name in sorted(columns)}
    values |= {"version": intake.c.version + 1, "updated_at": sa.func.now()}
    return Query(sa.update(intake).where(intake.c.id == sa.bindparam("of", type_=sa.Uuid)).values(values))


async def add(writer: Writer, sight: Sight, values: Mapping[str, Any], content: bytes) -> None:
    """Store a new intake and its file."""
    await writer.run(INSERT, {"realm": realm(sight)} | dict(values))
    await writer.run(INSERT_FILE, {"intake": values["id"], "content": content})


async def get(reader: Reader, sight: Sight, identity: UUID) -> Row | None:
    """One intake, with the state of its last job."""
    return await reader.row(GET, {"realm": realm(sight), "id": identity})


async def lock(writer: Writer, sight: Sight, identity: UUID) -> Row | None:
    """The same, locked until the transaction ends."""
    return await writer.row(LOCK, {"realm": realm(sight), "id": identity})


async def find(reader: Reader, sight: Sight, owner: str | None, before: UUID, limit: int) -> list[Row]:
    """Intakes of an owner, or of everybody, the latest first."""
    values = {"realm": realm(sight), "all": owner is None, "owner": owner or ""}
    return await reader.rows(FIND, values | {"before": before, "limit": limit})


async def amend(writer: Writer, identity: UUID, **values: Any) -> None:
    """Change columns of an intake; it has a new version then."""
    await writer.run(_amend(frozenset(values)), values | {"of": identity})


async def delete(writer: Writer, sight: Sight, identity: UUID) -> None:
    """Remove an intake with its file and rows."""
    await writer.run(DELETE, {"realm": realm(sight), "id": identity})


async def forget_expired(writer: Writer) -> None:
    """Remove the intakes whose time is over."""
    await writer.run(FORGET, {})


async def file(reader: Reader, identity: UUID) -> tuple[bytes, bytes | None]:
    """The file as it was uploaded, and its sheets once they were read."""
    row = await reader.row(FILE, {"id": identity})
    assert row is not None
    return row["content"], row["sheets"]


async def keep_sheets(writer: Writer, identity: UUID, sheets: bytes | None) -> None:
    """Store the sheets of a file."""
    await writer.run(KEEP_SHEETS, {"id": identity, "sheets": sheets})


async def recall(reader: Reader, owner: str, kind: str, hash_: str) -> dict[str, Any] | None:
    """What somebody answered about files with these headers."""
    row = await reader.row(RECALL, {"owner": owner, "kind": kind, "hash": hash_})
    return None if row is None else row["answers"]


async def remember(writer: Writer, values: Mapping[str, Any]) -> None:
    """Keep the answers about files with these headers: owner, kind, hash, answers, updated_at."""
    await writer.run(REMEMBER, values)


async def keep_changes(writer: Writer, changes: Sequence[Mapping[str, Any]]) -> None:
    """Note what an intake stored; of a record that it stores again what was there before stays noted."""
    names = [column.name for column in intake_change.columns]
    new = [one for one in changes if one["version_before"] is None]
    if new:
        await writer.copy(intake_change.name, names, [[one[name] for name in names] for one in new])
    if edits := [one for one in changes if one["version_before"] is not None]:
        await writer.run_many(PUT_CHANGE, edits)


async def changes_of(reader: Reader, identity: UUID) -> list[Row]:
    """What an intake stored, in the order of its rows."""
    return await reader.rows(CHANGES, {"id": identity})


async def forget_changes(writer: Writer, identity: UUID) -> None:
    """Forget what an intake stored: it was undone."""
    await writer.run(FORGET_CHANGES, {"id": identity})
