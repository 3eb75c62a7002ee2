"""SQL of what watch points see: which are to be drawn, store a drawing, read drawings."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from registry.domain.terrain.seen import MOST_REACH_M, MOST_UNCERTAIN_M, SMOKE_HEIGHTS_M, Lookout, SeenGround
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query
from registry.store.schema.records import resource
from registry.store.schema.terrain import terrain_seen
from registry.store.sync.log_readers import CLAIM

LOCK = 730521
"""One process draws at a time."""
KEY = ("realm", "resource_id", "smoke_height_m")
_FIRST = terrain_seen.alias("first")
_MODEL = sa.bindparam("model_version", type_=sa.Integer)


def _due() -> Query:
    """Watch points that can be drawn and were not, as they are now and over the model in use."""
    one = resource.c
    doubt = sa.func.coalesce(one.uncertainty_m, sa.literal_column("0"))
    drawn = sa.and_(
        _FIRST.c.realm == one.realm,
        _FIRST.c.resource_id == one.id,
        _FIRST.c.smoke_height_m == sa.literal_column(str(SMOKE_HEIGHTS_M[0])),
    )
    return Query(
        sa.select(
            *(one.realm, one.id, one.version, one.eye_height_m, one.watch_radius_m),
            *(one.sector_from_deg, one.sector_to_deg),
            sa.func.ST_X(one.geom).label("lon"),
            sa.func.ST_Y(one.geom).label("lat"),
            doubt.label("uncertainty_m"),
            _FIRST.c.basis,
        )
        .select_from(resource.outerjoin(_FIRST, drawn))
        .where(
            one.kind == sa.literal_column("'fire_watch_point'"),
            one.lifecycle != sa.literal_column("'retired'"),
            one.geom.is_not(None),
            one.eye_height_m.is_not(None),
            one.watch_radius_m <= sa.literal_column(str(MOST_REACH_M)),
            doubt <= sa.literal_column(str(MOST_UNCERTAIN_M)),
            sa.or_(
                _FIRST.c.basis.is_(None),
                _FIRST.c.resource_version != one.version,
                _FIRST.c.model_version != _MODEL,
            ),
        )
        .order_by(one.realm, one.id)
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )


DUE = _due()
_VALUES = {column.name: sa.bindparam(column.name, type_=column.type) for column in terrain_seen.columns}
PUT = Query(
    insert(terrain_seen)
    .values(_VALUES)
    .on_conflict_do_update(
        index_elements=list(KEY),
        set_={column.name: insert(terrain_seen).excluded[column.name] for column in terrain_seen.columns},
    )
)
CONFIRM = Query(
    sa.update(terrain_seen)
    .where(
        terrain_seen.c.realm == sa.bindparam("of_realm", type_=sa.Text),
        terrain_seen.c.resource_id == sa.bindparam("of_resource", type_=sa.Uuid),
    )
    .values(
        resource_version=sa.bindparam("new_version", type_=sa.Integer),
        model_version=sa.bindparam("new_model", type_=sa.Integer),
    )
)
READ = Query(
    sa.select(terrain_seen).where(
        terrain_seen.c.realm == sa.bindparam("of_realm", type_=sa.Text),
        terrain_seen.c.smoke_height_m == sa.bindparam("height_m", type_=sa.Float),
        terrain_seen.c.resource_id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))),
    )
)
COUNTS = Query(
    sa.select(terrain_seen.c.reason, sa.func.count().label("n"))
    .where(
        terrain_seen.c.smoke_height_m == sa.literal_column(str(SMOKE_HEIGHTS_M[0])),
        terrain_seen.c.model_version == _MODEL,
    )
    .group_by(terrain_seen.c.reason)
)


async def claim(writer: Writer) -> bool:
    """Whether this transaction may draw; false while another does."""
    row = await writer.row(CLAIM, {"lock": LOCK})
    return row is not None and bool(row["mine"])


async def due(writer: Writer, model_version: int, limit: int) -> list[Row]:
    """Watch points to be drawn, with the basis of their last drawing."""
    return await writer.rows(DUE, {"model_version": model_version, "limit": limit})


def lookout_of(row: Row) -> Lookout:
    """All of a watch point's row that decides what it sees."""
    sector = row["sector_from_deg"]
    return Lookout(
        position=None if row["lon"] is None else (row["lon"], row["lat"]),
        uncertainty_m=row["uncertainty_m"] or 0.0,
        eye_height_m=row["eye_height_m"],
        radius_m=row["watch_radius_m"],
        sector=None if sector is None else (sector, row["sector_to_deg"]),
    )


async def put(
    writer: Writer, key: dict[str, Any], drawn: Sequence[SeenGround] | str, drawn_at: datetime
) -> None:
    """Store a drawing, or why there is none, in place of an earlier one."""
    empty = {"lower": None, "nominal": None, "upper": None, "unknown_m2": None}
    for at, height in enumerate(SMOKE_HEIGHTS_M):
        what: dict[str, Any] = empty | {"reason": drawn if isinstance(drawn, str) else None}
        if not isinstance(drawn, str):
            what |= {name: getattr(drawn[at], name) for name in empty}
        await writer.run(PUT, key | what | {"smoke_height_m": height, "drawn_at": drawn_at})


async def confirm(writer: Writer, realm: str, identity: UUID, version: int, model_version: int) -> None:
    """Note that a drawing holds for another version, which changed nothing that it depends on."""
    values = {"of_realm": realm, "of_resource": identity, "new_version": version, "new_model": model_version}
    await writer.run(CONFIRM, values)


async def read(reader: Reader, realm: str, ids: Iterable[UUID], smoke_height_m: float) -> dict[UUID, Row]:
    """The drawings of these watch points for one smoke height."""
    values = {"of_realm": realm, "ids": list(ids), "height_m": smoke_height_m}
    return {row["resource_id"]: row for row in await reader.rows(READ, values)}


async def counts(reader: Reader, model_version: int) -> dict[str, int]:
    """How many watch points are drawn over a model, and how many are not by reason."""
    rows = await reader.rows(COUNTS, {"model_version": model_version})
    return {row["reason"] or "drawn": int(row["n"]) for row in rows}
