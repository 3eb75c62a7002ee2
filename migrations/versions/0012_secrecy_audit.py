"""Note the restricted rows that a statement reads, and count what the audit lost."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Called for restricted rows only, behind `visibility <> 'restricted' OR`; one notice a transaction is enough.
NOTES = """
CREATE FUNCTION registry_notes(visibility text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF visibility = 'restricted' AND current_setting('registry.noted', true) IS DISTINCT FROM 'yes' THEN
        PERFORM set_config('registry.noted', 'yes', true);
        RAISE NOTICE 'registry: a restricted record was read';
    END IF;
    RETURN true;
END $$
"""
ACTIONS = ("read", "export", "change", "refused")


def upgrade() -> None:
    """Apply."""
    op.execute(NOTES)
    _allow("", *ACTIONS, "lost")


def downgrade() -> None:
    """Undo; the audit keeps its entries, and the check is not asked about them."""
    _allow(" NOT VALID", *ACTIONS)
    op.execute("DROP FUNCTION registry_notes(text)")


def _allow(kept: str, *actions: str) -> None:
    listed = ", ".join(f"'{action}'" for action in actions)
    op.execute("ALTER TABLE audit DROP CONSTRAINT ck_audit_action")
    op.execute(f"ALTER TABLE audit ADD CONSTRAINT ck_audit_action CHECK (action IN ({listed})){kept}")
