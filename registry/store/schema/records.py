"""The tables of records and places."""

from typing import Any, TypeAlias

import sqlalchemy as sa
from geoalchemy2 import Geography, Geometry
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from registry.domain.records.resource import KINDS
from registry.store.names import gram_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = sa.MetaData(naming_convention=NAMING)
Columns: TypeAlias = ReadOnlyColumnCollection[str, sa.ColumnElement[Any]]
"""The columns of a table, or of a selection that has the same ones."""

LIVE = "live"
"""The realm of real records. Each exercise is a realm of its own name."""


def point_column(name: str) -> sa.Column[object]:
    """A WGS 84 point column, without the index that GeoAlchemy2 would add."""
    return sa.Column(name, Geometry("POINT", srid=4326, spatial_index=False))


def area_column(name: str) -> sa.Column[object]:
    """A WGS 84 (multi)polygon column, without the index that GeoAlchemy2 would add."""
    return sa.Column(name, Geometry("GEOMETRY", srid=4326, spatial_index=False))


def geography(column: sa.ColumnElement[object]) -> sa.ColumnElement[object]:
    """`column` as geography, spelled as the expression indexes spell it."""
    return sa.cast(column, Geography(geometry_type=None, spatial_index=False))


def one_of(column: str, values: tuple[str, ...]) -> sa.CheckConstraint:
    """A check that a column has one of the listed values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)


def _at_least_zero(*columns: str) -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(f"{column} >= 0 AND {column} < 'Infinity'::float8", name=f"{column}_range")
        for column in columns
    ]


def _on_earth(column: str) -> sa.CheckConstraint:
    inside = f"ST_X({column}) BETWEEN -180 AND 180 AND ST_Y({column}) BETWEEN -90 AND 90"
    return sa.CheckConstraint(inside, name=f"{column}_on_earth")


def _only_for(kind: str, *columns: str) -> sa.CheckConstraint:
    empty = " AND ".join(f"{column} IS NULL" for column in columns)
    return sa.CheckConstraint(f"kind = '{kind}' OR ({empty})", name=f"only_{kind}")


place = sa.Table(
    "place",
    metadata,
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("list_version", sa.Text, nullable=False),
    sa.Column("level", sa.Text, nullable=False),
    sa.Column("parent", sa.Text, sa.ForeignKey("place.code")),
    sa.Column("name_zh", sa.Text),
    sa.Column("name_en", sa.Text),
    sa.Column(
        "search_key",
        sa.Text,
        nullable=False,
        server_default="",
        comment="Names, pinyin and every form of the code, folded as questions are.",
    ),
    area_column("extent"),
    sa.Column("extent_basis", sa.Text, nullable=False, server_default="none"),
    sa.Column("extent_radius_m", sa.Float),
    sa.Column(
        "extent_from", sa.Text, comment="The place whose extent bounds this one: itself or an ancestor."
    ),
    point_column("point"),
    sa.Column("point_uncertainty_m", sa.Float),
    sa.Column("partner", JSONB),
    sa.Column("partner_of", sa.Text, comment="The partner place that holds this one: itself or an ancestor."),
    sa.Column("flags", JSONB, nullable=False, server_default="{}"),
    sa.Column("valid_from", sa.Date),
    sa.Column("valid_to", sa.Date),
    sa.Column("source", sa.Text),
    sa.Column("successors", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("updated_by", sa.Text, nullable=False, server_default="seeds"),
    one_of("extent_basis", ("boundary", "voronoi", "disc", "members", "none")),
    sa.CheckConstraint("(extent IS NULL) = (extent_basis = 'none')", name="extent_has_basis"),
    sa.CheckConstraint("name_zh IS NOT NULL OR name_en IS NOT NULL", name="named"),
    sa.CheckConstraint("valid_from <= valid_to", name="validity"),
    *_at_least_zero("extent_radius_m", "point_uncertainty_m"),
    _on_earth("point"),
    sa.Index("ix_place_extent", "extent", postgresql_using="gist"),
    sa.Index("ix_place_parent", "parent"),
    sa.Index("ix_place_extent_from", "extent_from"),
)

place_past = sa.Table(
    "place_past",
    metadata,
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("body", JSONB, nullable=False),
    sa.Column("updated_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("updated_by", sa.Text, nullable=False),
    sa.Column("superseded_at", sa.TIMESTAMP(timezone=True), nullable=False),
    comment="Every earlier version of a place.",
)

jurisdiction = sa.Table(
    "jurisdiction",
    metadata,
    sa.Column("only", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("root", sa.Text, nullable=False),
    sa.Column("body", JSONB, nullable=False),
    sa.CheckConstraint("only", name="one_row"),
    comment="Whose registry this is: one row, written once by `registry init` or with the sample.",
)

place_member = sa.Table(
    "place_member",
    metadata,
    sa.Column("area", sa.Text, sa.ForeignKey("place.code", ondelete="CASCADE"), primary_key=True),
    sa.Column("place", sa.Text, sa.ForeignKey("place.code", ondelete="CASCADE"), primary_key=True),
    comment="The places a management area names as its own.",
)

place_within = sa.Table(
    "place_within",
    metadata,
    sa.Column("ancestor", sa.Text, sa.ForeignKey("place.code", ondelete="CASCADE"), primary_key=True),
    sa.Column("code", sa.Text, sa.ForeignKey("place.code", ondelete="CASCADE"), primary_key=True),
    sa.Index("ix_place_within_code", "code"),
    comment="Every place with all places under it, itself included; derived from place and place_member.",
)

vocabulary = sa.Table(
    "vocabulary",
    metadata,
    sa.Column("scheme", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("label_zh", sa.Text),
    sa.Column("label_en", sa.Text),
    sa.Column("source", sa.Text),
)


def resource_columns() -> list[sa.Column[object]]:
    """The columns of a resource, in the present and the past table."""
    text = sa.Text
    moment = sa.TIMESTAMP(timezone=True)
    return [
        sa.Column("realm", text, nullable=False, server_default=LIVE),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name_zh", text),
        sa.Column("name_en", text),
        sa.Column(
            "search_key",
            text,
            nullable=False,
            server_default="",
            comment="Names, pinyin and external ids, folded as questions are.",
        ),
        sa.Column("place", text),
        sa.Column("partner_of", text, comment="That of the place; a trigger keeps it."),
        sa.Column("manager", text),
        sa.Column("lifecycle", text, nullable=False),
        sa.Column("valid_from", moment),
        sa.Column("valid_to", moment),
        point_column("geom"),
        point_column("public_geom"),
        sa.Column("quality", text, nullable=False),
        sa.Column("uncertainty_m", sa.Float),
        sa.Column("public_uncertainty_m", sa.Float),
        sa.Column("candidate_places", ARRAY(text), nullable=False, server_default="{}"),
        sa.Column("datum", text, nullable=False),
        sa.Column("visibility", text, nullable=False),
        sa.Column("verified_at", moment),
        sa.Column("verified_by", text),
        sa.Column(
            "placeholder",
            sa.Boolean,
            nullable=False,
            server_default="false",
            comment="Made from a published total.",
        ),
        sa.Column("force", text),
        sa.Column("level", text),
        sa.Column("tier", text),
        sa.Column("form", text),
        sa.Column("duration", text),
        sa.Column("space", text),
        sa.Column("ownership", text),
        sa.Column("specialties", ARRAY(text)),
        sa.Column("hazards", ARRAY(text)),
        sa.Column("amenities", ARRAY(text)),
        sa.Column("readiness", text),
        sa.Column("opening", text),
        sa.Column("operational", text),
        sa.Column("status_at", moment),
        sa.Column("seen_at", moment),
        sa.Column("personnel", sa.Integer),
        sa.Column("capacity_persons", sa.Integer),
        sa.Column("occupancy_persons", sa.Integer),
        sa.Column("occupancy_at", moment),
        sa.Column("area_m2", sa.Float),
        sa.Column("serves_persons", sa.Integer),
        sa.Column("parent_depot", sa.Uuid),
        sa.Column("watch_radius_m", sa.Float),
        sa.Column("eye_height_m", sa.Float),
        sa.Column("sector_from_deg", sa.Float),
        sa.Column("sector_to_deg", sa.Float),
        area_column("footprint"),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.Column("updated_by", text, nullable=False),
        sa.Column("feature", text, nullable=False),
        sa.Column("public_feature", text),
    ]


def _resource_checks() -> list[sa.CheckConstraint]:
    return [
        one_of("kind", KINDS),
        one_of("lifecycle", ("planned", "under_construction", "in_service", "suspended", "retired")),
        one_of("quality", ("surveyed", "approximate", "candidate_places", "unknown")),
        one_of("datum", ("wgs84", "cgcs2000", "gcj02", "bd09", "unknown")),
        one_of("visibility", ("public", "internal", "restricted")),
        one_of("readiness", ("available", "committed", "off_duty", "unavailable", "unknown")),
        one_of("opening", ("open", "closed", "full", "unknown")),
        one_of("operational", ("yes", "degraded", "no", "unknown")),
        one_of("tier", ("district", "town", "community")),
        one_of("form", ("infrared_camera", "watchtower", "sentry_post", "checkpoint")),
        sa.CheckConstraint("name_zh IS NOT NULL OR name_en IS NOT NULL", name="named"),
        sa.CheckConstraint("valid_from <= valid_to", name="validity"),
        sa.CheckConstraint("version >= 1", name="version"),
        sa.CheckConstraint(
            "(quality IN ('surveyed', 'approximate') OR seen_at IS NOT NULL) = (geom IS NOT NULL)",
            name="located_has_geometry",
        ),
        sa.CheckConstraint(
            "quality <> 'approximate' OR uncertainty_m IS NOT NULL", name="approximate_has_uncertainty"
        ),
        sa.CheckConstraint(
            "quality <> 'candidate_places' OR cardinality(candidate_places) > 0", name="candidates_named"
        ),
        sa.CheckConstraint("public_geom IS NULL OR geom IS NOT NULL", name="public_geometry"),
        sa.CheckConstraint(
            "visibility <> 'internal' OR public_feature IS NOT NULL", name="internal_has_public_face"
        ),
        _on_earth("geom"),
        _on_earth("public_geom"),
        *_at_least_zero("uncertainty_m", "public_uncertainty_m", "area_m2"),
        sa.CheckConstraint("watch_radius_m > 0 AND watch_radius_m <= 500000", name="watch_radius_range"),
        sa.CheckConstraint("eye_height_m > 0 AND eye_height_m <= 500", name="eye_height_range"),
        sa.CheckConstraint("personnel >= 0", name="personnel_range"),
        sa.CheckConstraint("capacity_persons >= 0", name="capacity_range"),
        sa.CheckConstraint("occupancy_persons >= 0", name="occupancy_range"),
        sa.CheckConstraint("serves_persons >= 0", name="serves_range"),
        sa.CheckConstraint(
            "sector_from_deg BETWEEN 0 AND 360 AND sector_to_deg BETWEEN 0 AND 360", name="sector_range"
        ),
        _only_for("rescue_team", "force", "specialties", "personnel", "readiness"),
        _only_for("shelter", "duration", "space", "capacity_persons", "occupancy_persons", "opening"),
        _only_for(
            "fire_watch_point",
            "form",
            "watch_radius_m",
            "eye_height_m",
            "sector_from_deg",
            "footprint",
            "operational",
        ),
        _only_for("supply_depot", "tier", "ownership", "serves_persons", "parent_depot"),
    ]


class Spot(sa.types.UserDefinedType[Any]):
    """PostgreSQL's own point. An index returns it, so that a window is answered by an index-only scan."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The name of the type."""
        return "POINT"


