"""The functions and triggers of the first release: derived columns, append-only tables, write scope."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# plpgsql functions that look tables up have the search path of the migration: pg_restore clears its own.
FUNCTIONS = {
    "registry_follow_place()": """
RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    NEW.partner_of := (SELECT partner_of FROM place WHERE code = NEW.place);
    RETURN NEW;
END $$
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
    RAISE insufficient_privilege USING MESSAGE = TG_TABLE_NAME || ' is only added to';
END $$
""",
    "refuse_rewriting()": """
RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
""",
}
APPEND_ONLY = {
    "audit": "registry_append_only",
    "change_log": "refuse_rewriting",
    "resource_past": "refuse_rewriting",
    "observation": "refuse_rewriting",
    "history_seal": "refuse_rewriting",
}
SCOPED = ("resource", "entry")
"""Tables whose rows the application changes only under the places of who asks."""


def upgrade() -> None:
    """Apply."""
    for signature, body in FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {signature} {body}")
    op.execute(
        "CREATE TRIGGER follow_place BEFORE INSERT OR UPDATE ON resource"
        " FOR EACH ROW EXECUTE FUNCTION registry_follow_place()"
    )
    for table in SCOPED:
        op.execute(
            f"CREATE TRIGGER keep_out BEFORE UPDATE ON {table} FOR EACH ROW"
            " WHEN (current_user = 'registry_app') EXECUTE FUNCTION registry_keep_out()"
        )
    for table, function in APPEND_ONLY.items():
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )


def downgrade() -> None:
    """Undo; the triggers go with the functions."""
    for signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature.replace('held ', '')} CASCADE")
