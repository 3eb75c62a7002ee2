"""What each collection reads: the rows that a sight sees, and an expression for each property."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from geoalchemy2 import Geometry
from sqlalchemy.dialects.postgresql import JSONB

from registry.domain.ogc import catalogue
from registry.domain.ogc.catalogue import Collection
from registry.store.ogc.cql import Queryables
from registry.store.ogc.footprints import footprint_sql, meets
from registry.store.schema.plans import zone
from registry.store.schema.records import place
from registry.store.visibility import Shape, View, view

Expression = sa.ColumnElement[Any]


class CollectionSource(NamedTuple):
    """The rows of a collection: their table, which are visible, their identity and their rendered feature."""

    table: Any
    seen: Expression
    key: Expression
    feature: Expression
    version: Expression
    queryables: Queryables
    drawn: Callable[[Expression], Expression] | None = None
    """The geometry for a map whose unit is so many metres at the equator, where it is computed."""
    walked: Expression | None = None
    """The column whose index counts them when there is no condition; None: the identity."""

    @property
    def geom(self) -> Expression:
        """The geometry of a row."""
        return self.queryables.geom


@cache
def source(form: Shape, collection: str) -> CollectionSource:
    """What the collection reads for a sight of this shape."""
    described = catalogue.collection(collection)
    return _SOURCES[described.holds](form, described)


def _columns(form: Shape, seen: View, described: Collection) -> dict[str, Expression]:
    columns: dict[str, Expression] = {item.name: seen.c[item.column] for item in described.properties}
    stated_m = sa.func.nullif(seen.uncertainty_m, sa.literal_column("0"), type_=sa.Float)
    columns |= {"location.uncertainty_m": stated_m, "location.quality": seen.quality}
    if form.clearance == "public":
        columns |= _blurred(seen, columns)
    if "parent_depot" in columns:
        columns["parent_depot"] = sa.cast(columns["parent_depot"], sa.Text)
    return columns


def _blurred(seen: View, columns: dict[str, Expression]) -> dict[str, Expression]:
    """Properties that would locate an internal record, as the public has them."""
    internal = seen.table.c.visibility == sa.literal_column("'internal'")
    hidden = {name: columns[name] for name in ("sector.from_deg", "sector.to_deg") if name in columns}
    return {name: sa.case((internal, sa.null()), else_=exact) for name, exact in hidden.items()}


def _located(form: Shape, described: Collection) -> CollectionSource:
    seen = view(form)
    kind = seen.table.c.kind == sa.literal_column(f"'{described.kind}'")
    # `cell IS NOT NULL` equals `geom IS NOT NULL`, and lets an index-only scan answer the count.
    rows = _resources(form, seen, described, sa.and_(kind, seen.cell.is_not(None)))
    return rows._replace(walked=seen.cell)


def _unlocated(form: Shape, described: Collection) -> CollectionSource:
    seen = view(form)
    return _resources(form, seen, described, seen.geom.is_(None))


def alive(seen: View) -> Expression:
    """Whether a record is not retired: retired records have left the map, but `/v1` still has them."""
    here: Expression = seen.table.c.lifecycle != sa.literal_column("'retired'")
    return here


def _resources(form: Shape, seen: View, described: Collection, which: Expression) -> CollectionSource:
    return CollectionSource(
        table=seen.table,
        seen=sa.and_(seen.seen, alive(seen), which),
        key=seen.table.c.id,
        feature=seen.feature,
        version=seen.table.c.version,
        queryables=Queryables(
            _columns(form, seen, described), seen.geom, spot=seen.spot, search_key=seen.table.c.search_key
        ),
    )


def flat(rows: CollectionSource, described: Collection) -> list[Expression]:
    """A labelled column for the identity and each property, for formats that cannot nest."""
    chosen: list[Expression] = [sa.cast(rows.key, sa.Text).label("id")]
    for item in described.properties:
        column = rows.queryables.columns[item.name]
        if item.type == "date-time":
            column = sa.func.to_char(sa.func.timezone("UTC", column), 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        elif item.type == "strings":
            column = sa.func.array_to_string(column, ",")
        chosen.append(column.label(item.column))
    return chosen


def feature_text(key: Expression, geom: Expression, properties: Expression) -> Expression:
    """A feature as text, as the registry renders it: `properties` last, without a space before it."""
    return sa.func.concat(
        '{"type":"Feature","id":',
        sa.func.to_json(key),
        ',"geometry":',
        sa.func.coalesce(sa.func.ST_AsGeoJSON(geom, 7), "null"),
        ',"properties":',
        sa.cast(properties, sa.Text),
        "}",
    )


def _names(zh: Expression, en: Expression) -> Expression:
    return sa.func.json_build_object("zh", zh, "en", en)


def _places(_: Shape, described: Collection) -> CollectionSource:
    columns = {item.name: place.c[item.column] for item in described.properties}
    geom = sa.func.coalesce(place.c.extent, place.c.point, type_=Geometry(spatial_index=False))
    plain = [name for name in columns if not name.startswith("name.")]
    plain += ["extent_radius_m", "extent_from", "point_uncertainty_m", "partner", "flags"]
    plain += ["valid_from", "valid_to", "source"]
    properties = sa.func.json_build_object(
        *_members({name: place.c[name] for name in plain}),
        "name",
        _names(place.c.name_zh, place.c.name_en),
        "point",
        sa.cast(sa.func.ST_AsGeoJSON(place.c.point, 7), JSONB),
        "assumed_extent",
        place.c.extent_basis != "boundary",
    )
    feature = feature_text(place.c.code, geom, properties)
    queryables = Queryables(columns, geom, partial=True, search_key=place.c.search_key)
    return CollectionSource(
        place, sa.true(), place.c.code, feature, sa.literal_column("NULL::int"), queryables
    )


def _members(values: dict[str, Expression]) -> list[Any]:
    return [part for name, value in values.items() for part in (name, value)]


def _footprints(form: Shape, described: Collection) -> CollectionSource:
    seen, drawing = view(form), footprint_sql(form)
    made = {"drawing": drawing.method, "drawing_error_m": drawing.error_m}
    columns = {
        item.name: made[item.name] if item.name in made else seen.table.c[item.column]
        for item in described.properties
    }
    plain = {name: column for name, column in columns.items() if not name.startswith("name.")}
    properties = sa.func.json_build_object(
        "name", _names(columns["name.zh"], columns["name.en"]), *_members(plain)
    )
    return CollectionSource(
        table=seen.table,
        seen=sa.and_(drawing.which, alive(seen)),
        key=seen.table.c.id,
        feature=feature_text(seen.table.c.id, drawing.outline, properties),
        version=seen.table.c.version,
        queryables=Queryables(
            columns,
            drawing.outline,
            lambda window: meets(drawing, window),
            search_key=seen.table.c.search_key,
        ),
        drawn=lambda unit_m: footprint_sql(form, unit_m).outline,
    )


def _zones(_: Shape, described: Collection) -> CollectionSource:
    name = {f"name.{tongue}": zone.c.body["name"][tongue].astext for tongue in ("zh", "en")}
    columns = name | {i.name: zone.c[i.column] for i in described.properties if i.name not in name}
    drawn = sa.func.ST_SetSRID(sa.func.ST_GeomFromGeoJSON(zone.c.geometry), 4326)
    geom = sa.func.ST_Force2D(drawn, type_=Geometry(spatial_index=False))
    plain = {key: column for key, column in columns.items() if key not in name}
    named = _names(columns["name.zh"], columns["name.en"])
    properties = sa.func.json_build_object("name", named, *_members(plain), "drawing", zone.c.drawing)
    feature = feature_text(zone.c.id, geom, properties)
    queryables = Queryables(columns, geom, partial=True, search_key=zone.c.search_key)
    return CollectionSource(zone, sa.true(), zone.c.id, feature, sa.literal_column("NULL::int"), queryables)


_SOURCES = {
    "zones": _zones,
    "located": _located,
    "unlocated": _unlocated,
    "places": _places,
    "footprints": _footprints,
}
