"""Findings about places, zones and rules beside those about records."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

COMMENT = "Warnings about what is stored until somebody settles them, and texts as they came in."
BEFORE = "Warnings about stored records until somebody settles them, and texts as they came in."


def upgrade() -> None:
    """Apply."""
    op.add_column("finding", sa.Column("about", sa.Text, server_default="resource", nullable=False))
    code = sa.Column("of_code", sa.Text, comment="The code of a place or the identity of a zone or rule.")
    op.add_column("finding", code)
    op.create_check_constraint(
        op.f("ck_finding_about"), "finding", "about IN ('resource', 'place', 'zone', 'rule')"
    )
    op.create_check_constraint(
        op.f("ck_finding_code_of_others"), "finding", "(about = 'resource') = (of_code IS NULL)"
    )
    op.create_table_comment("finding", COMMENT, existing_comment=BEFORE)


def downgrade() -> None:
    """Undo; findings about anything but records are gone."""
    op.execute("DELETE FROM finding WHERE about <> 'resource'")
    op.create_table_comment("finding", BEFORE, existing_comment=COMMENT)
    for name in ("code_of_others", "about"):
        op.drop_constraint(op.f(f"ck_finding_{name}"), "finding")
    for name in ("of_code", "about"):
        op.drop_column("finding", name)
