"""Indexes for what a situation asks: the nearest partners, and watch points without a position."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

FOLLOW = """
CREATE FUNCTION registry_follow_place() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    NEW.partner_of := (SELECT partner_of FROM place WHERE code = NEW.place);
    RETURN NEW;
END $$
"""
TRIGGER = """
CREATE TRIGGER follow_place BEFORE INSERT OR UPDATE ON resource
FOR EACH ROW EXECUTE FUNCTION registry_follow_place()
"""
TABLES = ("resource", "resource_past")
FILL = """
UPDATE {table} SET partner_of = place.partner_of FROM place
WHERE place.code = {table}.place AND place.partner_of IS NOT NULL
"""
# The past is append-only for everybody; this once it learns what its places were.
FILLS = [
    FILL.format(table="resource"),
    "ALTER TABLE resource_past DISABLE TRIGGER append_only",
    FILL.format(table="resource_past"),
    "ALTER TABLE resource_past ENABLE TRIGGER append_only",
]
INDEXES = {
    "ix_resource_partner_geog": "USING gist ((geom::geography)) WHERE partner_of IS NOT NULL",
    "ix_resource_public_partner_geog": (
        "USING gist ((public_geom::geography)) WHERE partner_of IS NOT NULL AND visibility <> 'restricted'"
    ),
    "ix_resource_unplaced": (
        "(kind, place) INCLUDE (realm, lifecycle, visibility, valid_from, valid_to, watch_radius_m)"
        " WHERE geom IS NULL"
    ),
}


def upgrade() -> None:
    """Apply."""
    comment = "That of the place; a trigger keeps it."
    for table in TABLES:
        op.add_column(table, sa.Column("partner_of", sa.Text(), nullable=True, comment=comment))
    for statement in (*FILLS, FOLLOW, TRIGGER):
        op.execute(statement)
    for name, form in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON resource {form}")


def downgrade() -> None:
    """Undo."""
    for name in INDEXES:
        op.drop_index(name, "resource")
    op.execute("DROP TRIGGER follow_place ON resource")
    op.execute("DROP FUNCTION registry_follow_place()")
    for table in TABLES:
        op.drop_column(table, "partner_of")
