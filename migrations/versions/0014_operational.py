"""Watch points of a rare state are found by the index of all coded facets."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

FACETS = "specialties, hazards, force, level, readiness, opening, tier, form, lifecycle"


def upgrade() -> None:
    """Apply."""
    op.drop_index("ix_resource_facets", "resource")
    op.execute(f"CREATE INDEX ix_resource_facets ON resource USING gin ({FACETS}, operational)")


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_resource_facets", "resource")
    op.execute(f"CREATE INDEX ix_resource_facets ON resource USING gin ({FACETS})")
