"""Records carry their cell of the map, so that a tile of many is counted from an index."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Column and row at zoom 24 in WebMercatorQuad, their bits interleaved: the Z-order curve, columns in even bits.
CELL = """
CREATE FUNCTION registry_cell(point geometry) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT AS $$
DECLARE
    side CONSTANT float8 := 16777216;
    lat CONSTANT float8 := least(greatest(ST_Y(point), -85.05112877980659), 85.05112877980659);
    col bigint := least(greatest(floor((ST_X(point) + 180) / 360 * side), 0), side - 1);
    line bigint := least(greatest(floor((1 - ln(tan(radians(45 + lat / 2))) / pi()) / 2 * side), 0), side - 1);
BEGIN
    col := (col | (col << 16)) & 281470681808895;
    col := (col | (col << 8)) & 71777214294589695;
    col := (col | (col << 4)) & 1085102592571150095;
    col := (col | (col << 2)) & 3689348814741910323;
    col := (col | (col << 1)) & 6148914691236517205;
    line := (line | (line << 16)) & 281470681808895;
    line := (line | (line << 8)) & 71777214294589695;
    line := (line | (line << 4)) & 1085102592571150095;
    line := (line | (line << 2)) & 3689348814741910323;
    line := (line | (line << 1)) & 6148914691236517205;
    RETURN col | (line << 1);
END $$
"""
CELLS = {"cell": "geom", "public_cell": "public_geom"}


def upgrade() -> None:
    """Apply."""
    op.execute(CELL)
    for name, of in CELLS.items():
        made = sa.Computed(f"registry_cell({of})", persisted=True)
        op.add_column("resource", sa.Column(name, sa.BigInteger(), made, nullable=True))
        op.execute(
            f"CREATE INDEX ix_resource_{name} ON resource ({name})"
            " INCLUDE (kind, realm, visibility, lifecycle, place)"
        )


def downgrade() -> None:
    """Undo."""
    for name in CELLS:
        op.drop_index(f"ix_resource_{name}", "resource")
        op.drop_column("resource", name)
    op.execute("DROP FUNCTION registry_cell(geometry)")
