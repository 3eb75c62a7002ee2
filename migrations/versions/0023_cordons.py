"""Note the changes of cordons and zones as changes of lists, so that what is kept of cordons stays true."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

NOTE = "EXECUTE FUNCTION registry_note_list_change()"
CORDONS = (
    "note_cordon AFTER INSERT OR UPDATE ON entry FOR EACH ROW WHEN (NEW.register = 'cordon')",
    "note_removed_cordon AFTER DELETE ON entry FOR EACH ROW WHEN (OLD.register = 'cordon')",
)
ZONES = ("zone", "zone_piece")


def upgrade() -> None:
    """Apply."""
    for trigger in CORDONS:
        op.execute(f"CREATE TRIGGER {trigger} {NOTE}")
    for table in ZONES:
        op.execute(
            f"CREATE TRIGGER note_list_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
            f" FOR EACH STATEMENT {NOTE}"
        )


def downgrade() -> None:
    """Undo."""
    op.execute("DROP TRIGGER note_cordon ON entry")
    op.execute("DROP TRIGGER note_removed_cordon ON entry")
    for table in ZONES:
        op.execute(f"DROP TRIGGER note_list_change ON {table}")
