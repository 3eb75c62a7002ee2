"""One order of history that outlives a cluster: incarnations, the key of each seal, and the pepper in use.

`xid` of the change log is the number of a transaction in this order: the incarnation in the upper bits, the
server's own transaction number in the lower 44. Rows of before are of incarnation 0 and stay as they are.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# A start of the server, its database and the table together: each is new after some way of moving a registry.
FUNCTIONS = {
    "registry_server()": """
RETURNS text LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT concat_ws('/', (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint,
                     (SELECT oid FROM pg_database WHERE datname = current_database()),
                     'change_log'::regclass::oid)
$$
""",
    # Transactions of an incarnation that has ended are all settled. A standby reads the incarnation of its primary.
    "registry_horizon()": """
RETURNS xid8 LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT (CASE WHEN pg_is_in_recovery() OR server = registry_server()
                 THEN (n << 44) + pg_snapshot_xmin(pg_current_snapshot())::text::bigint
                 ELSE (n + 1) << 44 END)::text::xid8
      FROM incarnation ORDER BY n DESC LIMIT 1
$$
""",
    "registry_incarnation()": """
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    here CONSTANT text := registry_server();
    latest record;
BEGIN
    FOR attempt IN 1..2 LOOP
        SELECT n, server INTO latest FROM incarnation ORDER BY n DESC LIMIT 1;
        IF latest.server = here THEN
            RETURN latest.n;
        END IF;
        PERFORM pg_advisory_xact_lock(730512);
    END LOOP;
    INSERT INTO incarnation (n, server) VALUES (coalesce(latest.n + 1, 0), here);
    RETURN coalesce(latest.n + 1, 0);
END $$
""",
    "registry_order()": """
RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM set_config('registry.incarnation', registry_incarnation()::text, true);
    RETURN NULL;
END $$
""",
}
NUMBER = "((current_setting('registry.incarnation')::bigint << 44) + pg_current_xact_id()::text::bigint)::text::xid8"


def upgrade() -> None:
    """Apply."""
    moment = sa.TIMESTAMP(timezone=True)
    op.create_table(
        "incarnation",
        sa.Column("n", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid, server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("server", sa.Text, nullable=False),
        sa.Column("began_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("n", name="pk_incarnation"),
        comment="Each start of a server that wrote here: what it wrote follows all that the ones before wrote.",
    )
    op.create_table(
        "pepper",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("since", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("until", moment),
        sa.PrimaryKeyConstraint("id", name="pk_pepper"),
        comment="Fingerprints of the peppers of this registry; one is in use.",
    )
    op.create_index(
        "ix_pepper_in_use",
        "pepper",
        [sa.text("(true)")],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
    op.add_column("history_seal", sa.Column("key_id", sa.Text))
    for signature, body in FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {signature} {body}")
    op.execute("INSERT INTO incarnation (n, server) VALUES (0, registry_server())")
    op.execute(
        "CREATE TRIGGER order_of_history BEFORE INSERT ON change_log"
        " FOR EACH STATEMENT EXECUTE FUNCTION registry_order()"
    )
    op.execute(f"ALTER TABLE change_log ALTER COLUMN xid SET DEFAULT {NUMBER}")
    op.execute("REVOKE INSERT, UPDATE, DELETE ON incarnation FROM registry_app")
    op.execute("REVOKE UPDATE, DELETE ON pepper FROM registry_app")
    op.drop_table("feed_epoch")


def downgrade() -> None:
    """Undo; only a registry of incarnation 0 has numbers that the release before can compare."""
    op.create_table(
        "feed_epoch",
        sa.Column("one", sa.Boolean, server_default=sa.text("true"), nullable=False),
        sa.Column("epoch", sa.Uuid, server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_feed_epoch"),
        sa.CheckConstraint("one", name="ck_feed_epoch_one_row"),
        comment="Changes when cursors given before must not be trusted any more.",
    )
    op.execute("INSERT INTO feed_epoch DEFAULT VALUES")
    op.execute("ALTER TABLE change_log ALTER COLUMN xid SET DEFAULT pg_current_xact_id()")
    for signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature} CASCADE")
    op.drop_column("history_seal", "key_id")
    op.drop_table("pepper")
    op.drop_table("incarnation")
