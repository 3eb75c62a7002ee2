"""The nearest that are not a partner's are found beside the partners too, without reading past all of those."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

GEOG = {"ix_resource_geog": ("geom", ""), "ix_resource_public_geog": ("public_geom", " WHERE {}")}
SHOWN = "visibility <> 'restricted'"


def _make(more: str) -> None:
    for name, (column, shown) in GEOG.items():
        op.drop_index(name, "resource")
        keys = f"({column}::geography), kind{more}"
        op.execute(f"CREATE INDEX {name} ON resource USING gist ({keys}){shown.format(SHOWN)}")


def upgrade() -> None:
    """Apply."""
    _make(", ((partner_of IS NULL)::integer)")


def downgrade() -> None:
    """Undo."""
    _make("")
