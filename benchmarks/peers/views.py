"""What the peers are given: the records that the public sees, every plain column of them, one geometry."""

import asyncio

import asyncpg

from benchmarks.stage import Stage
from registry.store.schema.records import MADE, resource

ALL, SHELTERS = "seen_resource", "seen_shelter"
VIEWS = {ALL: "", SHELTERS: "AND kind = 'shelter'"}
OURS = {"feature", "public_feature", "geom", "public_geom", "footprint", *MADE}
"""Columns that ours keeps for its own answers; a peer makes its answer of the plain ones."""
PLAIN = [column.name for column in resource.columns if column.name not in OURS]
VIEW = """
CREATE OR REPLACE VIEW {name} AS
SELECT {columns}, public_geom AS geom FROM resource_live WHERE visibility <> 'restricted' {condition}
"""
INDEX = """
CREATE INDEX IF NOT EXISTS seen_geom ON resource_live USING gist (public_geom, kind)
 WHERE visibility <> 'restricted'
"""
"""Theirs: ours reads windows from an index of PostgreSQL's own points."""
HELD = "SELECT count(*) FROM {name} WHERE ST_Intersects(geom, ST_MakeEnvelope($1, $2, $3, $4, 4326))"


def make(stage: Stage) -> None:
    """Create the views on a stage, and the index by which the peers find what is in a box."""
    asyncio.run(_made(stage.database_url))


async def _made(url: str) -> None:
    connection = await asyncpg.connect(url, command_timeout=600)
    for name, condition in VIEWS.items():
        await connection.execute(VIEW.format(name=name, columns=", ".join(PLAIN), condition=condition))
    await connection.execute(INDEX)
    await connection.close()


def held(stage: Stage, name: str, boxes: list[str]) -> list[int]:
    """How many records of a view lie in each box."""
    return asyncio.run(_held(stage.database_url, HELD.format(name=name), boxes))


async def _held(url: str, text: str, boxes: list[str]) -> list[int]:
    connection = await asyncpg.connect(url, command_timeout=600)
    found = [await connection.fetchval(text, *map(float, box.split(","))) for box in boxes]
    await connection.close()
    return found
