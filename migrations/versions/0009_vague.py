"""Indexes for positions that are hardly known: coverage looks at them wherever they are."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index(
        "ix_resource_vague", "resource", ["kind"], postgresql_where=sa.text("uncertainty_m > 20000")
    )
    op.create_index(
        "ix_resource_public_vague",
        "resource",
        ["kind"],
        postgresql_where=sa.text("public_uncertainty_m > 20000"),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_resource_public_vague", "resource")
    op.drop_index("ix_resource_vague", "resource")
