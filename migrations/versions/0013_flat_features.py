"""The flat form of features beside the records, rendered when a record is written."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MAY_WRITE = "registry_may_write(place)"


def upgrade() -> None:
    """Apply; until `registry render` has made the flat form of an older record, it is made at each reading."""
    op.create_table(
        "flat_feature",
        sa.Column("realm", sa.Text, nullable=False),
        sa.Column("resource_id", sa.Uuid, nullable=False),
        sa.Column("place", sa.Text, comment="That of the record, for row security."),
        sa.Column("feature", sa.Text, nullable=False),
        sa.Column("public_feature", sa.Text),
        sa.PrimaryKeyConstraint("realm", "resource_id", name="pk_flat_feature"),
        sa.ForeignKeyConstraint(
            ["realm", "resource_id"],
            ["resource.realm", "resource.id"],
            name="fk_flat_feature_realm_resource_id",
            ondelete="CASCADE",
        ),
        comment="The flat form of a record's feature, and of what the public sees; derived from the record.",
    )
    op.execute("ALTER TABLE flat_feature ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY read_all ON flat_feature FOR SELECT USING (true)")
    op.execute(f"CREATE POLICY add_own ON flat_feature FOR INSERT WITH CHECK ({MAY_WRITE})")
    op.execute(f"CREATE POLICY change_own ON flat_feature FOR UPDATE USING (true) WITH CHECK ({MAY_WRITE})")
    op.execute(f"CREATE POLICY remove_own ON flat_feature FOR DELETE USING ({MAY_WRITE})")
    op.execute(
        "CREATE TRIGGER keep_out BEFORE UPDATE ON flat_feature FOR EACH ROW"
        " WHEN (current_user = 'registry_app') EXECUTE FUNCTION registry_keep_out()"
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("flat_feature")
