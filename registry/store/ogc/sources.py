"""What each collection reads: its rows as one sight sees them, and a column for each of its properties."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from geoalchemy2 import Geometry
from sqlalchemy.dialects.postgresql import JSONB

from registry.domain.ogc import catalogue
from registry.domain.ogc.catalogue import Collection
from registry.store.ogc.cql import Ground
from registry.store.ogc.footprints import drawn, meets
from registry.store.schema.plans import zone
from registry.store.schema.records import place
from registry.store.visibility import Shape, View, view

Expression = sa.ColumnElement[Any]


class Source(NamedTuple):
    """The rows of a collection: where they are, which may be seen, what identifies and what renders them."""

    table: Any
    seen: Expression
    key: Expression
    feature: Expression
    version: Expression
    ground: Ground
    drawn: Callable[[Expression], Expression] | None = None
    """The geometry for a map with units of so many metres at the equator, where it is worked out."""
    walked: Expression | None = None
    """What they are counted along when there is no condition; the identity where it is None."""

    @property
    def geom(self) -> Expression:
        """The geometry that stands for a row's place."""
        return self.ground.geom


@cache
def source(form: Shape, collection: str) -> Source:
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
    """What the public may ask of an internal record: nothing that its grid cell does not say."""
    internal = seen.table.c.visibility == sa.literal_column("'internal'")
    hidden = {name: columns[name] for name in ("sector.from_deg", "sector.to_deg") if name in columns}
    return {name: sa.case((internal, sa.null()), else_=exact) for name, exact in hidden.items()}


def _located(form: Shape, described: Collection) -> Source:
    seen = view(form)
    kind = seen.table.c.kind == sa.literal_column(f"'{described.kind}'")
    # Its cell says as well as its position that it has one, and an index that holds what is counted has it.
    rows = _resources(form, seen, described, sa.and_(kind, seen.cell.is_not(None)))
    return rows._replace(walked=seen.cell)


def _unlocated(form: Shape, described: Collection) -> Source:
    seen = view(form)
    return _resources(form, seen, described, seen.geom.is_(None))


def alive(seen: View) -> Expression:
    """What is retired has left the map; `/v1` still has it."""
    here: Expression = seen.table.c.lifecycle != sa.literal_column("'retired'")
    return here


def _resources(form: Shape, seen: View, described: Collection, which: Expression) -> Source:
    return Source(
        table=seen.table,
        seen=sa.and_(seen.seen, alive(seen), which),
        key=seen.table.c.id,
        feature=seen.feature,
        version=seen.table.c.version,
        ground=Ground(_columns(form, seen, described), seen.geom, spot=seen.spot),
    )


def flat(rows: Source, described: Collection) -> list[Expression]:
    """A labelled column for the identity and for each property, for formats that cannot nest."""
    chosen: list[Expression] = [sa.cast(rows.key, sa.Text).label("id")]
    for item in described.properties:
        column = rows.ground.columns[item.name]
        if item.type == "date-time":
            column = sa.func.to_char(sa.func.timezone("UTC", column), 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        elif item.type == "strings":
            column = sa.func.array_to_string(column, ",")
        chosen.append(column.label(item.column))
    return chosen


def feature_text(key: Expression, geom: Expression, properties: Expression) -> Expression:
    """A feature as the registry writes them: `properties` last and without a space before it."""
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


def _places(_: Shape, described: Collection) -> Source:
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
    ground = Ground(columns, geom, partial=True)
    return Source(place, sa.true(), place.c.code, feature, sa.literal_column("NULL::int"), ground)


def _members(values: dict[str, Expression]) -> list[Any]:
    return [part for name, value in values.items() for part in (name, value)]


def _footprints(form: Shape, described: Collection) -> Source:
    seen, drawing = view(form), drawn(form)
    made = {"drawing": drawing.method, "drawing_error_m": drawing.error_m}
    columns = {
        item.name: made[item.name] if item.name in made else seen.table.c[item.column]
        for item in described.properties
    }
    plain = {name: column for name, column in columns.items() if not name.startswith("name.")}
    properties = sa.func.json_build_object(
        "name", _names(columns["name.zh"], columns["name.en"]), *_members(plain)
    )
    return Source(
        table=seen.table,
        seen=sa.and_(drawing.which, alive(seen)),
        key=seen.table.c.id,
        feature=feature_text(seen.table.c.id, drawing.outline, properties),
        version=seen.table.c.version,
        ground=Ground(columns, drawing.outline, lambda window: meets(drawing, window)),
        drawn=lambda unit_m: drawn(form, unit_m).outline,
    )


def _zones(_: Shape, described: Collection) -> Source:
    name = {f"name.{tongue}": zone.c.body["name"][tongue].astext for tongue in ("zh", "en")}
    columns = name | {i.name: zone.c[i.column] for i in described.properties if i.name not in name}
    drawn = sa.func.ST_SetSRID(sa.func.ST_GeomFromGeoJSON(zone.c.geometry), 4326)
    geom = sa.func.ST_Force2D(drawn, type_=Geometry(spatial_index=False))
    plain = {key: column for key, column in columns.items() if key not in name}
    named = _names(columns["name.zh"], columns["name.en"])
    properties = sa.func.json_build_object("name", named, *_members(plain), "drawing", zone.c.drawing)
    feature = feature_text(zone.c.id, geom, properties)
    ground = Ground(columns, geom, partial=True)
    return Source(zone, sa.true(), zone.c.id, feature, sa.literal_column("NULL::int"), ground)


_SOURCES = {
    "zones": _zones,
    "located": _located,
    "unlocated": _unlocated,
    "places": _places,
    "footprints": _footprints,
}
