"""Let the application renew the public face of past versions, which follows today's visibility."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FACE = ("public_geom", "public_uncertainty_m", "public_feature")
TRIGGER = """
DO $$
DECLARE
    kept CONSTANT text := (
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
         WHERE attrelid = 'resource_past'::regclass AND attnum > 0 AND NOT attisdropped
           AND attname <> ALL (ARRAY['public_geom', 'public_uncertainty_m', 'public_feature'])
    );
BEGIN
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OF %s OR DELETE OR TRUNCATE ON resource_past
                    FOR EACH STATEMENT EXECUTE FUNCTION registry_append_only()', kept);
END $$
"""


def upgrade() -> None:
    """Apply."""
    op.execute("DROP TRIGGER append_only ON resource_past")
    op.execute(TRIGGER)
    op.execute(f"GRANT UPDATE ({', '.join(FACE)}) ON resource_past TO registry_app")


def downgrade() -> None:
    """Undo."""
    op.execute(f"REVOKE UPDATE ({', '.join(FACE)}) ON resource_past FROM registry_app")
    op.execute("DROP TRIGGER append_only ON resource_past")
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON resource_past"
        " FOR EACH STATEMENT EXECUTE FUNCTION registry_append_only()"
    )
