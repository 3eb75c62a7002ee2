"""Standing questions: a register, when each is worked again, and one table of how far the log was read."""

import sqlalchemy as sa
from alembic import op

from registry.store.schema.changes import Xid8

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

BEFORE = (
    "organisation", "responsibility", "hotline", "event", "hazard_point", "expert", "indicator", "agreement",
    "denominator", "inventory", "site", "hospital", "water_source", "fire_break", "hazard_source",
    "service_point", "cordon", "incident", "warning",
)  # fmt: skip


def _registers(*names: str) -> None:
    listed = ", ".join(f"'{name}'" for name in names)
    op.execute("ALTER TABLE entry DROP CONSTRAINT ck_entry_register")
    op.execute(f"ALTER TABLE entry ADD CONSTRAINT ck_entry_register CHECK (register IN ({listed})) NOT VALID")
    op.execute("ALTER TABLE entry VALIDATE CONSTRAINT ck_entry_register")


def upgrade() -> None:
    """Apply; what was changed before touches no question."""
    _registers(*BEFORE, "standing_question")
    op.create_table(
        "question_due",
        sa.Column("realm", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("realm", "id", name="pk_question_due"),
        comment="When each standing question is worked again: now where a change touched it, else in an hour.",
    )
    op.create_index("ix_question_due_due_at", "question_due", ["due_at"])
    op.create_table(
        "log_reader",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("xid", Xid8, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_log_reader"),
        comment="How far each of those who follow the change log by themselves has read it.",
    )
    op.execute(
        "INSERT INTO log_reader (name, xid, seq) SELECT 'webhooks', xid, seq FROM webhook_position"
        " UNION ALL SELECT 'standing_questions', registry_horizon(), 0"
    )
    op.drop_table("webhook_position")


def downgrade() -> None:
    """Undo; the questions themselves are given up, their versions too."""
    op.create_table(
        "webhook_position",
        sa.Column("one", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("xid", Xid8, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_webhook_position"),
        sa.CheckConstraint("one", name="ck_webhook_position_one_row"),
        comment="One row: how far the change log was read for subscriptions.",
    )
    op.execute(
        "INSERT INTO webhook_position (xid, seq) SELECT xid, seq FROM log_reader WHERE name = 'webhooks'"
    )
    op.drop_table("log_reader")
    op.drop_table("question_due")
    for table in ("entry", "entry_past"):
        op.execute(f"DELETE FROM {table} WHERE register = 'standing_question'")
    _registers(*BEFORE)
