"""Entries with a geometry, the log of incidents, and which resource is committed to which incident."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BEFORE = (
    "organisation", "responsibility", "hotline", "event", "hazard_point", "expert", "indicator", "agreement",
    "denominator", "inventory",
)  # fmt: skip
ADDED = (
    "site", "hospital", "water_source", "fire_break", "hazard_source", "service_point", "cordon", "incident",
    "warning",
)  # fmt: skip
TABLES = ("entry", "entry_past")


def _registers(*names: str) -> None:
    listed = ", ".join(f"'{name}'" for name in names)
    op.execute("ALTER TABLE entry DROP CONSTRAINT ck_entry_register")
    op.execute(f"ALTER TABLE entry ADD CONSTRAINT ck_entry_register CHECK (register IN ({listed})) NOT VALID")
    op.execute("ALTER TABLE entry VALIDATE CONSTRAINT ck_entry_register")


def upgrade() -> None:
    """Apply."""
    moment = sa.TIMESTAMP(timezone=True)
    _registers(*BEFORE, *ADDED)
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ADD COLUMN geom geometry(GEOMETRY, 4326)")
        op.add_column(
            table,
            sa.Column("uncertainty_m", sa.Float, comment="NULL: nobody said, or there is no position."),
        )
        op.execute(
            f"UPDATE {table} SET geom = ST_SetSRID(ST_GeomFromGeoJSON(body->>'geometry'), 4326)"
            " WHERE jsonb_typeof(body->'geometry') = 'object'"
        )
    op.execute("CREATE INDEX ix_entry_geog ON entry USING gist ((geom::geography), register)")
    op.create_table(
        "incident_log",
        sa.Column("seq", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("realm", sa.Text, nullable=False),
        sa.Column("incident", sa.Uuid, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("text", sa.Text),
        sa.Column("body", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_incident_log"),
        sa.ForeignKeyConstraint(
            ["realm", "incident"], ["entry.realm", "entry.id"], name="fk_incident_log_realm_incident"
        ),
        comment="What was done about an incident, append-only; a dispatch is the fold of its lines.",
    )
    op.create_index("ix_incident_log_incident", "incident_log", ["incident", "seq"])
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON incident_log"
        " FOR EACH STATEMENT EXECUTE FUNCTION registry_append_only()"
    )
    op.execute("REVOKE UPDATE, DELETE ON incident_log FROM registry_app")
    op.create_table(
        "commitment",
        sa.Column("realm", sa.Text, nullable=False),
        sa.Column("resource_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("incident", sa.Uuid, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.PrimaryKeyConstraint("realm", "resource_id", name="pk_commitment"),
        sa.UniqueConstraint("id", name="uq_commitment_id"),
        sa.ForeignKeyConstraint(
            ["realm", "incident"], ["entry.realm", "entry.id"], name="fk_commitment_realm_incident"
        ),
        sa.ForeignKeyConstraint(
            ["realm", "resource_id"],
            ["resource.realm", "resource.id"],
            name="fk_commitment_realm_resource_id",
        ),
        sa.CheckConstraint("state IN ('committed', 'en_route', 'on_scene')", name="ck_commitment_state"),
        comment="Resources that are committed now, each to one incident: two officers cannot commit one twice.",
    )
    op.create_index("ix_commitment_incident", "commitment", ["realm", "incident"])


def downgrade() -> None:
    """Undo; entries of the added registers and their past go with them."""
    op.drop_table("commitment")
    op.drop_table("incident_log")
    op.execute("DROP INDEX ix_entry_geog")
    listed = ", ".join(f"'{name}'" for name in ADDED)
    for table in TABLES:
        op.execute(f"DELETE FROM {table} WHERE register IN ({listed})")
        op.drop_column(table, "uncertainty_m")
        op.drop_column(table, "geom")
    _registers(*BEFORE)
