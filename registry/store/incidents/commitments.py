"""SQL of what is committed now: one resource to one incident."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.incidents.dispatch import DispatchState
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query
from registry.store.schema.incidents import commitment
from registry.store.visibility import realm

_REALM = commitment.c.realm == sa.bindparam("realm", type_=sa.Text)
_RESOURCE = commitment.c.resource_id == sa.bindparam("resource_id", type_=sa.Uuid)
TAKE = Query(
    sa.insert(commitment).values(
        {column.name: sa.bindparam(column.name, type_=column.type) for column in commitment.c}
    )
)
MOVE = Query(
    sa.update(commitment)
    .where(_REALM, _RESOURCE)
    .values({name: sa.bindparam(name, type_=commitment.c[name].type) for name in ("state", "since")})
)
FREE = Query(sa.delete(commitment).where(_REALM, _RESOURCE))
LOCK = Query(
    sa.select(commitment)
    .where(_REALM, commitment.c.id == sa.bindparam("id", type_=sa.Uuid))
    .with_for_update()
)
OF_RESOURCES = Query(
    sa.select(commitment).where(
        _REALM, commitment.c.resource_id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid)))
    )
)
OF_INCIDENT = Query(
    sa.select(commitment)
    .where(_REALM, commitment.c.incident == sa.bindparam("incident", type_=sa.Uuid))
    .order_by(commitment.c.since, commitment.c.id)
)
REASSIGN = Query(
    sa.update(commitment)
    .where(_REALM, commitment.c.incident == sa.bindparam("incident", type_=sa.Uuid))
    .values({"incident": sa.bindparam("other", type_=sa.Uuid)})
)


async def take(
    writer: Writer,
    sight: Sight,
    resource: UUID,
    identity: UUID,
    incident: UUID,
    state: DispatchState,
    at: datetime,
) -> None:
    """Commit a resource; Duplicate when it is committed already, whoever commits it at the same time."""
    values = {"realm": realm(sight), "resource_id": resource, "id": identity, "incident": incident}
    await writer.run(TAKE, values | {"state": state, "since": at})


async def move(writer: Writer, sight: Sight, resource: UUID, state: DispatchState, at: datetime) -> None:
    """Give a commitment its next state."""
    await writer.run(MOVE, {"realm": realm(sight), "resource_id": resource, "state": state, "since": at})


async def free(writer: Writer, sight: Sight, resource: UUID) -> None:
    """End the commitment of a resource."""
    await writer.run(FREE, {"realm": realm(sight), "resource_id": resource})


async def lock(writer: Writer, sight: Sight, identity: UUID) -> Row | None:
    """One commitment, locked until the transaction ends; None when it is over or never was."""
    return await writer.row(LOCK, {"realm": realm(sight), "id": identity})


async def of_resources(reader: Reader, sight: Sight, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """The commitments of these resources."""
    rows = await reader.rows(OF_RESOURCES, {"realm": realm(sight), "ids": list(ids)})
    return {row["resource_id"]: row for row in rows}


async def of_incident(reader: Reader, sight: Sight, incident: UUID) -> list[Row]:
    """What is committed to an incident, in the order of commitment."""
    return await reader.rows(OF_INCIDENT, {"realm": realm(sight), "incident": incident})


async def reassign(writer: Writer, sight: Sight, incident: UUID, other: UUID) -> None:
    """Move what is committed to one incident to another."""
    await writer.run(REASSIGN, {"realm": realm(sight), "incident": incident, "other": other})
