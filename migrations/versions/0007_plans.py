"""Documents, provisions, registers with their past, zones and rules."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


OWN = [
    "ALTER TABLE entry ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY read_all ON entry FOR SELECT USING (true)",
    "CREATE POLICY add_own ON entry FOR INSERT WITH CHECK (registry_may_write(place))",
    "CREATE POLICY change_own ON entry FOR UPDATE USING (true) WITH CHECK (registry_may_write(place))",
    "CREATE POLICY remove_own ON entry FOR DELETE USING (registry_may_write(place))",
    """CREATE TRIGGER keep_out BEFORE UPDATE ON entry FOR EACH ROW
       WHEN (current_user = 'registry_app') EXECUTE FUNCTION registry_keep_out()""",
]


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "entry_past",
        sa.Column("realm", sa.Text(), server_default="live", nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("register", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("superseded_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("realm", "id", "version", name=op.f("pk_entry_past")),
        comment="Every earlier version of an entry.",
    )
    op.create_index(
        "ix_entry_past_register", "entry_past", ["realm", "register", "superseded_at"], unique=False
    )
    op.create_table(
        "zone",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("road", sa.Text(), nullable=True),
        sa.Column("from_km", sa.Float(), nullable=True),
        sa.Column("to_km", sa.Float(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "drawing",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="How the geometry is to be read: what it stands for, its doubts.",
        ),
        sa.Column("geometry", sa.Text(), nullable=True, comment="The geometry as it came, GeoJSON."),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.CheckConstraint("(drawing IS NULL) = (geometry IS NULL)", name=op.f("ck_zone_drawn")),
        sa.CheckConstraint("from_km < to_km", name=op.f("ck_zone_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zone")),
        comment="What spatial rules measure from; the geometry may come later.",
    )
    op.create_table(
        "document",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["place"], ["place.code"], name=op.f("fk_document_place")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        comment="What was published; the texts themselves are not held.",
    )
    op.create_table(
        "entry",
        sa.Column("realm", sa.Text(), server_default="live", nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("register", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "register IN ('organisation', 'responsibility', 'hotline', 'event', 'hazard_point', 'expert', "
            "'indicator', 'agreement', 'denominator', 'inventory')",
            name=op.f("ck_entry_register"),
        ),
        sa.CheckConstraint(
            "visibility IN ('public', 'internal', 'restricted')", name=op.f("ck_entry_visibility")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_entry_version")),
        sa.ForeignKeyConstraint(["place"], ["place.code"], name=op.f("fk_entry_place")),
        sa.PrimaryKeyConstraint("realm", "id", name=op.f("pk_entry")),
        comment="The small registers beside resources: organisations, drills, hazard points and others.",
    )
    op.create_index("ix_entry_register", "entry", ["realm", "register", "place", "id"], unique=False)
    op.create_geospatial_table(
        "zone_piece",
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                srid=4326, dimension=2, spatial_index=False, from_text="ST_GeomFromEWKT", name="geometry"
            ),
            nullable=False,
        ),
        sa.Column("km", postgresql.ARRAY(sa.Float()), nullable=True, comment="The kilometre of each vertex."),
        sa.ForeignKeyConstraint(["zone"], ["zone.id"], name=op.f("fk_zone_piece_zone"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("zone", "seq", name=op.f("pk_zone_piece")),
    )
    op.create_index(
        "ix_zone_piece_geog",
        "zone_piece",
        ["zone", sa.literal_column("CAST(geom AS geography)")],
        unique=False,
        postgresql_using="gist",
    )
    op.create_table(
        "provision",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["document"], ["document.id"], name=op.f("fk_provision_document"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["place"], ["place.code"], name=op.f("fk_provision_place")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provision")),
        comment="Statements of documents in our own words.",
    )
    op.create_index("ix_provision_document", "provision", ["document", "file", "line"], unique=False)
    op.create_index("ix_provision_place", "provision", ["place"], unique=False)
    op.create_table(
        "rule",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("provision", sa.Text(), nullable=False),
        sa.Column("zone_kind", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["provision"], ["provision.id"], name=op.f("fk_rule_provision")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule")),
        comment="Which facility and action is kept how far from which kind of zone.",
    )
    for statement in OWN:
        op.execute(statement)


def downgrade() -> None:
    """Undo."""
    op.drop_table("rule")
    op.drop_index("ix_provision_place", table_name="provision")
    op.drop_index("ix_provision_document", table_name="provision")
    op.drop_table("provision")
    op.drop_index("ix_zone_piece_geog", table_name="zone_piece", postgresql_using="gist")
    op.drop_geospatial_table("zone_piece")
    op.drop_index("ix_entry_register", table_name="entry")
    op.drop_table("entry")
    op.drop_table("document")
    op.drop_table("zone")
    op.drop_index("ix_entry_past_register", table_name="entry_past")
    op.drop_table("entry_past")
