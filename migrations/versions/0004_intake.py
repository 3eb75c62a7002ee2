"""Findings of the gate, and the version of the reference data that workers keep."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# A worker that reads places before this transaction ends reads the version of before as well.
FUNCTION = """
CREATE FUNCTION registry_reference_changed() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE reference_version SET n = n + 1;
    RETURN NULL;
END $$
"""
COLUMNS = "code, level, parent, name_zh, name_en, extent, extent_basis, extent_from, valid_from, valid_to"
WATCHED = {
    "place": f"INSERT OR DELETE OR UPDATE OF {COLUMNS}",
    "place_member": "INSERT OR DELETE OR UPDATE",
    "vocabulary": "INSERT OR DELETE OR UPDATE",
}


def upgrade() -> None:
    """Apply."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "finding",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("realm", sa.Text, nullable=False),
        sa.Column("subject", sa.Uuid, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("body", JSONB, nullable=False),
        sa.Column("found_at", moment, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("settled_at", moment),
        sa.Column("settled_by", sa.Text),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_finding"),
        sa.CheckConstraint("severity IN ('warn', 'note')", name="ck_finding_severity"),
        comment="Warnings about stored records until somebody settles them, and texts as they came in.",
    )
    op.create_index("ix_finding_subject", "finding", ["realm", "subject"])
    op.create_index(
        "ix_finding_open",
        "finding",
        ["realm", "id"],
        postgresql_where=sa.text("settled_at IS NULL AND severity = 'warn'"),
    )
    op.create_table(
        "reference_version",
        sa.Column("registry", sa.Uuid, server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("n", sa.BigInteger, server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("registry", name="pk_reference_version"),
        comment="One row: counts the changes of places and vocabularies, so that workers know when to read them.",
    )
    op.execute("INSERT INTO reference_version DEFAULT VALUES")
    op.execute(FUNCTION)
    for table, events in WATCHED.items():
        for name, when in (("changed", events), ("emptied", "TRUNCATE")):
            op.execute(
                f"CREATE TRIGGER reference_{name} AFTER {when} ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION registry_reference_changed()"
            )


def downgrade() -> None:
    """Undo."""
    for table in WATCHED:
        for name in ("changed", "emptied"):
            op.execute(f"DROP TRIGGER reference_{name} ON {table}")
    op.execute("DROP FUNCTION registry_reference_changed()")
    op.drop_table("reference_version")
    op.drop_table("finding")
