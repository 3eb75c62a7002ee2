"""Search in names of one and two characters, and in the names and codes of places and zones."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# One number for each character and for each pair of neighbours; a code point has 21 bits.
GRAMS = """
CREATE FUNCTION registry_grams(folded text) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    grams bigint[] := '{}';
    mark text;
    code bigint;
    before bigint;
BEGIN
    FOREACH mark IN ARRAY string_to_array(folded, NULL) LOOP
        code := ascii(mark);
        grams := grams || code;
        IF before IS NOT NULL THEN
            grams := grams || (before << 21 | code);
        END IF;
        before := code;
    END LOOP;
    RETURN grams;
END $$
"""
KEYS = {
    "place": "Names, pinyin and every form of the code, folded as questions are.",
    "zone": "Names, pinyin, identity and road, folded as questions are.",
}


def upgrade() -> None:
    """Apply; `registry render` makes the keys of places and zones that are stored already."""
    op.execute(GRAMS)
    for table, comment in KEYS.items():
        key = sa.Column("search_key", sa.Text, server_default="", nullable=False, comment=comment)
        op.add_column(table, key)
    op.execute("CREATE INDEX ix_place_search_key ON place USING gin (search_key gin_trgm_ops)")
    for table in ("place", "resource"):
        op.execute(f"CREATE INDEX ix_{table}_grams ON {table} USING gin (registry_grams(search_key))")


def downgrade() -> None:
    """Undo."""
    for table in ("place", "resource"):
        op.execute(f"DROP INDEX ix_{table}_grams")
    for table in KEYS:
        op.drop_column(table, "search_key")
    op.execute("DROP FUNCTION registry_grams(text)")
