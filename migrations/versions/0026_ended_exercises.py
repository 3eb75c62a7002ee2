"""End exercises: whoever asks for a change of what is in one that has ended is refused, whatever way it comes."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TABLES = (
    "resource", "entry", "contact", "attachment_link", "observation", "correction", "incident_log", "commitment",
    "finding", "intake",
)  # fmt: skip
# Only what a person asks for is refused: the workers and the operator keep what is there in order. The lock lets
# an exercise end only when every change that was under way in it is stored.
REFUSE = """
CREATE FUNCTION registry_refuse_ended() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    name text := CASE TG_OP WHEN 'DELETE' THEN OLD.realm ELSE NEW.realm END;
BEGIN
    IF coalesce(current_setting('registry.scope', true), '') <> '' THEN
        PERFORM pg_advisory_xact_lock_shared(hashtextextended('exercise ' || name, 0));
        IF EXISTS (SELECT FROM exercise_end WHERE exercise_end.exercise = name) THEN
            RAISE EXCEPTION USING ERRCODE = 'RE001', MESSAGE = name;
        END IF;
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
"""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "exercise_end",
        sa.Column("exercise", sa.Text, nullable=False),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("ended_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("exercise", name="pk_exercise_end"),
        sa.CheckConstraint("exercise <> 'live'", name="ck_exercise_end_not_live"),
        comment="Exercises that have ended: what is in them can be read, and is not changed any more.",
    )
    op.execute(REFUSE)
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER refuse_ended BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW"
            " WHEN (NEW.realm <> 'live') EXECUTE FUNCTION registry_refuse_ended()"
        )
        op.execute(
            f"CREATE TRIGGER refuse_ended_removal BEFORE DELETE ON {table} FOR EACH ROW"
            " WHEN (OLD.realm <> 'live') EXECUTE FUNCTION registry_refuse_ended()"
        )


def downgrade() -> None:
    """Undo; what had ended goes on."""
    for table in TABLES:
        op.execute(f"DROP TRIGGER refuse_ended ON {table}")
        op.execute(f"DROP TRIGGER refuse_ended_removal ON {table}")
    op.execute("DROP FUNCTION registry_refuse_ended()")
    op.drop_table("exercise_end")
