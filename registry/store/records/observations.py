"""Observations in the database: those of a record, of some slots of its state, and of all records."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.records import feature
from registry.domain.records.resource import Resource
from registry.domain.records.state import Observation
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query
from registry.store.schema.changes import observation
from registry.store.schema.records import resource
from registry.store.visibility import realm

RECORDS_AT_ONCE = 200
OWN = ("id", "line", "slot", "subject", "value", "observed_at", "origin")
INSERT = Query(
    sa.insert(observation).values(
        {column.name: sa.bindparam(column.name, type_=column.type) for column in observation.columns}
    )
)
_OF_RECORD = (
    observation.c.realm == sa.bindparam("realm"),
    observation.c.resource_id == sa.bindparam("resource_id"),
)
_LATEST_FIRST = (
    observation.c.observed_at.desc().nulls_last(),
    observation.c.id.desc(),
    observation.c.line.desc(),
)
OF = Query(sa.select(observation).where(*_OF_RECORD).order_by(*_LATEST_FIRST).limit(sa.bindparam("limit")))


Owner = tuple[str, UUID]
"""Realm and identity of a record."""
FIRST: Owner = ("", UUID(int=0))
"""Before the first record."""


class ObservedRecord(NamedTuple):
    """A current record with everything that was observed of it."""

    owner: Owner
    record: Resource
    observations: list[Observation]


def _since_standing() -> Query:
    """In each slot the latest observation that sets it, and the movements from its instant on."""
    slots = (
        sa.func.unnest(sa.bindparam("slots", type_=sa.ARRAY(sa.Text)))
        .table_valued("slot", name="asked")
        .render_derived()
    )
    moves = observation.c.subject == sa.literal_column("'movement'")
    standing = (
        sa.select(observation)
        .where(*_OF_RECORD, observation.c.slot == slots.c.slot, sa.not_(moves))
        .order_by(*_LATEST_FIRST)
        .limit(1)
        .lateral("standing")
    )
    moved = observation.alias("moved")
    since = sa.or_(standing.c.observed_at.is_(None), moved.c.observed_at >= standing.c.observed_at)
    of_slot = (moved.c.realm == sa.bindparam("realm"), moved.c.resource_id == sa.bindparam("resource_id"))
    movements = sa.select(*(moved.c[name] for name in OWN)).select_from(
        slots.outerjoin(standing, sa.true()).join(
            moved,
            sa.and_(
                *of_slot,
                moved.c.slot == slots.c.slot,
                moved.c.subject == sa.literal_column("'movement'"),
                since,
            ),
        )
    )
    settings = sa.select(*(standing.c[name] for name in OWN)).select_from(slots.join(standing, sa.true()))
    return Query(sa.union_all(settings, movements))


SINCE_STANDING = _since_standing()
_OWNER = (observation.c.realm, observation.c.resource_id)
_AFTER = sa.tuple_(*_OWNER) > sa.tuple_(
    sa.bindparam("after_realm", type_=sa.Text), sa.bindparam("after_id", type_=sa.Uuid)
)


def _observed_records(*, lock: bool) -> Query:
    page = (
        sa.select(*_OWNER)
        .where(_AFTER)
        .group_by(*_OWNER)
        .order_by(*_OWNER)
        .limit(sa.literal_column(str(RECORDS_AT_ONCE)))
        .cte("page")
    )
    of_page = sa.and_(resource.c.realm == page.c.realm, resource.c.id == page.c.resource_id)
    rows = sa.select(*page.c, resource.c.feature).join(resource, of_page).order_by(*page.c)
    return Query(rows.with_for_update(of=resource)) if lock else Query(rows)


OBSERVED_RECORDS = _observed_records(lock=False)
LOCK_RECORDS = _observed_records(lock=True)
ALL_OF = Query(
    sa.select(*_OWNER, *(observation.c[name] for name in OWN)).where(
        observation.c.resource_id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid)))
    )
)


async def insert(
    writer: Writer,
    sight: Sight,
    resource_id: UUID,
    observations: Iterable[tuple[Observation, dict[str, Any]]],
) -> None:
    """Store observations, each with its skew, actor, note and receipt; Duplicate for a known report."""
    owner = {"realm": realm(sight), "resource_id": resource_id}
    rows = [owner | shared | {name: getattr(one, name) for name in OWN} for one, shared in observations]
    await writer.run_many(INSERT, rows)


async def since_standing(
    reader: Reader, sight: Sight, resource_id: UUID, slots: Sequence[str]
) -> list[Observation]:
    """What the state of these slots is the fold of; the earlier observations are left out."""
    values = {"realm": realm(sight), "resource_id": resource_id, "slots": list(slots)}
    return [_observation(row) for row in await reader.rows(SINCE_STANDING, values)]


async def observed_records(reader: Reader, after: Owner, *, lock: bool = False) -> list[ObservedRecord]:
    """The next records with observations, in the order of realm and identity, with all observations."""
    rows = await reader.rows(
        LOCK_RECORDS if lock else OBSERVED_RECORDS, {"after_realm": after[0], "after_id": after[1]}
    )
    known: dict[Owner, list[Observation]] = {(row["realm"], row["resource_id"]): [] for row in rows}
    for row in await reader.rows(ALL_OF, {"ids": [row["resource_id"] for row in rows]}):
        if (row["realm"], row["resource_id"]) in known:
            known[row["realm"], row["resource_id"]].append(_observation(row))
    return [
        ObservedRecord(owner, feature.parse(row["feature"]), observations)
        for row, (owner, observations) in zip(rows, known.items(), strict=True)
    ]


def _observation(row: Row) -> Observation:
    return Observation(**{name: row[name] for name in OWN})


async def of(reader: Reader, sight: Sight, resource_id: UUID, limit: int) -> list[Row]:
    """The latest observations of one record, the latest observed first."""
    return await reader.rows(OF, {"realm": realm(sight), "resource_id": resource_id, "limit": limit})
