"""Versions that are past, the change log and its seal, observations, corrections, idempotency keys."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


APPEND_ONLY = ("change_log", "resource_past", "observation", "history_seal")
CHECKS = {
    "located_has_geometry": (
        "(quality IN ('surveyed', 'approximate')) = (geom IS NOT NULL)",
        "(quality IN ('surveyed', 'approximate') OR seen_at IS NOT NULL) = (geom IS NOT NULL)",
    ),
    "public_geometry": (
        "(geom IS NULL) = (public_geom IS NULL)",
        "public_geom IS NULL OR geom IS NOT NULL",
    ),
}


class Xid8(sa.types.UserDefinedType):
    """A transaction number that never wraps."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """The type's own name."""
        return "xid8"


def upgrade() -> None:
    """Apply."""
    op.create_geospatial_table(
        "change_log",
        sa.Column("xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("realm", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("place_before", sa.Text(), nullable=True),
        sa.Column("place_after", sa.Text(), nullable=True),
        sa.Column("visibility_before", sa.Text(), nullable=True),
        sa.Column("visibility_after", sa.Text(), nullable=False),
        sa.Column("gone_before", sa.Boolean(), nullable=False),
        sa.Column("gone_after", sa.Boolean(), nullable=False),
        sa.Column(
            "point_before",
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
            "point_after",
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
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("device_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("xid", "seq", name=op.f("pk_change_log")),
    )
    op.create_index("ix_change_log_resource", "change_log", ["resource_id", "version"], unique=False)
    op.create_table(
        "feed_epoch",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("epoch", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("one", name=op.f("ck_feed_epoch_one_row")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_feed_epoch")),
        comment="Changes when cursors given before must not be trusted any more.",
    )
    op.create_table(
        "history_seal",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("upto_xid", Xid8(), nullable=False),
        sa.Column("upto_seq", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_history_seal")),
        comment="A keyed hash chain over the change log, so that a row altered, dropped or moved is found.",
    )
    op.create_table(
        "idempotency",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("replayed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("actor", "key", name=op.f("pk_idempotency")),
    )
    op.create_index("ix_idempotency_created_at", "idempotency", ["created_at"], unique=False)
    op.create_geospatial_table(
        "resource_past",
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
        sa.Column("seen_at", sa.TIMESTAMP(timezone=True), nullable=True),
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
        sa.Column("superseded_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("realm", "id", "version", name=op.f("pk_resource_past")),
    )
    op.create_index(
        "ix_resource_past_geog",
        "resource_past",
        [sa.literal_column("CAST(geom AS geography)"), "kind"],
        unique=False,
        postgresql_using="gist",
    )
    op.create_geospatial_index(
        "ix_resource_past_geom",
        "resource_past",
        ["geom"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_table(
        "correction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("realm", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("members", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("overlapping", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'accepted', 'rejected')", name=op.f("ck_correction_state")),
        sa.CheckConstraint("subject IN ('location', 'conflict')", name=op.f("ck_correction_subject")),
        sa.ForeignKeyConstraint(
            ["realm", "resource_id"],
            ["resource.realm", "resource.id"],
            name=op.f("fk_correction_realm_resource_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        comment="Changes that wait for a person: proposed locations, and edits that met another edit.",
    )
    op.create_index(
        "ix_correction_open",
        "correction",
        ["realm", "at"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_correction_resource", "correction", ["resource_id"], unique=False)
    op.create_table(
        "observation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("realm", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("observed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["realm", "resource_id"],
            ["resource.realm", "resource.id"],
            name=op.f("fk_observation_realm_resource_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observation")),
        comment="What somebody reported, append-only; the current state of a resource is derived from it.",
    )
    op.create_index("ix_observation_resource", "observation", ["resource_id", "observed_at"], unique=False)
    op.add_column("resource", sa.Column("seen_at", sa.TIMESTAMP(timezone=True), nullable=True))
    for name, (_, condition) in CHECKS.items():
        op.drop_constraint(f"ck_resource_{name}", "resource")
        op.create_check_constraint(op.f(f"ck_resource_{name}"), "resource", condition)
    op.execute("INSERT INTO feed_epoch DEFAULT VALUES")
    op.execute(
        "CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM registry_app")
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()"
        )


def downgrade() -> None:
    """Undo."""
    for table in ("idempotency", "correction", "observation", *APPEND_ONLY, "feed_epoch"):
        op.execute(f"DROP TABLE IF EXISTS {table}")
    op.execute("DROP FUNCTION refuse_rewriting")
    for name, (condition, _) in CHECKS.items():
        op.drop_constraint(f"ck_resource_{name}", "resource")
        op.create_check_constraint(op.f(f"ck_resource_{name}"), "resource", condition)
    op.drop_column("resource", "seen_at")
