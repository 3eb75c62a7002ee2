"""Observations in the database: insert, and of one resource."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.records.observation import Observation
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query
from registry.store.schema.changes import observation
from registry.store.visibility import realm

INSERT = Query(
    sa.insert(observation).values(
        {column.name: sa.bindparam(column.name, type_=column.type) for column in observation.columns}
    )
)
OF = Query(
    sa.select(observation)
    .where(
        observation.c.realm == sa.bindparam("realm"), observation.c.resource_id == sa.bindparam("resource_id")
    )
    .order_by(observation.c.observed_at.desc(), observation.c.id)
    .limit(sa.bindparam("limit"))
)


async def insert(
    writer: Writer,
    sight: Sight,
    resource_id: UUID,
    identified: Sequence[tuple[UUID, Observation]],
    shared: dict[str, Any],
) -> None:
    """Store observations with their shared times, actor and note; Duplicate for an identity that exists."""
    shared = shared | {"realm": realm(sight), "resource_id": resource_id}
    await writer.run_many(
        INSERT, [shared | {"id": i, "subject": one.subject, "value": one.value} for i, one in identified]
    )


async def of(reader: Reader, sight: Sight, resource_id: UUID, limit: int) -> list[Row]:
    """The latest observations of one resource, newest first."""
    return await reader.rows(OF, {"realm": realm(sight), "resource_id": resource_id, "limit": limit})
