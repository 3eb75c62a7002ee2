"""The application's role of the first release: its grants, and row security on what it writes.

Row security restricts no reading: a policy on SELECT keeps the planner from the spatial indexes, because the
operators of PostGIS are not leakproof. Reads go through registry.store.visibility instead.
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
END $$
"""
# A temporary table would hide a table of the registry from every later request of its session.
# PostGIS's own tables belong to somebody else. Partitions are reached through their table only: a right on the
# partition itself would go around the policies of the table.
GRANTS = """
DO $$
DECLARE
    home CONSTANT name := current_schema();
    found record;
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO registry_app', home);
    FOR found IN
        SELECT relname, relkind FROM pg_class
         WHERE relnamespace = home::regnamespace AND relkind IN ('r', 'p', 'S')
           AND pg_has_role(current_user, relowner, 'USAGE') AND NOT relispartition
    LOOP
        IF found.relkind = 'S' THEN
            EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE %I TO registry_app', found.relname);
        ELSE
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO registry_app', found.relname);
        END IF;
    END LOOP;
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I
                    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO registry_app', home);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I
                    GRANT USAGE, SELECT ON SEQUENCES TO registry_app', home);
END $$
"""
LESS = (
    "REVOKE INSERT, UPDATE, DELETE ON alembic_version, api_key FROM registry_app",
    "GRANT UPDATE (last_used_at) ON api_key TO registry_app",
    "REVOKE UPDATE, DELETE ON audit, change_log, resource_past, observation, history_seal, place_past FROM registry_app",
)
UNDO = """
DO $$
DECLARE
    home CONSTANT name := current_schema();
    found record;
BEGIN
    FOR found IN
        SELECT relname, relkind FROM pg_class
         WHERE relnamespace = home::regnamespace AND relkind IN ('r', 'p', 'S')
           AND pg_has_role(current_user, relowner, 'USAGE')
    LOOP
        EXECUTE format('REVOKE ALL ON %s %I FROM registry_app',
                       CASE found.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, found.relname);
    END LOOP;
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I REVOKE ALL ON TABLES FROM registry_app', home);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I REVOKE ALL ON SEQUENCES FROM registry_app', home);
    EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM registry_app', home);
END $$
"""
PARTS = ("stock_line", "external_id", "contact")
OF_RECORD = """EXISTS (SELECT FROM resource r WHERE r.realm = {table}.realm AND r.id = {table}.resource_id
    AND registry_may_write(r.place))"""
# An update may read every row, so that a record outside the scope can be locked and is answered 403 and not 404.
# The trigger keep_out then checks what the row was, the policy what it becomes.
POLICIES = {
    **dict.fromkeys(("resource", "entry"), ("true", "registry_may_write(place)")),
    **{table: (OF_RECORD.format(table=table),) * 2 for table in PARTS},
}
NAMES = ("read_all", "add_own", "change_own", "remove_own")


def upgrade() -> None:
    """Apply."""
    for statement in (ROLE, GRANTS, *LESS):
        op.execute(statement)
    for table, (before, own) in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY read_all ON {table} FOR SELECT USING (true)")
        op.execute(f"CREATE POLICY add_own ON {table} FOR INSERT WITH CHECK ({own})")
        op.execute(f"CREATE POLICY change_own ON {table} FOR UPDATE USING ({before}) WITH CHECK ({own})")
        op.execute(f"CREATE POLICY remove_own ON {table} FOR DELETE USING ({own})")


def downgrade() -> None:
    """Undo; the role stays, other databases of the cluster may use it."""
    for table in POLICIES:
        for policy in NAMES:
            op.execute(f"DROP POLICY {policy} ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute(UNDO)
