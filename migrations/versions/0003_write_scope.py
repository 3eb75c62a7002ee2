"""The application's own role, and what it may write: records under the places of who asks.

Reading is not restricted by row security: a policy on SELECT keeps the planner from the spatial indexes,
because PostGIS's operators are not leakproof. Reads go through registry.store.visibility instead.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'registry_app') THEN
        BEGIN
            CREATE ROLE registry_app NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- another database of this cluster made it just now
        END;
    END IF;
    IF NOT pg_has_role(current_user, 'registry_app', 'MEMBER') THEN
        EXECUTE format('GRANT registry_app TO %I', current_user);
    END IF;
END $$
"""
GRANTS = """
DO $$
DECLARE named text;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO registry_app', current_schema());
    FOR named IN
        SELECT oid::regclass::text FROM pg_class
         WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
           AND pg_has_role(current_user, relowner, 'USAGE') AND NOT relispartition
    LOOP
        EXECUTE 'GRANT SELECT, INSERT, UPDATE, DELETE ON ' || named || ' TO registry_app';
    END LOOP;
    EXECUTE format(
        'ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO registry_app',
        current_schema());
    EXECUTE format(
        'ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT USAGE, SELECT ON SEQUENCES TO registry_app',
        current_schema());
END $$
"""
LESS = [
    "REVOKE INSERT, UPDATE, DELETE ON alembic_version, api_key FROM registry_app",
    "GRANT UPDATE (last_used_at) ON api_key TO registry_app",
]
MAY_WRITE = """
CREATE FUNCTION registry_may_write(held text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE current_setting('registry.scope', true)
        WHEN '*' THEN true
        ELSE EXISTS (
            SELECT FROM place_within
             WHERE code = held AND ancestor = ANY (string_to_array(current_setting('registry.scope', true), ' '))
        )
    END
$$
"""
KEEP_OUT = """
CREATE FUNCTION registry_keep_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT registry_may_write(OLD.place) THEN
        RAISE insufficient_privilege USING MESSAGE = 'the record is outside the scope of this transaction';
    END IF;
    RETURN NEW;
END $$
"""
# An update may read every row, so that a record outside the scope can be locked and answered 403 and not 404.
# What it was is then checked by the trigger, what it becomes by the policy.
RECORDS = [
    "ALTER TABLE resource ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY read_all ON resource FOR SELECT USING (true)",
    "CREATE POLICY add_own ON resource FOR INSERT WITH CHECK (registry_may_write(place))",
    "CREATE POLICY change_own ON resource FOR UPDATE USING (true) WITH CHECK (registry_may_write(place))",
    "CREATE POLICY remove_own ON resource FOR DELETE USING (registry_may_write(place))",
    """CREATE TRIGGER keep_out BEFORE UPDATE ON resource FOR EACH ROW
       WHEN (current_user = 'registry_app') EXECUTE FUNCTION registry_keep_out()""",
]
PARTS = ("stock_line", "external_id", "contact")
OWN = """EXISTS (SELECT FROM resource r WHERE r.realm = {table}.realm AND r.id = {table}.resource_id
         AND registry_may_write(r.place))"""


def upgrade() -> None:
    """Apply."""
    for statement in (ROLE, GRANTS, *LESS, MAY_WRITE, KEEP_OUT, *RECORDS):
        op.execute(statement)
    for table in PARTS:
        own = OWN.format(table=table)
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY read_all ON {table} FOR SELECT USING (true)")
        op.execute(f"CREATE POLICY add_own ON {table} FOR INSERT WITH CHECK ({own})")
        op.execute(f"CREATE POLICY change_own ON {table} FOR UPDATE USING ({own}) WITH CHECK ({own})")
        op.execute(f"CREATE POLICY remove_own ON {table} FOR DELETE USING ({own})")


UNDO = """
DO $$
DECLARE named text;
BEGIN
    FOR named IN
        SELECT oid::regclass::text FROM pg_class
         WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
           AND pg_has_role(current_user, relowner, 'USAGE')
    LOOP
        EXECUTE 'REVOKE ALL ON ' || named || ' FROM registry_app';
    END LOOP;
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I REVOKE ALL ON TABLES FROM registry_app', current_schema());
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I REVOKE ALL ON SEQUENCES FROM registry_app', current_schema());
    EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM registry_app', current_schema());
END $$
"""


def downgrade() -> None:
    """Undo; the role stays, other databases of the cluster may use it."""
    op.execute("DROP TRIGGER keep_out ON resource")
    for table in ("resource", *PARTS):
        for policy in ("read_all", "add_own", "change_own", "remove_own"):
            op.execute(f"DROP POLICY {policy} ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute("DROP FUNCTION registry_keep_out(), registry_may_write(text)")
    op.execute(UNDO)
