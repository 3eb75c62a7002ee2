"""Take names, places and whatever else tells the place out of what the public reads of internal records.

`registry render` writes the texts as the release does; until then they have all that they may have.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

FACE = """
CREATE FUNCTION pg_temp.face(feature text) RETURNS text LANGUAGE sql AS $$
SELECT (jsonb_set(whole, '{properties}', whole->'properties'
    || (SELECT coalesce(jsonb_object_agg(name, 'null'::jsonb), '{}') FROM jsonb_object_keys(whole->'properties') name
        WHERE name IN ('place', 'manager', 'note', 'hours', 'verified_by', 'parent_depot', 'footprint', 'sector',
                       'last_seen'))
    || (SELECT coalesce(jsonb_object_agg(name, '[]'::jsonb), '{}') FROM jsonb_object_keys(whole->'properties') name
        WHERE name IN ('sources', 'external_ids', 'vehicles', 'equipment', 'stock'))
    || jsonb_build_object('name', CASE whole#>>'{properties,kind}'
           WHEN 'rescue_team' THEN '{"zh": "救援队伍", "en": "Rescue team"}'::jsonb
           WHEN 'shelter' THEN '{"zh": "避难场所", "en": "Shelter"}'
           WHEN 'fire_watch_point' THEN '{"zh": "火情监测点", "en": "Fire watch point"}'
           ELSE '{"zh": "物资储备库", "en": "Supply depot"}' END)
    || CASE WHEN whole->'geometry' = 'null' THEN '{"location": {"quality": "unknown", "uncertainty_m": null,
           "candidate_places": [], "datum": "wgs84", "raw": null, "source": null}}'::jsonb ELSE '{}' END))::text
FROM (SELECT feature::jsonb AS whole) read $$
"""


def upgrade() -> None:
    """Apply."""
    op.execute(FACE)
    for table in ("resource", "resource_past"):
        op.execute(
            f"UPDATE {table} SET public_feature = pg_temp.face(public_feature)"
            " WHERE public_feature IS NOT NULL"
        )
    op.execute("DELETE FROM flat_feature WHERE public_feature IS NOT NULL")
    op.create_index(
        "ix_resource_not_public",
        "resource",
        ["kind", "id"],
        postgresql_where=sa.text("visibility <> 'public'"),
    )


def downgrade() -> None:
    """Undo; what the public reads stays as it is."""
    op.drop_index("ix_resource_not_public", "resource")
