"""SQL of the jurisdiction: the one row that says whose registry this is."""

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from registry.domain.places.jurisdiction import Box, RegistryJurisdiction
from registry.store.database.pool import Reader, Writer
from registry.store.database.query import Query
from registry.store.schema.records import jurisdiction, place

GET = Query(sa.select(jurisdiction.c.body))
INSERT = Query(
    sa.insert(jurisdiction).values(
        root=sa.bindparam("root", type_=sa.Text), body=sa.bindparam("body", type_=JSONB)
    )
)
EXTENT = Query(
    sa.select(
        sa.func.ST_XMin(place.c.extent, type_=sa.Float).label("west"),
        sa.func.ST_YMin(place.c.extent, type_=sa.Float).label("south"),
        sa.func.ST_XMax(place.c.extent, type_=sa.Float).label("east"),
        sa.func.ST_YMax(place.c.extent, type_=sa.Float).label("north"),
    )
    .select_from(jurisdiction.join(place, place.c.code == jurisdiction.c.root))
    .where(place.c.extent.is_not(None))
)


async def get(reader: Reader) -> RegistryJurisdiction | None:
    """The jurisdiction; None in a registry that nobody initialised."""
    row = await reader.row(GET, {})
    return None if row is None else msgspec.convert(row["body"], RegistryJurisdiction)


async def extent(reader: Reader) -> Box | None:
    """The box of the root's extent; None without one."""
    row = await reader.row(EXTENT, {})
    return None if row is None else (row["west"], row["south"], row["east"], row["north"])


async def insert(writer: Writer, item: RegistryJurisdiction) -> None:
    """Store the jurisdiction of a registry that has none."""
    await writer.run(INSERT, {"root": item.root, "body": msgspec.to_builtins(item)})
