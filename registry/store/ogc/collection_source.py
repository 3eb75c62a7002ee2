"""What each collection reads: the rows that a sight sees, and an expression for each property."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from geoalchemy2 import Geometry
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from registry.domain.ogc import catalogue
from registry.domain.ogc.catalogue import SEPARATOR, Collection, Property
from registry.store.ogc.cql import Queryables
from registry.store.ogc.footprints import footprint_sql, meets
from registry.store.records import contacts
from registry.store.schema.plans import zone
from registry.store.schema.records import LIVE, flat_feature, place
from registry.store.visibility import Shape, View, view

Expression = Any
"""An SQL expression; those of JSON have operators that `sa.ColumnElement` does not declare."""
UNKNOWN: Any = sa.cast(sa.null(), sa.Text)
LIVE_REALM: Any = sa.literal_column(f"'{LIVE}'")
SEPARATOR_SQL: Any = sa.literal_column(f"'{SEPARATOR}'")
CAPACITY_SQL = (
    "concat(concat_ws('/', one ->> 'space', (one #>> '{hazard,scheme}') || ':' || (one #>> '{hazard,code}')),"
    " '=', one ->> 'persons')"
)
"""The flat form of a capacity."""
NAMES = ("name", "name_zh", "name_en")


class CollectionSource(NamedTuple):
    """The rows of a collection: their table, which are visible, their identity and their rendered feature.

    `feature` is flat. It is NULL where the flat form was not rendered when the record was written:
    whoever reads makes it of `nested`.
    """

    table: Any
    seen: Expression
    key: Expression
    feature: Expression
    nested: Expression
    version: Expression
    queryables: Queryables
    telephone: Expression | None = None
    """The telephones that the sight may see, which are in no rendered feature."""
    drawn: Callable[[Expression], Expression] | None = None
    """The geometry for a map whose unit is so many metres at the equator, where it is computed."""
    holding: Callable[[Expression], Expression] | None = None
    """The condition of an index on the row that has an identity, where the key is computed."""
    rendered: Callable[[sa.FromClause], sa.Select[Any]] | None = None
    """Reads `feature` and `telephone` of the rows of a selection by their `identity`, without the table."""
    walked: Expression | None = None
    """The column whose index counts them when there is no condition; None: the identity."""
    parsed: Callable[[], "CollectionSource"] | None = None
    """The same rows with the members of each parsed once, for a file that writes all of them."""

    def is_of(self, identity: Expression) -> Expression:
        """Whether a row has this identity."""
        same = self.key == identity
        return same if self.holding is None else sa.and_(self.holding(identity), same)

    @property
    def geom(self) -> Expression:
        """The geometry of a row."""
        return self.queryables.geom


@cache
def source(form: Shape, collection: str) -> CollectionSource:
    """What the collection reads for a sight of this shape."""
    described = catalogue.collection(collection)
    return _SOURCES[described.holds](form, described)


def _columns(form: Shape, seen: View, described: Collection, body: Expression) -> dict[str, Expression]:
    """An expression for each property, from the columns of the row or from its members."""
    stated_m = sa.func.nullif(seen.uncertainty_m, sa.literal_column("0"), type_=sa.Float)
    special = {
        "name": sa.func.coalesce(seen.c.name_zh, seen.c.name_en),
        "location_quality": seen.quality,
        "uncertainty_m": stated_m,
        "exercise": sa.func.nullif(seen.c.realm, LIVE_REALM, type_=sa.Text),
        "last_seen_at": seen.seen_at,
        "telephone": _telephone(form, seen),
        **_of_members(body),
    }
    columns = {
        item.name: special[item.name] if item.name in special else seen.c[item.name]
        for item in described.properties
    }
    if "parent_depot" in columns:
        columns["parent_depot"] = sa.cast(columns["parent_depot"], sa.Text)
    return columns | _sector(seen, columns)


def _of_members(body: Expression) -> dict[str, Expression]:
    """Properties that no column holds, from the members of the feature."""
    location = body["location"]
    last_seen = sa.cast(body["last_seen"]["accuracy_m"].astext, sa.Float)
    counted = "(one ->> 'count')"
    return {
        "candidate_places": _texts(location["candidate_places"], "one #>> '{}'"),
        "datum": location["datum"].astext,
        "location_source": location["source"].astext,
        "note": body["note"].astext,
        "hours": body["hours"].astext,
        "last_seen_accuracy_m": last_seen,
        "sources": _texts(
            body["sources"],
            "concat_ws(' ', one ->> 'reference', one ->> 'locator', one ->> 'as_of', one ->> 'confidence')",
        ),
        "external_ids": _texts(body["external_ids"], "concat(one ->> 'system', ':', one ->> 'id')"),
        **{
            name: _texts(
                body[name],
                f"concat(coalesce(one #>> '{{name,zh}}', one #>> '{{name,en}}'), '×' || {counted})",
            )
            for name in ("vehicles", "equipment")
        },
        "capacities": _texts(body["capacities"], CAPACITY_SQL),
        "stock_items": _texts(body["stock"], "concat(one ->> 'scheme', ':', one ->> 'item_code')", True),
    }


def _texts(members: Expression, text: str, once: bool = False) -> Expression:
    """The members of a JSON array as texts, in their order; NULL for what is no array."""
    order: Any = sa.literal_column("min(at)" if once else "at")
    one = (
        sa.func.jsonb_array_elements(members)
        .table_valued(sa.column("one", JSONB), with_ordinality="at")
        .render_derived()
    )
    made: Any = sa.literal_column(text, sa.Text)
    rows = sa.select(made.label("text")).select_from(one)
    rows = (rows.group_by(made) if once else rows).order_by(order)
    found = sa.func.array(rows.scalar_subquery(), type_=ARRAY(sa.Text))
    is_array = sa.func.jsonb_typeof(members) == sa.literal_column("'array'")
    return sa.case((is_array, found))


def _telephone(form: Shape, seen: View) -> Expression:
    """The telephones of a record that the sight may see; contacts have no past."""
    owner = (seen.table.c.realm, seen.table.c.id)
    return (
        UNKNOWN if form.past else _shown(form, seen.is_shown(), contacts.telephone(form, owner, seen.table))
    )


def _shown(form: Shape, is_shown: Expression, value: Expression) -> Expression:
    """The value, to the public only where it may read it."""
    return value if form.clearance != "public" else sa.case((is_shown, value))


def _sector(seen: View, columns: dict[str, Expression]) -> dict[str, Expression]:
    """The bearings that a watch point sees, which would locate an internal one."""
    if seen.form.clearance != "public":
        return {}
    names = [name for name in ("sector_from_deg", "sector_to_deg") if name in columns]
    return {name: sa.case((seen.shows_footprint(), columns[name])) for name in names}


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
    body = sa.cast(seen.feature, JSONB)["properties"]
    rows = CollectionSource(
        table=seen.table,
        seen=sa.and_(seen.seen, alive(seen), which),
        key=seen.table.c.id,
        feature=UNKNOWN if form.past else _rendered(form, seen),
        nested=seen.feature,
        version=seen.table.c.version,
        queryables=Queryables(
            _columns(form, seen, described, body),
            seen.geom,
            spot=seen.spot,
            search_key=seen.table.c.search_key,
            named=seen.is_shown() if form.clearance == "public" else None,
        ),
        telephone=_telephone(form, seen),
        rendered=None if form.past else lambda kept: _rendered_of(form, kept),
    )
    return rows._replace(parsed=lambda: _parsed(form, seen, described, rows))


def _rendered_of(form: Shape, kept: sa.FromClause) -> sa.Select[Any]:
    """The rendered flat feature and the telephones of each record in `kept`, whom the sight sees."""
    realm = LIVE_REALM if form.live else sa.bindparam("sight_realm")
    mine = sa.and_(flat_feature.c.realm == realm, flat_feature.c.resource_id == kept.c.identity)
    is_shown = flat_feature.c.public_feature.is_(None).label("is_shown")
    found = sa.select(_face(form).label("feature"), is_shown).where(mine)
    one = found.limit(sa.literal_column("1")).lateral("one")
    telephone = contacts.telephone(form, (realm, kept.c.identity), kept)
    shown = _shown(form, one.c.is_shown, telephone).label("telephone")
    return sa.select(one.c.feature, shown).select_from(kept.outerjoin(one, sa.true()))


def _face(form: Shape) -> Expression:
    """The flat text that a sight may read."""
    text: Any = flat_feature.c.feature
    return sa.func.coalesce(flat_feature.c.public_feature, text) if form.clearance == "public" else text


def _rendered(form: Shape, seen: View) -> Expression:
    """The flat feature that was rendered when the record was written."""
    text = _face(form)
    mine = sa.and_(flat_feature.c.realm == seen.table.c.realm, flat_feature.c.resource_id == seen.table.c.id)
    return sa.select(text).where(mine).correlate(seen.table).scalar_subquery()


def _parsed(form: Shape, seen: View, described: Collection, rows: CollectionSource) -> CollectionSource:
    """OFFSET 0 keeps the planner from parsing the members again for each property."""
    members = sa.cast(seen.feature, JSONB)["properties"].label("body")
    once = sa.select(members).correlate(seen.table).offset(sa.literal_column("0")).lateral("members")
    columns = _columns(form, seen, described, once.c.body)
    queryables = rows.queryables._replace(columns=columns)
    return rows._replace(table=seen.table.join(once, sa.true()), queryables=queryables)


def flat(rows: CollectionSource, properties: Iterable[Property]) -> list[Expression]:
    """A labelled column for the identity and each of these properties, for formats that cannot nest."""
    chosen: list[Expression] = [sa.cast(rows.key, sa.Text).label("id")]
    for item in properties:
        column = rows.queryables.columns[item.name]
        if item.type == "date-time":
            column = sa.func.to_char(sa.func.timezone("UTC", column), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        elif item.type == "date":
            column = sa.cast(column, sa.Text)
        elif item.type == "strings":
            column = sa.func.array_to_string(column, SEPARATOR_SQL)
        chosen.append(column.label(item.name))
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


def _either(columns: dict[str, Expression]) -> dict[str, Expression]:
    """The name that a record is shown by, before both names."""
    return {"name": sa.func.coalesce(columns["name_zh"], columns["name_en"])} | columns


def _built(
    key: Expression, geom: Expression, columns: dict[str, Expression], more: Sequence[Any] = ()
) -> dict[str, Expression]:
    """The flat feature of some columns, and the nested one, which has `more` members."""
    plain = {name: column for name, column in columns.items() if name not in NAMES}
    nested = ("name", _names(columns["name_zh"], columns["name_en"]), *_members(plain), *more)
    return {
        "feature": feature_text(key, geom, _pointed(columns)),
        "nested": feature_text(key, geom, sa.func.json_build_object(*nested)),
    }


def _members(values: dict[str, Expression]) -> list[Any]:
    return [part for name, value in values.items() for part in (name, value)]


def _pointed(columns: dict[str, Expression]) -> Expression:
    """The properties as JSON, each number with a point, also a whole one: see `domain/ogc/flat.py`."""
    pointed = {
        name: sa.case(
            (one == sa.func.trunc(one), sa.cast(one, sa.Numeric(30, 1))), else_=sa.cast(one, sa.Numeric)
        )
        if isinstance(one.type, sa.Float)
        else one
        for name, one in columns.items()
    }
    return sa.func.json_build_object(*_members(pointed))


def _places(_: Shape, described: Collection) -> CollectionSource:
    columns = _either({i.name: place.c[i.name] for i in described.properties if i.name != "name"})
    geom = sa.func.coalesce(place.c.extent, place.c.point, type_=Geometry(spatial_index=False))
    point = sa.cast(sa.func.ST_AsGeoJSON(place.c.point, 7), JSONB)
    more: list[Any] = ["partner", place.c.partner, "flags", place.c.flags, "point", point]
    more += ["assumed_extent", place.c.extent_basis != "boundary"]
    return CollectionSource(
        table=place,
        seen=sa.true(),
        key=place.c.code,
        **_built(place.c.code, geom, columns, more),
        version=sa.literal_column("NULL::int"),
        queryables=Queryables(columns, geom, partial=True, search_key=place.c.search_key),
    )


def _footprints(form: Shape, described: Collection) -> CollectionSource:
    seen, drawing = view(form), footprint_sql(form)
    made = {
        "drawing": drawing.method,
        "drawing_error_m": drawing.error_m,
        "exercise": sa.func.nullif(seen.c.realm, LIVE_REALM, type_=sa.Text),
    }
    columns = _either(
        {i.name: made.get(i.name, seen.c.get(i.name)) for i in described.properties if i.name != "name"}
    )
    return CollectionSource(
        table=seen.table,
        seen=sa.and_(drawing.which, alive(seen)),
        key=seen.table.c.id,
        **_built(seen.table.c.id, drawing.outline, columns),
        version=seen.table.c.version,
        queryables=Queryables(
            columns,
            drawing.outline,
            lambda window: meets(drawing, window),
            search_key=seen.table.c.search_key,
            named=seen.is_shown() if form.clearance == "public" else None,
        ),
        drawn=lambda unit_m: footprint_sql(form, unit_m).outline,
    )


def _zones(_: Shape, described: Collection) -> CollectionSource:
    named = {f"name_{tongue}": zone.c.body["name"][tongue].astext for tongue in ("zh", "en")}
    plain = [item.name for item in described.properties if item.name not in NAMES]
    columns = _either(named | {name: zone.c[name] for name in plain})
    drawn = sa.func.ST_SetSRID(sa.func.ST_GeomFromGeoJSON(zone.c.geometry), 4326)
    geom = sa.func.ST_Force2D(drawn, type_=Geometry(spatial_index=False))
    return CollectionSource(
        table=zone,
        seen=sa.true(),
        key=zone.c.id,
        **_built(zone.c.id, geom, columns, ("drawing", zone.c.drawing)),
        version=sa.literal_column("NULL::int"),
        queryables=Queryables(columns, geom, partial=True, search_key=zone.c.search_key),
    )


def _stock(form: Shape, described: Collection) -> CollectionSource:
    """The lines are read from the depots' members, so that they have a past and a public face."""
    seen = view(form)
    body = sa.cast(seen.feature, JSONB)["properties"]
    lines = (
        sa.func.jsonb_array_elements(body["stock"])
        .table_valued(sa.column("line", JSONB), with_ordinality="n")
        .render_derived()
        .lateral("stock")
    )
    key = sa.func.concat(
        seen.table.c.id, ":", sa.func.lpad(sa.cast(lines.c.n, sa.Text), 4, "0"), type_=sa.Text
    )
    line = lines.c.line
    of_line = {
        "name": sa.func.coalesce(line["name"]["zh"].astext, line["name"]["en"].astext),
        **{name: line[name].astext for name in ("scheme", "item_code", "unit", "lot")},
        **{name: sa.cast(line[name].astext, sa.Float) for name in ("quantity", "minimum")},
        "expires_on": sa.cast(line["expires_on"].astext, sa.Date),
        "counted_at": sa.cast(line["counted_at"].astext, sa.TIMESTAMP(timezone=True)),
    }
    of_depot = {
        "depot": sa.cast(seen.table.c.id, sa.Text),
        "depot_name_zh": seen.c.name_zh,
        "depot_name_en": seen.c.name_en,
        "location_quality": seen.quality,
        "uncertainty_m": sa.func.nullif(seen.uncertainty_m, sa.literal_column("0"), type_=sa.Float),
        "exercise": sa.func.nullif(seen.c.realm, LIVE_REALM, type_=sa.Text),
    }
    known = of_line | of_depot
    columns = {i.name: known[i.name] if i.name in known else seen.c[i.name] for i in described.properties}
    depot = seen.table.c.kind == sa.literal_column("'supply_depot'")
    text = feature_text(key, seen.geom, _pointed(columns))
    return CollectionSource(
        table=seen.table.join(lines, sa.true()),
        seen=sa.and_(seen.seen, alive(seen), depot),
        key=key,
        feature=text,
        nested=text,
        version=seen.table.c.version,
        queryables=Queryables(
            columns,
            seen.geom,
            partial=True,
            search_key=seen.table.c.search_key,
            named=seen.is_shown() if form.clearance == "public" else None,
        ),
        holding=lambda identity: seen.table.c.id == sa.cast(sa.func.split_part(identity, ":", 1), sa.Uuid),
    )


_SOURCES = {
    "stock": _stock,
    "zones": _zones,
    "located": _located,
    "unlocated": _unlocated,
    "places": _places,
    "footprints": _footprints,
}
