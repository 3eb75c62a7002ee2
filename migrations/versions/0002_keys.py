"""Machine keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "api_key",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("places", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", moment, nullable=True),
        sa.Column("revoked_at", moment, nullable=True),
        sa.Column("last_used_at", moment, nullable=True),
        sa.CheckConstraint("role IN ('viewer', 'field', 'planner', 'admin')", name=op.f("ck_api_key_role")),
        sa.CheckConstraint("octet_length(fingerprint) = 32", name=op.f("ck_api_key_fingerprint")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        comment="Machine keys: an HMAC of each, never the key.",
    )
    op.create_index("ix_api_key_holder", "api_key", ["holder"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("api_key")
