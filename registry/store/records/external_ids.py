"""SQL of identities in other systems: who has them."""

from uuid import UUID

import sqlalchemy as sa

from registry.domain.records.resource import ExternalId, Resource
from registry.store.database.pool import Writer
from registry.store.database.query import Query
from registry.store.schema.records import LIVE, external_id

_TEXTS = sa.ARRAY(sa.Text)
LOCK = Query(
    sa.text(
        "SELECT pg_advisory_xact_lock(hashtextextended(concat_ws('|', :realm, other.system, other.id), 7307))"
        " FROM (SELECT unnest(:systems) AS system, unnest(:ids) AS id ORDER BY 1, 2) other"
    ).bindparams(
        sa.bindparam("realm", type_=sa.Text),
        sa.bindparam("systems", type_=_TEXTS),
        sa.bindparam("ids", type_=_TEXTS),
    )
)
HOLDERS = Query(
    sa.select(external_id.c.system, external_id.c.id, external_id.c.resource_id).where(
        external_id.c.realm == sa.bindparam("realm"),
        external_id.c.system == sa.any_(sa.bindparam("systems", type_=_TEXTS)),
        external_id.c.id == sa.any_(sa.bindparam("ids", type_=_TEXTS)),
        external_id.c.resource_id != sa.bindparam("own", type_=sa.Uuid),
    )
)


async def other_holders(writer: Writer, record: Resource, ids: list[ExternalId]) -> dict[UUID, ExternalId]:
    """The other records that have one of these identities, which nobody else takes before the end."""
    values = {
        "realm": record.properties.exercise or LIVE,
        "systems": [one.system for one in ids],
        "ids": [one.id for one in ids],
        "own": record.id,
    }
    await writer.run(LOCK, values)
    wanted = {(one.system, one.id): one for one in ids}
    rows = await writer.rows(HOLDERS, values)
    return {row["resource_id"]: wanted[key] for row in rows if (key := (row["system"], row["id"])) in wanted}
