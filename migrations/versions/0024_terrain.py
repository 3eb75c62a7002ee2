"""Terrain: elevations, how high watch points look from, and what they see over them."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

MOMENT = sa.TIMESTAMP(timezone=True)
ONLY = "ck_resource_only_fire_watch_point"
BEFORE = "form IS NULL AND watch_radius_m IS NULL AND sector_from_deg IS NULL AND footprint IS NULL"
CHECKS = {
    "ck_resource_eye_height_range": "eye_height_m > 0 AND eye_height_m <= 500",
    ONLY: f"kind = 'fire_watch_point' OR (eye_height_m IS NULL AND {BEFORE} AND operational IS NULL)",
}


def _eye_height() -> None:
    for table in ("resource", "resource_past"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN eye_height_m float8")
    op.execute(f"ALTER TABLE resource DROP CONSTRAINT {ONLY}")
    for name, condition in CHECKS.items():
        op.execute(f"ALTER TABLE resource ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID")
    for name in CHECKS:
        op.execute(f"ALTER TABLE resource VALIDATE CONSTRAINT {name}")


def _models() -> None:
    op.create_table(
        "terrain_model",
        sa.Column("version", sa.Integer, sa.Identity(always=True), nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("surface", sa.Text, nullable=False),
        sa.Column("vertical_error_m", sa.Float, nullable=False),
        sa.Column("canopy_m", sa.Float),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("loaded_at", MOMENT, nullable=False),
        sa.Column("loaded_by", sa.Text, nullable=False),
        sa.Column("cells", sa.BigInteger, nullable=False),
        sa.Column("voids", sa.BigInteger, nullable=False),
        *(sa.Column(f"{side}_deg", sa.Float, nullable=False) for side in ("west", "south", "east", "north")),
        sa.PrimaryKeyConstraint("version", name="pk_terrain_model"),
        sa.CheckConstraint("surface IN ('dsm', 'dtm')", name="ck_terrain_model_surface"),
        comment="What is said of elevations; the one with the greatest version is in use.",
    )
    op.create_table(
        "terrain_grid",
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("crs", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Float, nullable=False) for name in ("first_x", "first_y", "step_x", "step_y")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("columns", "rows")),
        *(sa.Column(f"{side}_deg", sa.Float, nullable=False) for side in ("west", "south", "east", "north")),
        sa.PrimaryKeyConstraint("version", "number", name="pk_terrain_grid"),
        sa.ForeignKeyConstraint(
            ["version"], ["terrain_model.version"], name="fk_terrain_grid_version", ondelete="CASCADE"
        ),
        comment="The grids of a model, one a file: where their cells lie.",
    )
    op.create_table(
        "terrain_chunk",
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("across", sa.Integer, nullable=False),
        sa.Column("down", sa.Integer, nullable=False),
        sa.Column("heights", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("version", "number", "across", "down", name="pk_terrain_chunk"),
        sa.ForeignKeyConstraint(
            ["version", "number"],
            ["terrain_grid.version", "terrain_grid.number"],
            name="fk_terrain_chunk_version_terrain_grid",
            ondelete="CASCADE",
        ),
        comment="Squares of a grid with any height: 32-bit floats, bytes by their rank, deflated.",
    )
    op.execute("ALTER TABLE terrain_chunk ALTER COLUMN heights SET STORAGE EXTERNAL")


def _seen() -> None:
    op.create_table(
        "terrain_seen",
        sa.Column("realm", sa.Text, nullable=False),
        sa.Column("resource_id", sa.Uuid, nullable=False),
        sa.Column("smoke_height_m", sa.Float, nullable=False),
        sa.Column("basis", sa.Text, nullable=False, comment="The digest of all that it depends on."),
        sa.Column("resource_version", sa.Integer, nullable=False),
        sa.Column("model_version", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, comment="Why it cannot be worked out."),
        *(sa.Column(name, sa.LargeBinary) for name in ("lower", "nominal", "upper")),
        sa.Column("unknown_m2", sa.Float),
        sa.Column("drawn_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("realm", "resource_id", "smoke_height_m", name="pk_terrain_seen"),
        sa.ForeignKeyConstraint(
            ["realm", "resource_id"],
            ["resource.realm", "resource.id"],
            name="fk_terrain_seen_realm_resource",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("(reason IS NULL) = (nominal IS NOT NULL)", name="ck_terrain_seen_drawn"),
        comment="Where smoke of a height is seen from a watch point, as WKB: at least, as recorded, at most.",
    )


def upgrade() -> None:
    """Apply."""
    _eye_height()
    _models()
    _seen()


def downgrade() -> None:
    """Undo; the elevations are given up."""
    for table in ("terrain_seen", "terrain_chunk", "terrain_grid", "terrain_model"):
        op.drop_table(table)
    op.execute(f"ALTER TABLE resource DROP CONSTRAINT {ONLY}")
    for table in ("resource", "resource_past"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN eye_height_m")
    condition = f"kind = 'fire_watch_point' OR ({BEFORE} AND operational IS NULL)"
    op.execute(f"ALTER TABLE resource ADD CONSTRAINT {ONLY} CHECK ({condition})")
