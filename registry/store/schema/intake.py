"""The tables of the gate: findings, the version of the reference data, and files that wait to be stored."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

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
    sa.Column("about", sa.Text, nullable=False, server_default="resource"),
    sa.Column("of_code", sa.Text, comment="The code of a place or the identity of a zone or rule."),
    one_of("severity", ("warn", "note")),
    one_of("about", ("resource", "place", "zone", "rule")),
    sa.CheckConstraint("(about = 'resource') = (of_code IS NULL)", name="code_of_others"),
    sa.Index("ix_finding_subject", "realm", "subject"),
    sa.Index(
        "ix_finding_open",
        "realm",
        "id",
        postgresql_where=sa.text("settled_at IS NULL AND severity = 'warn'"),
    ),
    comment="Warnings about what is stored until somebody settles them, and texts as they came in.",
)

reference_version = sa.Table(
    "reference_version",
    metadata,
    sa.Column("registry", sa.Uuid, primary_key=True, server_default=sa.text("gen_random_uuid()")),
    sa.Column("n", sa.BigInteger, nullable=False, server_default="1"),
    comment="One row: counts the changes of places and vocabularies, so that workers know when to read them.",
)

intake = sa.Table(
    "intake",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("realm", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="received"),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("options", JSONB, nullable=False, comment="What the office answered about its file."),
    sa.Column("report", JSONB, comment="What was found of the file as a whole."),
    sa.Column("layout", JSONB, comment="Where the header is and what its columns mean."),
    sa.Column("header_hash", sa.Text),
    sa.Column("reference", sa.Text, comment="The state of places and vocabularies that it was checked with."),
    sa.Column("problem", JSONB, comment="Why the file cannot be read, in both languages."),
    sa.Column("receipt", JSONB, comment="What was stored of it, and what was undone."),
    sa.Column("job", sa.Uuid),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("committed_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("undone_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
    one_of("state", ("received", "asks", "checked", "committed", "undone", "refused")),
    sa.Index("ix_intake_owner", "realm", "owner", "id"),
    sa.Index("ix_intake_expires_at", "expires_at"),
    comment="Files that offices brought: one upload each, with what was answered and found.",
)


def _of_intake() -> sa.Column[Any]:
    return sa.Column("intake", sa.ForeignKey("intake.id", ondelete="CASCADE"), primary_key=True)


intake_file = sa.Table(
    "intake_file",
    metadata,
    _of_intake(),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("sheets", sa.LargeBinary, comment="What the reader made of it."),
)

intake_row = sa.Table(
    "intake_row",
    metadata,
    _of_intake(),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("row", sa.Integer, comment="As spreadsheets count; NULL for a record that the file lacks."),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("cells", JSONB, nullable=False),
    sa.Column("corrections", JSONB, nullable=False, server_default="{}"),
    sa.Column("decision", JSONB, nullable=False, server_default="{}"),
    sa.Column("record", sa.Text, comment="The record that would be stored, as it is logged."),
    sa.Column("target", sa.Uuid),
    sa.Column("target_version", sa.Integer),
    sa.Column("external_id", sa.Text),
    sa.Column("changed", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("contacts", JSONB, nullable=False, server_default="[]"),
    sa.Column("findings", JSONB, nullable=False, server_default="[]"),
    sa.Column("codes", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("severity", sa.Text),
    sa.Index("ix_intake_row_target", "intake", "target"),
    sa.Index("ix_intake_row_external_id", "intake", "external_id"),
    comment="The rows of a file as they were read, and what each would do;"
    " what is committed is what is here.",
)

intake_change = sa.Table(
    "intake_change",
    metadata,
    _of_intake(),
    sa.Column("resource_id", sa.Uuid, primary_key=True),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("version_before", sa.Integer, comment="NULL: the record is new."),
    sa.Column("version_after", sa.Integer, nullable=False),
    sa.Column("contacts_before", JSONB, nullable=False, server_default="[]"),
    sa.Column("before", JSONB, comment="Key and earlier members of what is no resource."),
    comment="What an intake stored, for undoing it.",
)

intake_mapping = sa.Table(
    "intake_mapping",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("answers", JSONB, nullable=False),
    sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
    comment="What somebody answered about files with these headers, for the next month.",
)
