"""Counts of records that are alike, kept by triggers, and the mark of a record made from a published total."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PLAIN = (
    "realm, kind, place, partner_of, visibility, lifecycle, force, level, tier, form, ownership, placeholder"
)
GROUP = "@plain, geom IS NOT NULL, public_geom IS NOT NULL"
UNDATED = "valid_from IS NULL AND valid_to IS NULL"
# Every statement adds lines and changes none, so that two transactions never wait for each other here.
CHANGED = """
INSERT INTO listing
SELECT @plain, located, public_located, sum(n) FROM (
    SELECT @plain, geom IS NOT NULL AS located, public_geom IS NOT NULL AS public_located, 1 AS n
      FROM fresh WHERE @undated
    UNION ALL
    SELECT @plain, geom IS NOT NULL, public_geom IS NOT NULL, -1 FROM gone WHERE @undated
) moved GROUP BY @plain, located, public_located HAVING sum(n) <> 0
"""
ADDED = "INSERT INTO listing SELECT @group, count(*) FROM fresh WHERE @undated GROUP BY @group"
REMOVED = "INSERT INTO listing SELECT @group, -count(*) FROM gone WHERE @undated GROUP BY @group"
# The search path is that of the migration: pg_restore clears its own.
TRIGGER = "RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$ BEGIN {0}; RETURN NULL; END $$"
RECOUNT = """
RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
    DELETE FROM listing WHERE realm = counted;
    INSERT INTO listing SELECT @group, count(*) FROM resource WHERE realm = counted AND @undated GROUP BY @group;
$$
"""
FOLDED = """
RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
    WITH gone AS (DELETE FROM listing RETURNING *)
    INSERT INTO listing SELECT @plain, located, public_located, sum(n) FROM gone
     GROUP BY @plain, located, public_located HAVING sum(n) <> 0
$$
"""
FUNCTIONS = {
    "registry_list_added()": TRIGGER.format(ADDED),
    "registry_list_changed()": TRIGGER.format(CHANGED),
    "registry_list_removed()": TRIGGER.format(REMOVED),
    "registry_list_emptied()": TRIGGER.format("DELETE FROM listing"),
    "registry_recount(counted text)": RECOUNT,
    "registry_fold_listing()": FOLDED,
}
TRIGGERS = (
    "list_added AFTER INSERT ON resource REFERENCING NEW TABLE AS fresh",
    "list_changed AFTER UPDATE ON resource REFERENCING OLD TABLE AS gone NEW TABLE AS fresh",
    "list_removed AFTER DELETE ON resource REFERENCING OLD TABLE AS gone",
    "list_emptied AFTER TRUNCATE ON resource",
)
MARK = "ADD COLUMN placeholder boolean NOT NULL DEFAULT false"
MARKED = """UPDATE {0} SET placeholder = true WHERE feature LIKE '%"confidence":"placeholder"%'"""
TABLE = """
CREATE TABLE listing (
    realm text NOT NULL, kind text NOT NULL, place text, partner_of text, visibility text NOT NULL,
    lifecycle text NOT NULL, force text, level text, tier text, form text, ownership text,
    placeholder boolean NOT NULL, located boolean NOT NULL, public_located boolean NOT NULL, n bigint NOT NULL
)
"""
COMMENTS = (
    "COMMENT ON TABLE listing IS 'How many records without dates of validity are alike: the sum of n."
    " Triggers add lines to it.'",
    "COMMENT ON COLUMN resource.placeholder IS 'Made from a published total.'",
    "COMMENT ON COLUMN resource_past.placeholder IS 'Made from a published total.'",
)


def _written_out(body: str) -> str:
    for name, text in {"@group": GROUP, "@plain": PLAIN, "@undated": UNDATED}.items():
        body = body.replace(name, text)
    return body


def upgrade() -> None:
    """Apply."""
    for table in ("resource", "resource_past"):
        op.execute(f"ALTER TABLE {table} {MARK}")
    op.execute(MARKED.format("resource"))
    op.execute(
        "CREATE INDEX ix_resource_dated ON resource (realm, kind)"
        " WHERE valid_from IS NOT NULL OR valid_to IS NOT NULL"
    )
    op.execute(TABLE)
    op.execute("CREATE INDEX ix_listing_kind ON listing (realm, kind, place)")
    for statement in COMMENTS:
        op.execute(statement)
    for signature, body in FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {signature} {_written_out(body)}")
    for trigger in TRIGGERS:
        function = f"registry_{trigger.partition(' ')[0]}"
        op.execute(f"CREATE TRIGGER {trigger} FOR EACH STATEMENT EXECUTE FUNCTION {function}()")
    op.execute("SELECT registry_recount(realm) FROM (SELECT DISTINCT realm FROM resource) realms")


def downgrade() -> None:
    """Undo; the triggers go with the functions."""
    for signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature.replace('counted ', '')} CASCADE")
    op.execute("DROP TABLE listing")
    op.execute("DROP INDEX ix_resource_dated")
    for table in ("resource", "resource_past"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN placeholder")
