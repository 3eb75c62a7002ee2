"""Jobs that outlive a request, and saved scenarios."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    moment = sa.TIMESTAMP(timezone=True)
    states = "'accepted', 'running', 'successful', 'failed', 'dismissed'"
    op.create_table(
        "job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="accepted", nullable=False),
        sa.Column("progress", sa.Integer(), server_default="0", nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("estimate_s", sa.Float(), nullable=False),
        sa.Column("created_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", moment, nullable=True),
        sa.Column("finished_at", moment, nullable=True),
        sa.Column("updated_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.CheckConstraint(f"status IN ({states})", name=op.f("ck_job_status")),
        sa.CheckConstraint("progress BETWEEN 0 AND 100", name=op.f("ck_job_progress")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        comment="Analyses that take longer than a request may; kept for a day.",
    )
    op.create_index("ix_job_expires_at", "job", ["expires_at"])
    op.create_table(
        "scenario",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=True),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("changes", postgresql.JSONB(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("name_zh IS NOT NULL OR name_en IS NOT NULL", name=op.f("ck_scenario_named")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scenario")),
        comment="Additions, moves and removals that somebody thought through and kept.",
    )
    op.create_index("ix_scenario_owner", "scenario", ["owner"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("scenario")
    op.drop_table("job")
