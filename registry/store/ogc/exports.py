"""Whole collections as files: one streamed statement each, with the filter and visibility of every list."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.ogc import catalogue
from registry.domain.ogc.cql import CqlFilter, FilterShape
from registry.domain.ogc.flat import NO_TELEPHONE
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, statement
from registry.store.database.streams import UNQUOTED, batches, copied
from registry.store.ogc import cql
from registry.store.ogc.collection_source import CollectionSource, feature_text, flat, source
from registry.store.visibility import Shape, binds, shape

FORMULA = r"^\s*[=+\-@\t\r]"
"""The start of a text that a spreadsheet would run as a formula."""


def _filtered(form: Shape, name: str, filtered: FilterShape) -> tuple[CollectionSource, list[Any]]:
    rows = source(form, name)
    rows = rows if rows.parsed is None else rows.parsed()
    return rows, [rows.seen, cql.expression(filtered, rows.queryables)]


def _written(rows: CollectionSource, columns: Sequence[Any], where: Sequence[Any]) -> Query:
    """The rows of a file by their identity: the order of a table tells of rows that one may not see."""
    return Query(sa.select(*columns).select_from(rows.table).where(*where).order_by(rows.key))


@statement
def _lines(form: Shape, name: str, filtered: FilterShape, nested: bool) -> Query:
    rows, where = _filtered(form, name, filtered)
    text = rows.nested if nested else _flat(rows, name)
    line = sa.literal_column("E'\\x1e'").op("||")(text)
    return _written(rows, [line], where)


def _flat(rows: CollectionSource, name: str) -> Any:
    if rows.telephone is None:
        return rows.feature
    return sa.func.coalesce(_rendered(rows, rows.telephone), _built(rows, name))


def _rendered(rows: CollectionSource, telephone: Any) -> Any:
    """The rendered feature with the telephones that its reader may see."""
    end: Any = sa.literal_column(f"'{NO_TELEPHONE.decode()}'")
    known: Any = sa.literal_column("""',"telephone":'""")
    told = sa.func.concat(
        sa.func.left(rows.feature, -sa.func.length(end)), known, sa.func.to_json(telephone), "}}"
    )
    return sa.case((sa.and_(telephone.is_not(None), rows.feature.is_not(None)), told), else_=rows.feature)


def _built(rows: CollectionSource, name: str) -> Any:
    """The flat feature of a row for which none was rendered."""
    columns = rows.queryables.columns
    one = sa.select(*(columns[item.name].label(item.name) for item in catalogue.collection(name).properties))
    properties = one.correlate(rows.table.left, rows.table.right).subquery("properties")
    made = sa.select(sa.func.row_to_json(sa.literal_column("properties"))).select_from(properties)
    return feature_text(rows.key, rows.geom, made.scalar_subquery())


def lines(
    reader: Reader, sight: Sight, name: str, where: CqlFilter, *, nested: bool = False
) -> AsyncGenerator[bytes, None]:
    """GeoJSON text sequences (RFC 8142): a record separator, a feature and a line feed for each row."""
    query = _lines(shape(sight), name, where.shape, nested)
    return copied(reader, query, binds(sight) | cql.values(where.values), **UNQUOTED)


def _spreadsheet(column: Any) -> Any:
    """Text that a spreadsheet shows, not runs."""
    if not isinstance(column.type, sa.Text | sa.String | sa.types.NullType):
        return column
    safe = sa.case(
        (column.op("~")(sa.literal_column(f"'{FORMULA}'")), sa.literal_column("''''").op("||")(column)),
        else_=column,
    )
    return safe.label(column.name)


@statement
def _table(form: Shape, name: str, filtered: FilterShape) -> Query:
    rows, where = _filtered(form, name, filtered)
    described = catalogue.collection(name)
    key, *columns = flat(rows, described.properties)
    safe = [_spreadsheet(column) for column in columns]
    return _written(rows, [key, *_spot(rows, described), *safe], where)


def _spot(rows: CollectionSource, described: catalogue.Collection) -> list[Any]:
    """Longitude and latitude of a point of the geometry."""
    if not described.is_drawn:
        return []
    spot = rows.geom if described.geometry == "point" else sa.func.ST_PointOnSurface(rows.geom)
    return [sa.func.ST_X(spot).label("longitude"), sa.func.ST_Y(spot).label("latitude")]


def table(reader: Reader, sight: Sight, name: str, where: CqlFilter) -> AsyncGenerator[bytes, None]:
    """Lines of CSV without a header: identity, longitude, latitude, and the flat properties."""
    query = _table(shape(sight), name, where.shape)
    return copied(reader, query, binds(sight) | cql.values(where.values))


def table_header(name: str) -> list[str]:
    """The columns of `table`."""
    described = catalogue.collection(name)
    place = ["longitude", "latitude"] if described.is_drawn else []
    return ["id", *place, *(item.name for item in described.properties)]


@statement
def _shapes(form: Shape, name: str, filtered: FilterShape, how: str) -> Query:
    rows, where = _filtered(form, name, filtered)
    described = catalogue.collection(name)
    if how == "spot":
        key, *columns = flat(rows, described.properties)
        return _written(rows, [key, *_spot(rows, described), *columns], where)
    drawn = {"kml": sa.func.ST_AsKML, "wkb": sa.func.ST_AsBinary}[how]
    geom = drawn(_uniform(rows.geom, described)) if described.is_drawn else sa.null()
    return _written(rows, [*flat(rows, described.properties), geom.label("drawn")], where)


def _uniform(geom: Any, described: catalogue.Collection) -> Any:
    """One geometry type for a whole file: areas as multipolygons, NULL for a place that is only a point."""
    if described.geometry != "areas":
        return geom
    areas = sa.func.ST_CollectionExtract(geom, sa.literal_column("3"))
    return sa.case((sa.func.ST_IsEmpty(areas), sa.null()), else_=sa.func.ST_Multi(areas))


@statement
def _number(form: Shape, name: str, filtered: FilterShape) -> Query:
    rows, where = _filtered(form, name, filtered)
    return Query(sa.select(sa.func.count().label("n")).select_from(rows.table).where(*where))


def shapes(
    reader: Reader, sight: Sight, name: str, where: CqlFilter, how: str
) -> AsyncGenerator[list[Row], None]:
    """First one row with their number, then rows of flat properties with the geometry as KML or WKB.

    `spot` gives longitude and latitude after the identity instead.
    """
    asked = (shape(sight), name, where.shape)
    queries = (_number(*asked), _shapes(*asked, how))
    return batches(reader, queries, binds(sight) | cql.values(where.values))
