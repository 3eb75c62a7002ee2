"""How many records without a position meet the usual conditions is told by an index alone."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BEFORE = "realm, lifecycle, visibility, valid_from, valid_to, quality"
ASKED = (
    "partner_of, force, level, tier, form, readiness, opening, operational,"
    " capacity_persons, occupancy_persons, verified_at"
)


def _make(columns: str) -> None:
    op.drop_index("ix_resource_unplaced", "resource")
    op.execute(
        "CREATE INDEX ix_resource_unplaced ON resource (kind, place, watch_radius_m)"
        f" INCLUDE ({columns}) WHERE geom IS NULL"
    )


def upgrade() -> None:
    """Apply."""
    _make(f"{BEFORE}, {ASKED}")


def downgrade() -> None:
    """Undo."""
    _make(BEFORE)
