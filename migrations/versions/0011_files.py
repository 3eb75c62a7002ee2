"""Files that offices bring: uploads, their rows as they were read, what was stored of them, answers kept."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.TIMESTAMP(timezone=True)
EMPTY_LIST, EMPTY_OBJECT, EMPTY_ARRAY = sa.text("'[]'"), sa.text("'{}'"), sa.text("'{}'")


def _of_intake(table: str) -> list[Any]:
    return [
        sa.Column("intake", sa.Uuid, nullable=False),
        sa.ForeignKeyConstraint(["intake"], ["intake.id"], name=f"fk_{table}_intake", ondelete="CASCADE"),
    ]


def _intake() -> None:
    op.create_table(
        "intake",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("realm", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, server_default="received", nullable=False),
        sa.Column("version", sa.Integer, server_default="1", nullable=False),
        sa.Column("options", JSONB, nullable=False, comment="What the office answered about its file."),
        sa.Column("report", JSONB, comment="What was found of the file as a whole."),
        sa.Column("layout", JSONB, comment="Where the header is and what its columns mean."),
        sa.Column("header_hash", sa.Text),
        sa.Column(
            "reference", sa.Text, comment="The state of places and vocabularies that it was checked with."
        ),
        sa.Column("problem", JSONB, comment="Why the file cannot be read, in both languages."),
        sa.Column("receipt", JSONB, comment="What was stored of it, and what was undone."),
        sa.Column("job", sa.Uuid),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("committed_at", MOMENT),
        sa.Column("undone_at", MOMENT),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_intake"),
        sa.CheckConstraint(
            "state IN ('received', 'asks', 'checked', 'committed', 'undone', 'refused')",
            name="ck_intake_state",
        ),
        comment="Files that offices brought: one upload each, with what was answered and found.",
    )
    op.create_index("ix_intake_owner", "intake", ["realm", "owner", "id"])
    op.create_index("ix_intake_expires_at", "intake", ["expires_at"])


def _rows() -> None:
    op.create_table(
        "intake_row",
        *_of_intake("intake_row"),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("row", sa.Integer, comment="As spreadsheets count; NULL for a record that the file lacks."),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("cells", JSONB, nullable=False),
        sa.Column("corrections", JSONB, server_default=EMPTY_OBJECT, nullable=False),
        sa.Column("decision", JSONB, server_default=EMPTY_OBJECT, nullable=False),
        sa.Column("record", sa.Text, comment="The record that would be stored, as it is logged."),
        sa.Column("target", sa.Uuid),
        sa.Column("target_version", sa.Integer),
        sa.Column("external_id", sa.Text),
        sa.Column("changed", ARRAY(sa.Text), server_default=EMPTY_ARRAY, nullable=False),
        sa.Column("contacts", JSONB, server_default=EMPTY_LIST, nullable=False),
        sa.Column("findings", JSONB, server_default=EMPTY_LIST, nullable=False),
        sa.Column("codes", ARRAY(sa.Text), server_default=EMPTY_ARRAY, nullable=False),
        sa.Column("severity", sa.Text),
        sa.PrimaryKeyConstraint("intake", "n", name="pk_intake_row"),
        comment="The rows of a file as they were read, and what each would do;"
        " what is committed is what is here.",
    )
    op.create_index("ix_intake_row_target", "intake_row", ["intake", "target"])
    op.create_index("ix_intake_row_external_id", "intake_row", ["intake", "external_id"])


def upgrade() -> None:
    """Apply."""
    _intake()
    op.create_table(
        "intake_file",
        *_of_intake("intake_file"),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("sheets", sa.LargeBinary, comment="What the reader made of it."),
        sa.PrimaryKeyConstraint("intake", name="pk_intake_file"),
    )
    _rows()
    op.create_table(
        "intake_change",
        *_of_intake("intake_change"),
        sa.Column("resource_id", sa.Uuid, nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("version_before", sa.Integer, comment="NULL: the record is new."),
        sa.Column("version_after", sa.Integer, nullable=False),
        sa.Column("contacts_before", JSONB, server_default=EMPTY_LIST, nullable=False),
        sa.PrimaryKeyConstraint("intake", "resource_id", name="pk_intake_change"),
        comment="What an intake stored, for undoing it.",
    )
    op.create_table(
        "intake_mapping",
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("answers", JSONB, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("owner", "kind", "hash", name="pk_intake_mapping"),
        comment="What somebody answered about files with these headers, for the next month.",
    )


def downgrade() -> None:
    """Undo."""
    for table in ("intake_mapping", "intake_change", "intake_row", "intake_file", "intake"):
        op.drop_table(table)