PGDialect.ischema_names["point"] = Spot


MADE: dict[str, tuple[Any, str]] = {
    "cell": (sa.BigInteger, "registry_cell(geom)"),
    "public_cell": (sa.BigInteger, "registry_cell(public_geom)"),
    "spot": (Spot, "geom::point"),
    "public_spot": (Spot, "public_geom::point"),
}
"""Columns that the server computes from a position, with their SQL. The cell is a Z-order (Morton) code, and
a tile is one range of it. The spot is the position again, for windows."""


def ours(columns: Columns) -> sa.ColumnElement[int]:
    """1 for what is not a partner's: conditions must spell it as the index does."""
    return sa.cast(columns.partner_of.is_(None), sa.Integer)


def room(columns: Columns) -> sa.ColumnElement[int]:
    """The persons that a shelter may still take, spelled as its index spells it."""
    taken: sa.ColumnElement[int] = sa.func.coalesce(columns.occupancy_persons, sa.literal_column("0"))
    return columns.capacity_persons - taken


def reach(
    columns: Columns,
    point: sa.ColumnElement[object],
    uncertainty_m: sa.ColumnElement[float],
) -> sa.ColumnElement[object]:
    """The box around all that a watch point at `point` may watch, spelled as the reach indexes spell it."""
    far_m = columns.watch_radius_m + sa.func.coalesce(uncertainty_m, sa.literal_column("0"))
    return sa.func._ST_Expand(geography(point), far_m)


