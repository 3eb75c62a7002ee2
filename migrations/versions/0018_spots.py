"""A window of many records is counted and sorted from an index that returns their positions."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

SPOTS = {"spot": "geom", "public_spot": "public_geom"}
CELLS = {"spot": "cell", "public_spot": "public_cell"}
LISTED = "id, realm, visibility, lifecycle, place, capacity_persons, level, opening, readiness, operational"
WHERE = {"public_spot": " WHERE visibility <> 'restricted'"}


def upgrade() -> None:
    """Apply."""
    op.drop_index("ix_resource_past_geom", "resource_past")
    for of in SPOTS.values():
        op.execute(f"CREATE INDEX ix_resource_past_{of} ON resource_past USING gist (({of}::point))")
    for of in SPOTS.values():
        op.drop_index(f"ix_resource_{of}", "resource")
    added = (
        f"ADD COLUMN {name} point GENERATED ALWAYS AS ({of}::point) STORED" for name, of in SPOTS.items()
    )
    op.execute(f"ALTER TABLE resource {', '.join(added)}")
    for name in SPOTS:
        op.execute(
            f"CREATE INDEX ix_resource_{name} ON resource USING gist ({name}, kind)"
            f" INCLUDE ({LISTED}, {CELLS[name]}){WHERE.get(name, '')}"
        )


def downgrade() -> None:
    """Undo."""
    for of in SPOTS.values():
        op.drop_index(f"ix_resource_past_{of}", "resource_past")
    op.execute("CREATE INDEX ix_resource_past_geom ON resource_past USING gist (geom)")
    for name, of in SPOTS.items():
        op.drop_index(f"ix_resource_{name}", "resource")
        op.drop_column("resource", name)
        op.execute(f"CREATE INDEX ix_resource_{of} ON resource USING gist ({of}, kind){WHERE.get(name, '')}")
