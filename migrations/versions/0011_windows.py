"""Windows of one kind are found by one index."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INDEXES = {"ix_resource_geom": "geom", "ix_resource_public_geom": "public_geom"}
WHERE = {"ix_resource_public_geom": " WHERE visibility <> 'restricted'"}


def _make(more: str) -> None:
    for name, column in INDEXES.items():
        op.drop_index(name, "resource")
        op.execute(f"CREATE INDEX {name} ON resource USING gist ({column}{more}){WHERE.get(name, '')}")


def upgrade() -> None:
    """Apply."""
    _make(", kind")


def downgrade() -> None:
    """Undo."""
    _make("")
