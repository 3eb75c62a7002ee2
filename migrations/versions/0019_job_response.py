"""Jobs know how their results are to be written: OGC API - Processes lets the caller say so when he asks."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply; jobs are kept for a day, so that the table is short."""
    op.execute("ALTER TABLE job ADD COLUMN response text")
    op.execute("ALTER TABLE job ADD CONSTRAINT ck_job_response CHECK (response IN ('raw', 'document'))")


def downgrade() -> None:
    """Undo."""
    op.execute("ALTER TABLE job DROP COLUMN response")
