"""The tables of standing questions: how far the log was read for them, and when each is worked again."""

import sqlalchemy as sa

from registry.store.schema.changes import Xid8
from registry.store.schema.plans import MOMENT
from registry.store.schema.records import metadata

question_due = sa.Table(
    "question_due",
    metadata,
    sa.Column("realm", sa.Text, primary_key=True),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("due_at", MOMENT, nullable=False),
    sa.Index("ix_question_due_due_at", "due_at"),
    comment="When each standing question is worked again: now where a change touched it, else in an hour.",
)

question_position = sa.Table(
    "question_position",
    metadata,
    sa.Column("one", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("xid", Xid8, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.CheckConstraint("one", name="one_row"),
    comment="One row: how far the change log was read for standing questions.",
)
