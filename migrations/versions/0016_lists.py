"""Lists of reference data: what an intake changed of places, zones, rules, registers, contacts and stock."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    before = sa.Column("before", JSONB, comment="Key and earlier members of what is no resource.")
    op.add_column("intake_change", before)


def downgrade() -> None:
    """Undo; lists that were stored can no longer be undone."""
    op.drop_column("intake_change", "before")
