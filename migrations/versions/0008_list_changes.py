"""Note each transaction that changes what is listed, published or declared, so that what was worked out keeps."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

PLAIN = (
    "realm, kind, place, partner_of, visibility, lifecycle, force, level, tier, form, ownership, placeholder"
)
GROUP = f"{PLAIN}, geom IS NOT NULL, public_geom IS NOT NULL"
UNDATED = "valid_from IS NULL AND valid_to IS NULL"
# Records with dates of validity have no line in the listing: they are counted one by one. What may be near a spot
# without a position is kept too, so that every change of a record without one is noted.
BESIDE = f"NOT ({UNDATED}) OR geom IS NULL OR (public_geom IS NULL AND visibility <> 'restricted')"
CHANGED = f"""
INSERT INTO listing
SELECT {PLAIN}, located, public_located, sum(n) FROM (
    SELECT {PLAIN}, geom IS NOT NULL AS located, public_geom IS NOT NULL AS public_located, 1 AS n
      FROM fresh WHERE {UNDATED}
    UNION ALL
    SELECT {PLAIN}, geom IS NOT NULL, public_geom IS NOT NULL, -1 FROM gone WHERE {UNDATED}
) moved GROUP BY {PLAIN}, located, public_located HAVING sum(n) <> 0
"""
ADDED = f"INSERT INTO listing SELECT {GROUP}, count(*) FROM fresh WHERE {UNDATED} GROUP BY {GROUP}"
REMOVED = f"INSERT INTO listing SELECT {GROUP}, -count(*) FROM gone WHERE {UNDATED} GROUP BY {GROUP}"
RECOUNTED = f"""
    DELETE FROM listing WHERE realm = counted;
    INSERT INTO listing SELECT {GROUP}, count(*) FROM resource WHERE realm = counted AND {UNDATED} GROUP BY {GROUP};
"""
FOLDED = f"""
    WITH gone AS (DELETE FROM listing RETURNING *)
    INSERT INTO listing SELECT {PLAIN}, located, public_located, sum(n) FROM gone
     GROUP BY {PLAIN}, located, public_located HAVING sum(n) <> 0;
"""
NOTE = "INSERT INTO list_change DEFAULT VALUES ON CONFLICT DO NOTHING"
# Readers compare with the latest number alone, so that all others can go.
FORGET = "DELETE FROM list_change WHERE xid < (SELECT xid FROM list_change ORDER BY xid DESC LIMIT 1);"
LINES = """
RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    lines bigint;
BEGIN
    {lines};
    GET DIAGNOSTICS lines = ROW_COUNT;
    IF lines > 0 OR {beside} THEN
        {note};
    END IF;
    RETURN NULL;
END $$
"""
PLAIN_LINES = (
    "RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$ BEGIN {}; RETURN NULL; END $$"
)
SQL = "RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$ {} $$"
FRESH, GONE = (f"EXISTS (SELECT FROM {rows} WHERE {BESIDE})" for rows in ("fresh", "gone"))
NOTING = {
    "registry_note_list_change()": PLAIN_LINES.format(NOTE),
    "registry_list_added()": LINES.format(lines=ADDED, beside=FRESH, note=NOTE),
    "registry_list_changed()": LINES.format(lines=CHANGED, beside=f"{FRESH} OR {GONE}", note=NOTE),
    "registry_list_removed()": LINES.format(lines=REMOVED, beside=GONE, note=NOTE),
    "registry_list_emptied()": PLAIN_LINES.format(f"DELETE FROM listing; {NOTE}"),
    "registry_recount(counted text)": SQL.format(f"{RECOUNTED} {NOTE}"),
    "registry_fold_listing()": SQL.format(f"{FOLDED} {FORGET}"),
}
SILENT = {
    "registry_list_added()": PLAIN_LINES.format(ADDED),
    "registry_list_changed()": PLAIN_LINES.format(CHANGED),
    "registry_list_removed()": PLAIN_LINES.format(REMOVED),
    "registry_list_emptied()": PLAIN_LINES.format("DELETE FROM listing"),
    "registry_recount(counted text)": SQL.format(RECOUNTED),
    "registry_fold_listing()": SQL.format(FOLDED),
}
NOTED = ("place", "place_within", "provision")
INVENTORIES = (
    "note_inventory AFTER INSERT OR UPDATE ON entry FOR EACH ROW WHEN (NEW.register = 'inventory')",
    "note_removed_inventory AFTER DELETE ON entry FOR EACH ROW WHEN (OLD.register = 'inventory')",
    "note_emptied AFTER TRUNCATE ON entry FOR EACH STATEMENT",
)


def upgrade() -> None:
    """Apply."""
    op.execute("CREATE TABLE list_change (xid xid8 NOT NULL DEFAULT pg_current_xact_id())")
    op.execute("ALTER TABLE list_change ADD CONSTRAINT pk_list_change PRIMARY KEY (xid)")
    op.execute(
        "COMMENT ON TABLE list_change IS"
        " 'Transactions that changed what is listed, published or declared; the latest counts.'"
    )
    for signature, body in NOTING.items():
        op.execute(f"CREATE OR REPLACE FUNCTION {signature} {body}")
    for table in NOTED:
        op.execute(
            f"CREATE TRIGGER note_list_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION registry_note_list_change()"
        )
    for trigger in INVENTORIES:
        op.execute(f"CREATE TRIGGER {trigger} EXECUTE FUNCTION registry_note_list_change()")


def downgrade() -> None:
    """Undo; the triggers go with the function."""
    op.execute("DROP FUNCTION registry_note_list_change() CASCADE")
    for signature, body in SILENT.items():
        op.execute(f"CREATE OR REPLACE FUNCTION {signature} {body}")
    op.execute("DROP TABLE list_change")
