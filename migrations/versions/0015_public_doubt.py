"""To the public an internal record is as uncertain as its grid cell and its own position together."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

OWN = """(coalesce((feature::json #>> '{properties,location,uncertainty_m}')::float, 0)
    + CASE datum WHEN 'unknown' THEN 600 ELSE 0 END)"""
WIDEN = """
UPDATE resource SET
    public_uncertainty_m = public_uncertainty_m @sign @own,
    public_feature = regexp_replace(
        public_feature, '"uncertainty_m":[0-9.]+', '"uncertainty_m":' || (public_uncertainty_m @sign @own)
    )
WHERE visibility <> 'public' AND public_geom IS NOT NULL AND @own > 0
"""


def upgrade() -> None:
    """Apply; past versions keep what was told of them."""
    op.execute(WIDEN.replace("@sign", "+").replace("@own", OWN))


def downgrade() -> None:
    """Undo."""
    op.execute(WIDEN.replace("@sign", "-").replace("@own", OWN))
