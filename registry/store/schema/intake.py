"""The tables of the gate: what it found of stored records, and the version of the reference data."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from registry.store.schema.records import metadata, one_of

finding = sa.Table(
    "finding",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("realm", sa.Text, nullable=False),
    sa.Column("subject", sa.Uuid, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("body", JSONB, nullable=False),
    sa.Column("found_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("settled_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("settled_by", sa.Text),
    sa.Column("reason", sa.Text),
    one_of("severity", ("warn", "note")),
    sa.Index("ix_finding_subject", "realm", "subject"),
    sa.Index(
        "ix_finding_open",
        "realm",
        "id",
        postgresql_where=sa.text("settled_at IS NULL AND severity = 'warn'"),
    ),
    comment="Warnings about stored records until somebody settles them, and texts as they came in.",
)

reference_version = sa.Table(
    "reference_version",
    metadata,
    sa.Column("registry", sa.Uuid, primary_key=True, server_default=sa.text("gen_random_uuid()")),
    sa.Column("n", sa.BigInteger, nullable=False, server_default="1"),
    comment="One row: counts the changes of places and vocabularies, so that workers know when to read them.",
)
