"""Find the records that may be anywhere to the public without reading all that have no position."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index(
        "ix_resource_nowhere_not_public",
        "resource",
        ["kind"],
        postgresql_where=sa.text("geom IS NULL AND visibility <> 'public'"),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_resource_nowhere_not_public", "resource")
