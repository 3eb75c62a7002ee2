"""The functions and triggers of the first release: derived columns and counts, append-only tables, write scope."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PLAIN = (
    "realm, kind, place, partner_of, visibility, lifecycle, force, level, tier, form, ownership, placeholder"
)
GROUP = f"{PLAIN}, geom IS NOT NULL, public_geom IS NOT NULL"
UNDATED = "valid_from IS NULL AND valid_to IS NULL"
# Every statement adds lines to the listing and changes none, so that two transactions never wait for each other.
LISTING = "RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$ BEGIN {}; RETURN NULL; END $$"
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
LISTED = (
    "list_added AFTER INSERT ON resource REFERENCING NEW TABLE AS fresh",
    "list_changed AFTER UPDATE ON resource REFERENCING OLD TABLE AS gone NEW TABLE AS fresh",
    "list_removed AFTER DELETE ON resource REFERENCING OLD TABLE AS gone",
    "list_emptied AFTER TRUNCATE ON resource",
)

# A function that looks tables up has the search path of the migration: pg_restore clears its own.
FUNCTIONS = {
    "registry_follow_place()": """
RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    NEW.partner_of := (SELECT partner_of FROM place WHERE code = NEW.place);
    RETURN NEW;
END $$
""",
    "registry_list_added()": LISTING.format(ADDED),
    "registry_list_changed()": LISTING.format(CHANGED),
    "registry_list_removed()": LISTING.format(REMOVED),
    "registry_list_emptied()": LISTING.format("DELETE FROM listing"),
    "registry_recount(counted text)": f"""
RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
    DELETE FROM listing WHERE realm = counted;
    INSERT INTO listing SELECT {GROUP}, count(*) FROM resource WHERE realm = counted AND {UNDATED} GROUP BY {GROUP};
$$
""",
    "registry_fold_listing()": f"""
RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
    WITH gone AS (DELETE FROM listing RETURNING *)
    INSERT INTO listing SELECT {PLAIN}, located, public_located, sum(n) FROM gone
     GROUP BY {PLAIN}, located, public_located HAVING sum(n) <> 0
$$
""",
    "registry_may_write(held text)": """
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE current_setting('registry.scope', true)
        WHEN '*' THEN true
        ELSE EXISTS (
            SELECT FROM place_within
             WHERE code = held AND ancestor = ANY (string_to_array(current_setting('registry.scope', true), ' '))
        )
    END
$$
""",
    "registry_keep_out()": """
RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT registry_may_write(OLD.place) THEN
        RAISE insufficient_privilege USING MESSAGE = 'the record is outside the scope of this transaction';
    END IF;
    RETURN NEW;
END $$
""",
    "registry_append_only()": """
RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE insufficient_privilege USING MESSAGE = TG_TABLE_NAME || ' is append-only';
END $$
""",
}
APPEND_ONLY = ("audit", "change_log", "resource_past", "observation", "history_seal")
SCOPED = ("resource", "entry")
"""Tables whose rows the application changes only under the places of the actor."""


def upgrade() -> None:
    """Apply."""
    for signature, body in FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {signature} {body}")
    op.execute(
        "CREATE TRIGGER follow_place BEFORE INSERT OR UPDATE ON resource"
        " FOR EACH ROW EXECUTE FUNCTION registry_follow_place()"
    )
    for trigger in LISTED:
        function = f"registry_{trigger.partition(' ')[0]}"
        op.execute(f"CREATE TRIGGER {trigger} FOR EACH STATEMENT EXECUTE FUNCTION {function}()")
    for table in SCOPED:
        op.execute(
            f"CREATE TRIGGER keep_out BEFORE UPDATE ON {table} FOR EACH ROW"
            " WHEN (current_user = 'registry_app') EXECUTE FUNCTION registry_keep_out()"
        )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION registry_append_only()"
        )


def downgrade() -> None:
    """Undo; the triggers go with the functions."""
    for signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature} CASCADE")
