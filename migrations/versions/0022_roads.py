"""Road networks: versions with one that is current, and their packed arrays in parts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

MOMENT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "road_network",
        sa.Column("version", sa.Text, nullable=False, comment="First digits of the digest of the arrays."),
        sa.Column("head", JSONB, nullable=False),
        sa.Column("extract_at", MOMENT, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("loaded_at", MOMENT, server_default=sa.func.now(), nullable=False),
        sa.Column("is_current", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_road_network"),
        comment="Versions of the road network; one is current, and the one before it is kept.",
    )
    op.create_index(
        "uq_road_network_current",
        "road_network",
        ["is_current"],
        unique=True,
        postgresql_where=sa.text("is_current"),
    )
    op.create_table(
        "road_chunk",
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("version", "seq", name="pk_road_chunk"),
        sa.ForeignKeyConstraint(
            ["version"], ["road_network.version"], name="fk_road_chunk_version", ondelete="CASCADE"
        ),
        comment="The packed arrays of a network, in parts that are compressed each by itself.",
    )
    # The parts are compressed already.
    op.execute("ALTER TABLE road_chunk ALTER COLUMN content SET STORAGE EXTERNAL")
    # Roads are loaded by the owner, on the command line.
    op.execute("REVOKE INSERT, UPDATE, DELETE ON road_network, road_chunk FROM registry_app")


def downgrade() -> None:
    """Undo; the networks are given up, and may be loaded again."""
    op.drop_table("road_chunk")
    op.drop_table("road_network")
