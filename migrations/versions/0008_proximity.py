"""What proximity filters by: facets, room, freshness, and which place is whose partner."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

FACETS = ["specialties", "hazards", "force", "level", "readiness", "opening", "tier", "form", "lifecycle"]
PARTNERS = """
UPDATE place SET partner_of = (
    SELECT w.ancestor FROM place_within w JOIN place a ON a.code = w.ancestor
    WHERE w.code = place.code AND a.partner IS NOT NULL ORDER BY w.ancestor = place.code DESC, w.ancestor LIMIT 1
)
"""


def upgrade() -> None:
    """Apply."""
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
    comment = "The partner place that holds this one: itself or an ancestor."
    op.add_column("place", sa.Column("partner_of", sa.Text(), nullable=True, comment=comment))
    op.execute(PARTNERS)
    op.create_index("ix_resource_facets", "resource", FACETS, postgresql_using="gin")
    op.create_index("ix_resource_verified_at", "resource", ["verified_at"])
    op.create_index(
        "ix_resource_room",
        "resource",
        [sa.literal_column("(capacity_persons - coalesce(occupancy_persons, 0))")],
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_resource_room", table_name="resource")
    op.drop_index("ix_resource_verified_at", table_name="resource")
    op.drop_index("ix_resource_facets", table_name="resource")
    op.drop_column("place", "partner_of")
