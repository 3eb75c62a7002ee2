"""SQL of the versions that an intake stored: earlier members, and what was edited since."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.records import feature
from registry.domain.records.resource import Resource
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query
from registry.store.schema.changes import change_log
from registry.store.schema.intake import intake_change
from registry.store.schema.records import resource
from registry.store.visibility import realm

_ASKED = (
    sa.func.unnest(
        sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid)), sa.bindparam("versions", type_=sa.ARRAY(sa.Integer))
    )
    .table_valued("id", "version", name="asked")
    .render_derived()
)
MEMBERS = Query(
    sa.select(change_log.c.resource_id, change_log.c.members).join_from(
        _ASKED,
        change_log,
        sa.and_(
            change_log.c.realm == sa.bindparam("realm"),
            change_log.c.resource_id == _ASKED.c.id,
            change_log.c.version == _ASKED.c.version,
        ),
    )
)
EDITED = Query(
    sa.select(
        intake_change.c.n,
        resource.c.id,
        sa.func.coalesce(resource.c.name_zh, resource.c.name_en).label("name"),
    )
    .join_from(
        intake_change,
        resource,
        sa.and_(resource.c.realm == sa.bindparam("realm"), resource.c.id == intake_change.c.resource_id),
    )
    .where(
        intake_change.c.intake == sa.bindparam("intake", type_=sa.Uuid),
        resource.c.version != intake_change.c.version_after,
    )
    .order_by(intake_change.c.n)
    .limit(100)
)


async def members(reader: Reader, sight: Sight, asked: Sequence[tuple[UUID, int]]) -> dict[UUID, Resource]:
    """Past versions of records as they were logged."""
    values = {"realm": realm(sight), "ids": [one[0] for one in asked], "versions": [one[1] for one in asked]}
    rows = await reader.rows(MEMBERS, values)
    return {row["resource_id"]: feature.from_canonical(row["members"]) for row in rows}


async def edited(reader: Reader, sight: Sight, intake: UUID) -> list[Row]:
    """The first 100 records that have a later version than the one that an intake stored."""
    return await reader.rows(EDITED, {"realm": realm(sight), "intake": intake})