# One row per resource: the columns for conditions, and the rendered feature for answers.
resource = sa.Table(
    "resource",
    metadata,
    *resource_columns(),
    *(sa.Column(name, kind, sa.Computed(how, persisted=True)) for name, (kind, how) in MADE.items()),
    sa.PrimaryKeyConstraint("realm", "id"),
    sa.ForeignKeyConstraint(["place"], ["place.code"]),
    *_resource_checks(),
    postgresql_partition_by="LIST (realm)",
)
PARTITIONS = {"resource_live": f"FOR VALUES IN ('{LIVE}')", "resource_exercise": "DEFAULT"}

SHOWN = sa.text("visibility <> 'restricted'")
COUNTED = ["kind", "realm", "visibility", "lifecycle", "place"]
LISTED = ["id", *COUNTED[1:], "capacity_persons", "level", "opening", "readiness", "operational"]
"""Columns by which a window is counted, sorted and filtered in an index-only scan."""
for face, seen in (("", None), ("public_", SHOWN)):
    at, cell = resource.c[f"{face}geom"], resource.c[f"{face}cell"]
    by_place: dict[str, Any] = {"postgresql_using": "gist", "postgresql_where": seen}
    sa.Index(f"ix_resource_{face}geog", geography(at), resource.c.kind, ours(resource.c), **by_place)
    # With `kind` in the index: otherwise the planner joins a window's few records with all of a kind.
    sa.Index(
        f"ix_resource_{face}spot",
        resource.c[f"{face}spot"],
        resource.c.kind,
        postgresql_include=[*LISTED, cell.name],
        **by_place,
    )
    sa.Index(f"ix_resource_{face}cell", cell, postgresql_include=COUNTED)
