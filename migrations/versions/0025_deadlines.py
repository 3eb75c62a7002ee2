"""How far subscriptions were told of deadlines that time alone brings, and an index of expiry dates."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply; what was due before is told of no more."""
    op.create_table(
        "deadline_reader",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True)),
        sa.Column("id", sa.Uuid),
        sa.Column("realm", sa.Text),
        sa.PrimaryKeyConstraint("name", name="pk_deadline_reader"),
        comment="The last verification, expiry notice and expiry that subscriptions were told of.",
    )
    op.execute("INSERT INTO deadline_reader (name) VALUES ('verification'), ('expiring'), ('expired')")
    op.create_index(
        "ix_stock_line_expires_on",
        "stock_line",
        ["expires_on", "resource_id", "realm"],
        postgresql_where=sa.text("expires_on IS NOT NULL"),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_stock_line_expires_on")
    op.drop_table("deadline_reader")
