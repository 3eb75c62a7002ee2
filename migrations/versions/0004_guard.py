"""The guard against mass changes, and the audit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.TIMESTAMP(timezone=True)
APPEND_ONLY = """
CREATE FUNCTION registry_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE insufficient_privilege USING MESSAGE = TG_TABLE_NAME || ' is only added to';
END $$
"""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "guarded_change",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_guarded_change")),
        comment="One line a status change or deletion, for the guard against mass changes; kept for a day.",
    )
    op.create_index("ix_guarded_change_actor", "guarded_change", ["actor", "at"])
    op.create_table(
        "approval",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("places", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", MOMENT, nullable=True),
        sa.CheckConstraint("approved_by <> actor", name=op.f("ck_approval_second_person")),
        sa.CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name=op.f("ck_approval_decided")),
        sa.CheckConstraint("changes > 0", name=op.f("ck_approval_changes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
        comment="Mass changes that one person asked for and another allowed.",
    )
    op.create_index("ix_approval_actor", "approval", ["actor", "asked_at"])
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.CheckConstraint("action IN ('read', 'export', 'change', 'refused')", name=op.f("ck_audit_action")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
        comment="Who read restricted records, exported, changed, or was refused.",
    )
    op.create_index("ix_audit_actor", "audit", ["actor", "seq"])
    op.execute("REVOKE UPDATE, DELETE ON audit FROM registry_app")
    op.execute(APPEND_ONLY)
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit"
        " EXECUTE FUNCTION registry_append_only()"
    )


def downgrade() -> None:
    """Undo."""
    op.execute("DROP TRIGGER append_only ON audit")
    op.execute("DROP FUNCTION registry_append_only()")
    for table in ("audit", "approval", "guarded_change"):
        op.drop_table(table)
