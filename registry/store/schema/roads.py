"""The tables of road networks: versions and their packed arrays in parts."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from registry.store.schema.plans import MOMENT
from registry.store.schema.records import metadata

road_network = sa.Table(
    "road_network",
    metadata,
    sa.Column("version", sa.Text, primary_key=True, comment="First digits of the digest of the arrays."),
    sa.Column("head", JSONB, nullable=False),
    sa.Column("extract_at", MOMENT, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("loaded_at", MOMENT, nullable=False, server_default=sa.func.now()),
    sa.Column("is_current", sa.Boolean, nullable=False),
    sa.Index("uq_road_network_current", "is_current", unique=True, postgresql_where=sa.text("is_current")),
    comment="Versions of the road network; one is current, and the one before it is kept.",
)

road_chunk = sa.Table(
    "road_chunk",
    metadata,
    sa.Column(
        "version", sa.Text, sa.ForeignKey("road_network.version", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    comment="The packed arrays of a network, in parts that are compressed each by itself.",
)
