"""Scenarios and answers of jobs with the sight of their reader; external ids that two records may have."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

FACE = ("public_geom", "public_uncertainty_m", "public_feature")
TRIGGER = """
DO $$
DECLARE
    kept CONSTANT text := (
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
         WHERE attrelid = 'resource_past'::regclass AND attnum > 0 AND NOT attisdropped
           AND attname <> ALL (ARRAY[{free}])
    );
BEGIN
    DROP TRIGGER append_only ON resource_past;
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OF %s OR DELETE OR TRUNCATE ON resource_past
                    FOR EACH STATEMENT EXECUTE FUNCTION registry_append_only()', kept);
END $$
"""
RECLASSIFIED = "visibility_before <> visibility_after OR place_before IS DISTINCT FROM place_after"


def upgrade() -> None:
    """Apply. Scenarios that are kept already are for those who see every record."""
    visibility = sa.Column("visibility", sa.Text, nullable=False, server_default="restricted")
    op.add_column("scenario", visibility)
    op.create_check_constraint(
        "ck_scenario_visibility", "scenario", "visibility IN ('public', 'internal', 'restricted')"
    )
    op.add_column("job", sa.Column("audience", sa.Text))
    op.create_index(
        "ix_change_log_reclassified", "change_log", ["at"], postgresql_where=sa.text(RECLASSIFIED)
    )
    op.drop_constraint("pk_external_id", "external_id", type_="primary")
    op.create_primary_key("pk_external_id", "external_id", ["realm", "system", "id", "resource_id"])
    op.create_table_comment(
        "external_id",
        "Two records have one only where who gave it to the second may not know of the first.",
    )
    _leave_free(*FACE, "search_key")
    op.execute("GRANT UPDATE (search_key) ON resource_past TO registry_app")


def downgrade() -> None:
    """Undo; an external id that two records have stays with one of them."""
    op.execute("REVOKE UPDATE (search_key) ON resource_past FROM registry_app")
    _leave_free(*FACE)
    op.execute(
        "DELETE FROM external_id one USING external_id other WHERE one.realm = other.realm"
        " AND one.system = other.system AND one.id = other.id AND one.resource_id > other.resource_id"
    )
    op.drop_constraint("pk_external_id", "external_id", type_="primary")
    op.create_primary_key("pk_external_id", "external_id", ["realm", "system", "id"])
    op.drop_table_comment("external_id")
    op.drop_index("ix_change_log_reclassified", "change_log")
    op.drop_column("job", "audience")
    op.drop_column("scenario", "visibility")


def _leave_free(*names: str) -> None:
    """Have the past append-only but for these columns, which follow from what a record is today."""
    op.execute(TRIGGER.replace("{free}", ", ".join(f"'{name}'" for name in names)))
