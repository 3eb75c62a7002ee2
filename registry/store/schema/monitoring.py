"""The table of standing questions: when each is worked again."""

import sqlalchemy as sa

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
