"""The tables of subscriptions: what is told to whom, the outbox, and how far the log was read."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from registry.store.schema.changes import Xid8
from registry.store.schema.plans import MOMENT
from registry.store.schema.records import metadata

subscription = sa.Table(
    "subscription",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
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
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("ended_at", MOMENT),
    sa.Column("end_reason", sa.Text),
    sa.Column("last_delivered_at", MOMENT),
    sa.Column("last_failed_at", MOMENT),
    sa.Column("last_error", sa.Text),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Index("ix_subscription_owner", "owner", "id"),
    comment="Who is told of which changes; the secret is encrypted with the pepper.",
)

deadline_reader = sa.Table(
    "deadline_reader",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("at", MOMENT),
    sa.Column("id", sa.Uuid),
    sa.Column("realm", sa.Text),
    comment="The last verification, expiry notice and expiry that subscriptions were told of.",
)

webhook_message = sa.Table(
    "webhook_message",
    metadata,
    sa.Column("n", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("id", sa.Uuid, nullable=False, server_default=sa.text("gen_random_uuid()")),
    sa.Column("subscription", sa.Uuid, sa.ForeignKey("subscription.id", ondelete="CASCADE"), nullable=False),
    sa.Column("subject", sa.Uuid, nullable=False, comment="The record: its messages are sent in order."),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("due_at", MOMENT, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("delivered_at", MOMENT),
    sa.Column("given_up_at", MOMENT),
    sa.Column("last_error", sa.Text),
    sa.Index(
        "ix_webhook_message_due",
        "due_at",
        postgresql_where=sa.text("delivered_at IS NULL AND given_up_at IS NULL"),
    ),
    sa.Index(
        "ix_webhook_message_subject",
        "subscription",
        "subject",
        "n",
        postgresql_where=sa.text("delivered_at IS NULL AND given_up_at IS NULL"),
    ),
    sa.Index("ix_webhook_message_subscription", "subscription", "n"),
    comment="The outbox: what still has to be told, written in the transaction that read the log.",
)
