"""The registry's first tables: places, vocabularies and the four kinds of resource."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    for extension in ("postgis", "pg_trgm", "btree_gist"):
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    op.create_geospatial_table(
        "place",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("list_version", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("name_zh", sa.Text(), nullable=True),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column(
            "extent",
            Geometry(
                srid=4326, dimension=2, spatial_index=False, from_text="ST_GeomFromEWKT", name="geometry"
            ),
            nullable=True,
        ),
        sa.Column("extent_basis", sa.Text(), server_default="none", nullable=False),
        sa.Column("extent_radius_m", sa.Float(), nullable=True),
        sa.Column(
            "extent_from",
            sa.Text(),
            nullable=True,
            comment="The place whose extent bounds this one: itself or an ancestor.",
        ),
        sa.Column(
            "point",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("point_uncertainty_m", sa.Float(), nullable=True),
        sa.Column("partner", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("flags", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(extent IS NULL) = (extent_basis = 'none')", name=op.f("ck_place_extent_has_basis")
        ),
        sa.CheckConstraint(
            "extent_basis IN ('boundary', 'voronoi', 'disc', 'members', 'none')",
            name=op.f("ck_place_extent_basis"),
        ),
        sa.CheckConstraint(
            "extent_radius_m >= 0 AND extent_radius_m < 'Infinity'::float8",
            name=op.f("ck_place_extent_radius_m_range"),
        ),
        sa.CheckConstraint(
            "point_uncertainty_m >= 0 AND point_uncertainty_m < 'Infinity'::float8",
            name=op.f("ck_place_point_uncertainty_m_range"),
        ),
        sa.CheckConstraint(
            "ST_X(point) BETWEEN -180 AND 180 AND ST_Y(point) BETWEEN -90 AND 90",
            name=op.f("ck_place_point_on_earth"),
        ),
        sa.CheckConstraint("name_zh IS NOT NULL OR name_en IS NOT NULL", name=op.f("ck_place_named")),
        sa.CheckConstraint("valid_from <= valid_to", name=op.f("ck_place_validity")),
        sa.ForeignKeyConstraint(["parent"], ["place.code"], name=op.f("fk_place_parent")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_place")),
    )
    op.create_geospatial_index(
        "ix_place_extent", "place", ["extent"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index("ix_place_parent", "place", ["parent"], unique=False)
    op.create_table(
        "vocabulary",
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label_zh", sa.Text(), nullable=True),
        sa.Column("label_en", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("scheme", "subject", "code", name=op.f("pk_vocabulary")),
    )
    op.create_table(
        "place_member",
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["area"], ["place.code"], name=op.f("fk_place_member_area"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["place"], ["place.code"], name=op.f("fk_place_member_place"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("area", "place", name=op.f("pk_place_member")),
        comment="The places a management area names as its own.",
    )
    op.create_table(
        "place_within",
        sa.Column("ancestor", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ancestor"], ["place.code"], name=op.f("fk_place_within_ancestor"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["code"], ["place.code"], name=op.f("fk_place_within_code"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ancestor", "code", name=op.f("pk_place_within")),
        comment="Every place with all places under it, itself included; derived from place and place_member.",
    )
    op.create_index("ix_place_within_code", "place_within", ["code"], unique=False)
    op.create_geospatial_table(
        "resource",
        sa.Column("realm", sa.Text(), server_default="live", nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=True),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("manager", sa.Text(), nullable=True),
        sa.Column("lifecycle", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("valid_to", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column(
            "public_geom",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("uncertainty_m", sa.Float(), nullable=True),
        sa.Column("public_uncertainty_m", sa.Float(), nullable=True),
        sa.Column("candidate_places", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("datum", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("verified_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("verified_by", sa.Text(), nullable=True),
        sa.Column("force", sa.Text(), nullable=True),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("form", sa.Text(), nullable=True),
        sa.Column("duration", sa.Text(), nullable=True),
        sa.Column("space", sa.Text(), nullable=True),
        sa.Column("ownership", sa.Text(), nullable=True),
        sa.Column("specialties", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("hazards", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("amenities", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("readiness", sa.Text(), nullable=True),
        sa.Column("opening", sa.Text(), nullable=True),
        sa.Column("operational", sa.Text(), nullable=True),
        sa.Column("status_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("personnel", sa.Integer(), nullable=True),
        sa.Column("capacity_persons", sa.Integer(), nullable=True),
        sa.Column("occupancy_persons", sa.Integer(), nullable=True),
        sa.Column("occupancy_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("area_m2", sa.Float(), nullable=True),
        sa.Column("serves_persons", sa.Integer(), nullable=True),
        sa.Column("parent_depot", sa.Uuid(), nullable=True),
        sa.Column("watch_radius_m", sa.Float(), nullable=True),
        sa.Column("sector_from_deg", sa.Float(), nullable=True),
        sa.Column("sector_to_deg", sa.Float(), nullable=True),
        sa.Column(
            "footprint",
            Geometry(
                srid=4326, dimension=2, spatial_index=False, from_text="ST_GeomFromEWKT", name="geometry"
            ),
            nullable=True,
        ),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("public_feature", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(quality IN ('surveyed', 'approximate')) = (geom IS NOT NULL)",
            name=op.f("ck_resource_located_has_geometry"),
        ),
        sa.CheckConstraint(
            "area_m2 >= 0 AND area_m2 < 'Infinity'::float8", name=op.f("ck_resource_area_m2_range")
        ),
        sa.CheckConstraint(
            "datum IN ('wgs84', 'cgcs2000', 'gcj02', 'bd09', 'unknown')", name=op.f("ck_resource_datum")
        ),
        sa.CheckConstraint(
            "form IN ('infrared_camera', 'watchtower', 'sentry_post', 'checkpoint')",
            name=op.f("ck_resource_form"),
        ),
        sa.CheckConstraint(
            "kind = 'fire_watch_point' OR (form IS NULL AND watch_radius_m IS NULL AND sector_from_deg IS NULL AND footprint IS NULL AND operational IS NULL)",
            name=op.f("ck_resource_only_fire_watch_point"),
        ),
        sa.CheckConstraint(
            "kind = 'rescue_team' OR (force IS NULL AND specialties IS NULL AND personnel IS NULL AND readiness IS NULL)",
            name=op.f("ck_resource_only_rescue_team"),
        ),
        sa.CheckConstraint(
            "kind = 'shelter' OR (duration IS NULL AND space IS NULL AND capacity_persons IS NULL AND occupancy_persons IS NULL AND opening IS NULL)",
            name=op.f("ck_resource_only_shelter"),
        ),
        sa.CheckConstraint(
            "kind = 'supply_depot' OR (tier IS NULL AND ownership IS NULL AND serves_persons IS NULL AND parent_depot IS NULL)",
            name=op.f("ck_resource_only_supply_depot"),
        ),
        sa.CheckConstraint(
            "kind IN ('rescue_team', 'shelter', 'fire_watch_point', 'supply_depot')",
            name=op.f("ck_resource_kind"),
        ),
        sa.CheckConstraint(
            "lifecycle IN ('planned', 'under_construction', 'in_service', 'suspended', 'retired')",
            name=op.f("ck_resource_lifecycle"),
        ),
        sa.CheckConstraint(
            "opening IN ('open', 'closed', 'full', 'unknown')", name=op.f("ck_resource_opening")
        ),
        sa.CheckConstraint(
            "operational IN ('yes', 'degraded', 'no', 'unknown')", name=op.f("ck_resource_operational")
        ),
        sa.CheckConstraint(
            "public_uncertainty_m >= 0 AND public_uncertainty_m < 'Infinity'::float8",
            name=op.f("ck_resource_public_uncertainty_m_range"),
        ),
        sa.CheckConstraint(
            "quality <> 'approximate' OR uncertainty_m IS NOT NULL",
            name=op.f("ck_resource_approximate_has_uncertainty"),
        ),
        sa.CheckConstraint(
            "quality <> 'candidate_places' OR cardinality(candidate_places) > 0",
            name=op.f("ck_resource_candidates_named"),
        ),
        sa.CheckConstraint(
            "quality IN ('surveyed', 'approximate', 'candidate_places', 'unknown')",
            name=op.f("ck_resource_quality"),
        ),
        sa.CheckConstraint(
            "readiness IN ('available', 'committed', 'off_duty', 'unavailable', 'unknown')",
            name=op.f("ck_resource_readiness"),
        ),
        sa.CheckConstraint("tier IN ('district', 'town', 'community')", name=op.f("ck_resource_tier")),
        sa.CheckConstraint(
            "uncertainty_m >= 0 AND uncertainty_m < 'Infinity'::float8",
            name=op.f("ck_resource_uncertainty_m_range"),
        ),
        sa.CheckConstraint(
            "visibility <> 'internal' OR public_feature IS NOT NULL",
            name=op.f("ck_resource_internal_has_public_face"),
        ),
        sa.CheckConstraint(
            "visibility IN ('public', 'internal', 'restricted')", name=op.f("ck_resource_visibility")
        ),
        sa.CheckConstraint(
            "(geom IS NULL) = (public_geom IS NULL)", name=op.f("ck_resource_public_geometry")
        ),
        sa.CheckConstraint(
            "ST_X(geom) BETWEEN -180 AND 180 AND ST_Y(geom) BETWEEN -90 AND 90",
            name=op.f("ck_resource_geom_on_earth"),
        ),
        sa.CheckConstraint(
            "ST_X(public_geom) BETWEEN -180 AND 180 AND ST_Y(public_geom) BETWEEN -90 AND 90",
            name=op.f("ck_resource_public_geom_on_earth"),
        ),
        sa.CheckConstraint("capacity_persons >= 0", name=op.f("ck_resource_capacity_range")),
        sa.CheckConstraint("name_zh IS NOT NULL OR name_en IS NOT NULL", name=op.f("ck_resource_named")),
        sa.CheckConstraint("occupancy_persons >= 0", name=op.f("ck_resource_occupancy_range")),
        sa.CheckConstraint("personnel >= 0", name=op.f("ck_resource_personnel_range")),
        sa.CheckConstraint(
            "sector_from_deg BETWEEN 0 AND 360 AND sector_to_deg BETWEEN 0 AND 360",
            name=op.f("ck_resource_sector_range"),
        ),
        sa.CheckConstraint("serves_persons >= 0", name=op.f("ck_resource_serves_range")),
        sa.CheckConstraint("valid_from <= valid_to", name=op.f("ck_resource_validity")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_resource_version")),
        sa.CheckConstraint(
            "watch_radius_m > 0 AND watch_radius_m <= 500000", name=op.f("ck_resource_watch_radius_range")
        ),
        sa.ForeignKeyConstraint(["place"], ["place.code"], name=op.f("fk_resource_place")),
        sa.PrimaryKeyConstraint("realm", "id", name=op.f("pk_resource")),
        postgresql_partition_by="LIST (realm)",
    )
    op.execute("CREATE TABLE resource_live PARTITION OF resource FOR VALUES IN ('live')")
    op.execute("CREATE TABLE resource_exercise PARTITION OF resource DEFAULT")
    op.create_geospatial_index(
        "ix_resource_footprint",
        "resource",
        ["footprint"],
        unique=False,
        postgresql_using="gist",
        postgresql_where=sa.text("footprint IS NOT NULL"),
        postgresql_ops={},
    )
    op.create_index(
        "ix_resource_geog",
        "resource",
        [sa.literal_column("CAST(geom AS geography)"), "kind"],
        unique=False,
        postgresql_using="gist",
    )
    op.create_geospatial_index(
        "ix_resource_geom", "resource", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index(
        "ix_resource_name",
        "resource",
        ["name_zh", "name_en"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"name_zh": "gin_trgm_ops", "name_en": "gin_trgm_ops"},
    )
    op.create_index("ix_resource_place", "resource", ["place", "kind", "id"], unique=False)
    op.create_index(
        "ix_resource_public_geog",
        "resource",
        [sa.literal_column("CAST(public_geom AS geography)"), "kind"],
        unique=False,
        postgresql_using="gist",
        postgresql_where=sa.text("visibility <> 'restricted'"),
    )
    op.create_geospatial_index(
        "ix_resource_public_geom",
        "resource",
        ["public_geom"],
        unique=False,
        postgresql_using="gist",
        postgresql_where=sa.text("visibility <> 'restricted'"),
        postgresql_ops={},
    )
    op.create_index(
        "ix_resource_public_reach",
        "resource",
        [
            sa.literal_column(
                "_ST_Expand(CAST(public_geom AS geography), watch_radius_m + coalesce(public_uncertainty_m, 0))"
            )
        ],
        unique=False,
        postgresql_using="gist",
        postgresql_where=sa.text(
            "watch_radius_m IS NOT NULL AND public_geom IS NOT NULL AND visibility <> 'restricted'"
        ),
    )
    op.create_index(
        "ix_resource_reach",
        "resource",
        [
            sa.literal_column(
                "_ST_Expand(CAST(geom AS geography), watch_radius_m + coalesce(uncertainty_m, 0))"
            )
        ],
        unique=False,
        postgresql_using="gist",
        postgresql_where=sa.text("watch_radius_m IS NOT NULL AND geom IS NOT NULL"),
    )
    op.create_index(
        "ix_resource_unlocated",
        "resource",
        ["kind", "id"],
        unique=False,
        postgresql_where=sa.text("geom IS NULL"),
    )
    op.create_table(
        "contact",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("realm", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("published", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["realm", "resource_id"],
            ["resource.realm", "resource.id"],
            name=op.f("fk_contact_realm_resource_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        comment="People to call; kept out of features and history so that they can be purged.",
    )
    op.create_index("ix_contact_resource", "contact", ["resource_id"], unique=False)
    op.create_table(
        "external_id",
        sa.Column("realm", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["realm", "resource_id"],
            ["resource.realm", "resource.id"],
            name=op.f("fk_external_id_realm_resource_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("realm", "system", "id", name=op.f("pk_external_id")),
    )
    op.create_index("ix_external_id_resource", "external_id", ["resource_id"], unique=False)
    op.create_table(
        "stock_line",
        sa.Column("realm", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("item_code", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Float(), nullable=True),
        sa.Column("minimum", sa.Float(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("counted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "minimum >= 0 AND minimum < 'Infinity'::float8", name=op.f("ck_stock_line_minimum_range")
        ),
        sa.CheckConstraint(
            "quantity >= 0 AND quantity < 'Infinity'::float8", name=op.f("ck_stock_line_quantity_range")
        ),
        sa.ForeignKeyConstraint(
            ["realm", "resource_id"],
            ["resource.realm", "resource.id"],
            name=op.f("fk_stock_line_realm_resource_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("realm", "resource_id", "scheme", "item_code", name=op.f("pk_stock_line")),
        comment="A depot's stock as it can be asked about; derived from the depot's own record.",
    )
    op.create_index("ix_stock_line_item", "stock_line", ["item_code", "scheme", "quantity"], unique=False)


def downgrade() -> None:
    """Undo."""
    for table in (
        "contact",
        "external_id",
        "stock_line",
        "resource",
        "place_within",
        "place_member",
        "vocabulary",
        "place",
    ):
        op.drop_table(table)