PARTNERS = "partner_of IS NOT NULL"
sa.Index(
    "ix_resource_partner_geog",
    geography(resource.c.geom),
    postgresql_using="gist",
    postgresql_where=sa.text(PARTNERS),
)
sa.Index(
    "ix_resource_public_partner_geog",
    geography(resource.c.public_geom),
    postgresql_using="gist",
    postgresql_where=sa.text(f"{PARTNERS} AND visibility <> 'restricted'"),
)
sa.Index("ix_resource_place", resource.c.place, resource.c.kind, resource.c.id)
UNLOCATED = sa.text("geom IS NULL")
sa.Index("ix_resource_unlocated", resource.c.kind, resource.c.id, postgresql_where=UNLOCATED)
sa.Index(
    "ix_resource_unplaced",
    resource.c.kind,
    resource.c.place,
    resource.c.watch_radius_m,
    postgresql_where=UNLOCATED,
    postgresql_include=[
        "realm",
        "lifecycle",
        "visibility",
        "valid_from",
        "valid_to",
        "quality",
        "partner_of",
        "force",
        "level",
        "tier",
        "ownership",
        "form",
        "readiness",
        "opening",
        "operational",
        "capacity_persons",
        "occupancy_persons",
        "verified_at",
    ],
)
sa.Index(
    "ix_resource_candidates",
    resource.c.candidate_places,
    postgresql_using="gin",
    postgresql_where=UNLOCATED,
)
sa.Index(
    "ix_resource_name",
    resource.c.name_zh,
    resource.c.name_en,
    postgresql_using="gin",
    postgresql_ops={"name_zh": "gin_trgm_ops", "name_en": "gin_trgm_ops"},
)
sa.Index(
    "ix_resource_search_key",
    resource.c.search_key,
    postgresql_using="gin",
    postgresql_ops={"search_key": "gin_trgm_ops"},
)
sa.Index("ix_resource_grams", gram_column(resource.c.search_key), postgresql_using="gin")
sa.Index(
    "ix_place_search_key",
    place.c.search_key,
    postgresql_using="gin",
    postgresql_ops={"search_key": "gin_trgm_ops"},
)
sa.Index("ix_place_grams", gram_column(place.c.search_key), postgresql_using="gin")
sa.Index(
    "ix_resource_footprint",
    resource.c.footprint,
    postgresql_using="gist",
    postgresql_where=sa.text("footprint IS NOT NULL"),
)
sa.Index(
    "ix_resource_facets",
    *(
        resource.c[name]
        for name in (
            "specialties",
            "hazards",
            "force",
            "level",
            "readiness",
            "opening",
            "tier",
            "ownership",
            "form",
            "lifecycle",
            "operational",
        )
    ),
    postgresql_using="gin",
)
sa.Index("ix_resource_verified_at", resource.c.verified_at)
DATED = "valid_from IS NOT NULL OR valid_to IS NOT NULL"
sa.Index("ix_resource_dated", resource.c.realm, resource.c.kind, postgresql_where=sa.text(DATED))
sa.Index("ix_resource_room", room(resource.c))


