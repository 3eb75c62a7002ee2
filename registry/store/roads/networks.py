"""SQL of road networks: the current version, its parts, and the switch to another."""

from datetime import datetime
from typing import NamedTuple

import msgspec
import sqlalchemy as sa
import zstandard
from sqlalchemy.dialects.postgresql import JSONB, insert

from registry.domain.roads.network import NetworkHead
from registry.store.database.pool import Reader, Writer
from registry.store.database.query import Query
from registry.store.schema.roads import road_chunk, road_network

CHUNK_BYTES = 4 * 1_048_576
VERSION = sa.bindparam("version", type_=sa.Text)
CURRENT_VERSION = Query(sa.select(road_network.c.version).where(road_network.c.is_current))
CURRENT = Query(
    sa.select(
        road_network.c.version, road_network.c.head, road_network.c.loaded_at, road_network.c.size_bytes
    ).where(road_network.c.is_current)
)
RETIRE = Query(sa.update(road_network).where(road_network.c.is_current).values(is_current=sa.false()))
_PUT = insert(road_network).values(
    version=VERSION,
    head=sa.bindparam("head", type_=JSONB),
    extract_at=sa.bindparam("extract_at", type_=road_network.c.extract_at.type),
    size_bytes=sa.bindparam("size_bytes", type_=sa.BigInteger),
    is_current=sa.true(),
)
PUT = Query(
    _PUT.on_conflict_do_update(
        index_elements=["version"], set_={"is_current": sa.true(), "loaded_at": sa.func.now()}
    )
)
ADD_CHUNK = Query(
    insert(road_chunk)
    .values(
        version=VERSION,
        seq=sa.bindparam("seq", type_=sa.Integer),
        content=sa.bindparam("content", type_=sa.LargeBinary),
    )
    .on_conflict_do_nothing()
)
CHUNKS = Query(
    sa.select(road_chunk.c.content).where(road_chunk.c.version == VERSION).order_by(road_chunk.c.seq)
)
_KEPT = sa.select(road_network.c.version).order_by(
    road_network.c.is_current.desc(), road_network.c.loaded_at.desc()
)
FORGET = Query(
    sa.delete(road_network).where(
        road_network.c.version
        != sa.all_(sa.func.array(_KEPT.limit(sa.literal_column("2")).scalar_subquery()))
    )
)


class StoredNetwork(NamedTuple):
    """The current network: its version, what is known of it, when it was loaded, and its size."""

    version: str
    head: NetworkHead
    loaded_at: datetime
    size_bytes: int


async def current_version(reader: Reader) -> str | None:
    """The version of the current network; None when none is loaded."""
    row = await reader.row(CURRENT_VERSION, {})
    return None if row is None else str(row["version"])


async def current(reader: Reader) -> StoredNetwork | None:
    """What is known of the current network."""
    row = await reader.row(CURRENT, {})
    if row is None:
        return None
    head = msgspec.convert(row["head"], NetworkHead)
    return StoredNetwork(row["version"], head, row["loaded_at"], row["size_bytes"])


async def content_of(reader: Reader, version: str) -> bytes:
    """The packed arrays of a version; empty when it is not stored."""
    rows = await reader.rows(CHUNKS, {"version": version})
    return b"".join(zstandard.decompress(row["content"]) for row in rows)


async def lock(writer: Writer) -> None:
    """Let no other load switch before the transaction ends; questions go on."""
    await writer.script("LOCK TABLE road_network IN SHARE ROW EXCLUSIVE MODE")


async def switch(writer: Writer, version: str, head: NetworkHead, content: bytes) -> None:
    """Store a network and make it the current one; of the others only the one before it is kept."""
    await writer.run(RETIRE, {})
    values = {"version": version, "head": msgspec.to_builtins(head), "extract_at": head.extract_at}
    await writer.run(PUT, values | {"size_bytes": len(content)})
    compress = zstandard.ZstdCompressor(level=6).compress
    for seq, begin in enumerate(range(0, len(content), CHUNK_BYTES)):
        part = compress(content[begin : begin + CHUNK_BYTES])
        await writer.run(ADD_CHUNK, {"version": version, "seq": seq, "content": part})
    await writer.run(FORGET, {})
