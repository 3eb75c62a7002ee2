"""SQL of the peppers' fingerprints: which one the keys and seals of this registry are made with."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from registry.store.database.pool import Reader, Writer
from registry.store.database.query import Query
from registry.store.schema.access import pepper

IN_USE = Query(sa.select(pepper.c.id).where(pepper.c.until.is_(None)))
ADOPT = Query(postgresql.insert(pepper).values(id=sa.bindparam("id", type_=sa.Text)).on_conflict_do_nothing())
RETIRE = Query(sa.update(pepper).where(pepper.c.until.is_(None)).values(until=sa.func.now()))


async def in_use(reader: Reader) -> str | None:
    """The fingerprint of the pepper in use; None before the first."""
    row = await reader.row(IN_USE, {})
    return None if row is None else str(row["id"])


async def adopt(writer: Writer, fingerprint: str) -> None:
    """Take a pepper into use, unless there is one."""
    await writer.run(ADOPT, {"id": fingerprint})


async def retire(writer: Writer) -> None:
    """End the use of the pepper in use."""
    await writer.run(RETIRE, {})