CERTAIN_M = 500.0
"""Records that are less certain have an index of the boxes around all their possible positions."""


def possible(point: sa.ColumnElement[object], uncertainty_m: sa.ColumnElement[float]) -> Any:
    """The box around the possible positions of a located record, spelled as the index spells it."""
    return sa.func._ST_Expand(geography(point), uncertainty_m)


for face in ("", "public_"):
    at, doubt = resource.c[f"{face}geom"], resource.c[f"{face}uncertainty_m"]
    sa.Index(
        f"ix_resource_{face}possible",
        possible(at, doubt),
        postgresql_using="gist",
        postgresql_where=sa.text(
            f"{face}uncertainty_m > 500" + (" AND visibility <> 'restricted'" if face else "")
        ),
    )
sa.Index(
    "ix_resource_unshown",
    resource.c.kind,
    postgresql_where=sa.text("geom IS NOT NULL AND public_geom IS NULL"),
)
sa.Index(
    "ix_resource_not_public",
    resource.c.kind,
    resource.c.id,
    postgresql_where=sa.text("visibility <> 'public'"),
)
sa.Index(
    "ix_resource_nowhere_not_public",
    resource.c.kind,
    postgresql_where=sa.text("geom IS NULL AND visibility <> 'public'"),
)
sa.Index("ix_resource_vague", resource.c.kind, postgresql_where=sa.text("uncertainty_m > 20000"))
sa.Index(
    "ix_resource_public_vague", resource.c.kind, postgresql_where=sa.text("public_uncertainty_m > 20000")
)


