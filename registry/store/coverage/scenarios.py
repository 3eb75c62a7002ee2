"""Saved scenarios in the database."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query
from registry.store.schema.analyses import scenario

ID = scenario.c.id == sa.bindparam("id", type_=sa.Uuid)
INSERT = Query(
    sa.insert(scenario)
    .values(
        {
            name: sa.bindparam(name, type_=scenario.c[name].type)
            for name in ("id", "name_zh", "name_en", "owner", "changes", "note", "visibility")
        }
    )
    .returning(*scenario.columns)
)
GET = Query(sa.select(scenario).where(ID))
FIND = Query(
    sa.select(scenario).order_by(scenario.c.created_at.desc()).limit(sa.bindparam("limit", type_=sa.Integer))
)
RETIRE = Query(sa.delete(scenario).where(ID))


async def insert(writer: Writer, values: Mapping[str, Any]) -> Row:
    """Store a scenario under a name."""
    [row] = await writer.rows(INSERT, values)
    return row


async def get(reader: Reader, identity: UUID) -> Row | None:
    """One scenario."""
    return await reader.row(GET, {"id": identity})


async def find(reader: Reader, limit: int) -> list[Row]:
    """The latest scenarios."""
    return await reader.rows(FIND, {"limit": limit})


async def retire(writer: Writer, identity: UUID) -> None:
    """Delete a scenario."""
    await writer.run(RETIRE, {"id": identity})
