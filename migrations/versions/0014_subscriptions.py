"""Subscriptions, the outbox of their webhooks, and how far the change log was read for them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from registry.store.schema.changes import Xid8

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

OPEN = sa.text("delivered_at IS NULL AND given_up_at IS NULL")


def upgrade() -> None:
    """Apply."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "subscription",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("place", sa.Text),
        sa.Column("kinds", ARRAY(sa.Text), nullable=False),
        sa.Column("events", ARRAY(sa.Text), nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("places", ARRAY(sa.Text), nullable=False),
        sa.Column("exercise", sa.Text),
        sa.Column("since_xid", Xid8, nullable=False),
        sa.Column("since_seq", sa.BigInteger, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("ended_at", moment),
        sa.Column("end_reason", sa.Text),
        sa.Column("last_delivered_at", moment),
        sa.Column("last_failed_at", moment),
        sa.Column("last_error", sa.Text),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_subscription"),
        comment="Who is told of which changes; the secret is encrypted with the pepper.",
    )
    op.create_index("ix_subscription_owner", "subscription", ["owner", "id"])
    op.create_table(
        "webhook_message",
        sa.Column("n", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Uuid, nullable=False, server_default=sa.text("gen_random_uuid()")),
        sa.Column("subscription", sa.Uuid, nullable=False),
        sa.Column("subject", sa.Uuid, nullable=False, comment="The record: its messages are sent in order."),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("delivered_at", moment),
        sa.Column("given_up_at", moment),
        sa.Column("last_error", sa.Text),
        sa.PrimaryKeyConstraint("n", name="pk_webhook_message"),
        sa.ForeignKeyConstraint(
            ["subscription"], ["subscription.id"], name="fk_webhook_message_subscription", ondelete="CASCADE"
        ),
        comment="The outbox: what still has to be told, written in the transaction that read the log.",
    )
    op.create_index("ix_webhook_message_due", "webhook_message", ["due_at"], postgresql_where=OPEN)
    op.create_index(
        "ix_webhook_message_subject",
        "webhook_message",
        ["subscription", "subject", "n"],
        postgresql_where=OPEN,
    )
    op.create_index("ix_webhook_message_subscription", "webhook_message", ["subscription", "n"])
    op.create_table(
        "webhook_position",
        sa.Column("one", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("xid", Xid8, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_webhook_position"),
        sa.CheckConstraint("one", name="ck_webhook_position_one_row"),
        comment="One row: how far the change log was read for subscriptions.",
    )
    op.execute("INSERT INTO webhook_position (xid, seq) VALUES ('0', 0)")


def downgrade() -> None:
    """Undo."""
    op.drop_table("webhook_position")
    op.drop_table("webhook_message")
    op.drop_table("subscription")