sa.Index(
    "ix_resource_reach",
    reach(resource.c, resource.c.geom, resource.c.uncertainty_m),
    postgresql_using="gist",
    postgresql_where=sa.text("watch_radius_m IS NOT NULL AND geom IS NOT NULL"),
)
sa.Index(
    "ix_resource_public_reach",
    reach(resource.c, resource.c.public_geom, resource.c.public_uncertainty_m),
    postgresql_using="gist",
    postgresql_where=sa.text(
        "watch_radius_m IS NOT NULL AND public_geom IS NOT NULL AND visibility <> 'restricted'"
    ),
)

LISTED_BY = (
    "realm", "kind", "place", "partner_of", "visibility", "lifecycle", "force", "level", "tier", "form",
    "ownership", "placeholder",
)  # fmt: skip
"""What records are counted by in `listing`; beside it whether they have a position, and a public one."""
listing = sa.Table(
    "listing",
    metadata,
    *(sa.Column(name, resource.c[name].type, nullable=resource.c[name].nullable) for name in LISTED_BY),
    sa.Column("located", sa.Boolean, nullable=False),
    sa.Column("public_located", sa.Boolean, nullable=False),
    sa.Column("n", sa.BigInteger, nullable=False),
    sa.Index("ix_listing_kind", "realm", "kind", "place"),
    comment="How many records without dates of validity are alike: the sum of n. Triggers add lines to it.",
)

stock_line = sa.Table(
    "stock_line",
    metadata,
    sa.Column("realm", sa.Text, primary_key=True),
    sa.Column("resource_id", sa.Uuid, primary_key=True),
    sa.Column(
        "line", sa.SmallInteger, primary_key=True, autoincrement=False, comment="Its place in the list."
    ),
    sa.Column("scheme", sa.Text, nullable=False),
    sa.Column("item_code", sa.Text, nullable=False),
    sa.Column("quantity", sa.Float),
    sa.Column("minimum", sa.Float),
    sa.Column("unit", sa.Text),
    sa.Column("lot", sa.Text),
    sa.Column("expires_on", sa.Date),
    sa.Column("counted_at", sa.TIMESTAMP(timezone=True)),
    sa.ForeignKeyConstraint(["realm", "resource_id"], ["resource.realm", "resource.id"], ondelete="CASCADE"),
    sa.Index("ix_stock_line_item", "item_code", "scheme", "quantity"),
    sa.Index(
        "ix_stock_line_expires_on",
        "expires_on",
        "resource_id",
        "realm",
        postgresql_where=sa.text("expires_on IS NOT NULL"),
    ),
    *_at_least_zero("quantity", "minimum"),
    comment="A depot's stock as it can be asked about; derived from the depot's own record.",
)

flat_feature = sa.Table(
    "flat_feature",
    metadata,
    sa.Column("realm", sa.Text, primary_key=True),
    sa.Column("resource_id", sa.Uuid, primary_key=True),
    sa.Column("place", sa.Text, comment="That of the record, for row security."),
    sa.Column("feature", sa.Text, nullable=False),
    sa.Column("public_feature", sa.Text),
    sa.ForeignKeyConstraint(["realm", "resource_id"], ["resource.realm", "resource.id"], ondelete="CASCADE"),
    comment="The flat form of a record's feature, and of what the public sees; derived from the record.",
)

external_id = sa.Table(
    "external_id",
    metadata,
    sa.Column("realm", sa.Text, primary_key=True),
    sa.Column("system", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("resource_id", sa.Uuid, primary_key=True),
    sa.ForeignKeyConstraint(["realm", "resource_id"], ["resource.realm", "resource.id"], ondelete="CASCADE"),
    sa.Index("ix_external_id_resource", "resource_id"),
    comment="Two records have one only where who gave it to the second may not know of the first.",
)
