"""Watch points without a position are found by the places named for them, and not by reading them all."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

COUNTED = "realm, lifecycle, visibility, valid_from, valid_to"
NOW = f"{COUNTED}, quality"


def upgrade() -> None:
    """Apply."""
    op.drop_index("ix_resource_unplaced", "resource")
    op.execute(
        "CREATE INDEX ix_resource_unplaced ON resource (kind, place, watch_radius_m)"
        f" INCLUDE ({NOW}) WHERE geom IS NULL"
    )
    op.execute(
        "CREATE INDEX ix_resource_candidates ON resource USING gin (candidate_places) WHERE geom IS NULL"
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_resource_candidates", "resource")
    op.drop_index("ix_resource_unplaced", "resource")
    op.execute(
        f"CREATE INDEX ix_resource_unplaced ON resource (kind, place) INCLUDE ({COUNTED}, watch_radius_m)"
        " WHERE geom IS NULL"
    )
