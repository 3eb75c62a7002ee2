"""SQL of places: get, find, containing, around, insert; and what lies under what."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from registry.domain.access.sight import Sight
from registry.domain.conditions import has_trigram
from registry.domain.intake.territory import forms_of
from registry.domain.search_key import key_grams, key_of, key_pattern
from registry.domain.values import Name
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query, statement
from registry.store.names import GRAMS, keyed
from registry.store.ogc.extents import outward
from registry.store.proximity.origin_sql import FROM_SHAPE, POINT, SPOT
from registry.store.schema.records import (
    geography,
    place,
    place_member,
    place_past,
    place_within,
    vocabulary,
)
from registry.store.visibility import Shape, binds, shape, view

COLUMNS = (
    place.c.code,
    place.c.level,
    place.c.parent,
    place.c.name_zh,
    place.c.name_en,
    place.c.list_version,
    place.c.extent_basis,
    place.c.extent_radius_m,
    place.c.extent_from,
    place.c.point_uncertainty_m,
    place.c.partner,
    place.c.flags,
    place.c.valid_from,
    place.c.valid_to,
    place.c.source,
    place.c.successors,
    place.c.version,
    place.c.updated_at,
    place.c.updated_by,
    sa.func.ST_AsGeoJSON(place.c.point, 7).label("point"),
)
EXTENT = sa.func.ST_AsGeoJSON(place.c.extent, 7).label("extent")
DRAWN: sa.ColumnElement[Any] = sa.func.ST_AsGeoJSON(place.c.extent, 5).label("extent")
ON = sa.bindparam("on", type_=sa.Date)
IN_FORCE = sa.and_(
    sa.or_(place.c.valid_from.is_(None), place.c.valid_from <= ON),
    sa.or_(place.c.valid_to.is_(None), place.c.valid_to > ON),
)
"""The code is in force on the day `on`; `valid_to` is the first day on which it is not."""
FORMS = sa.any_(sa.bindparam("forms", type_=sa.ARRAY(sa.Text)))
_ITSELF = sa.func.array_position(sa.bindparam("forms", type_=sa.ARRAY(sa.Text)), place.c.code)

GET = Query(sa.select(*COLUMNS, EXTENT).where(place.c.code == FORMS).order_by(_ITSELF).limit(1))
MEMBERS = Query(
    sa.select(place_member.c.place).where(place_member.c.area == sa.bindparam("code")).order_by(sa.text("1"))
)
CONTAINING = Query(
    sa.select(*COLUMNS)
    .where(sa.func.ST_Covers(place.c.extent, POINT), IN_FORCE)
    .order_by(sa.func.ST_Area(place.c.extent), place.c.code)
)


@statement
def _find(present: frozenset[str], extents: bool) -> Query:
    under = sa.select(place_within.c.code).where(place_within.c.ancestor == sa.bindparam("under"))
    clauses: dict[str, sa.ColumnElement[bool]] = {
        "level": place.c.level == sa.bindparam("level"),
        "parent": place.c.parent == sa.bindparam("parent"),
        "under": place.c.code == sa.any_(sa.func.array(under.scalar_subquery())),
        "q": keyed(place.c.search_key, sa.bindparam("q", type_=sa.Text)),
        "brief_q": keyed(
            place.c.search_key,
            sa.bindparam("q", type_=sa.Text),
            "grams",
            sa.bindparam("q_grams", type_=GRAMS),
        ),
        "on": IN_FORCE,
        "after": place.c.code > sa.bindparam("after"),
    }
    where = [clauses[name] for name in sorted(present)]
    columns = (*COLUMNS, DRAWN) if extents else COLUMNS
    return Query(sa.select(*columns).where(*where).order_by(place.c.code).limit(sa.bindparam("limit")))


async def get(reader: Reader, code: str) -> Row | None:
    """One place with its extent, by any form of its code."""
    return await reader.row(GET, {"forms": forms_of(code)})


async def members(reader: Reader, code: str) -> list[str]:
    """The member places of a management area; empty for other places."""
    return [row["place"] for row in await reader.rows(MEMBERS, {"code": code})]


_ABOVE = place_within.alias("above")
_DEPTH = sa.select(sa.func.count()).where(_ABOVE.c.code == place_within.c.ancestor).scalar_subquery()
ANCESTORS = Query(
    sa.select(place_within.c.ancestor)
    .where(place_within.c.code == sa.bindparam("code"))
    .order_by(_DEPTH.desc(), place_within.c.ancestor)
)


async def ancestors(reader: Reader, code: str) -> list[str]:
    """The place itself and every place or management area above it, the deepest first."""
    return [row["ancestor"] for row in await reader.rows(ANCESTORS, {"code": code})]


async def find(
    reader: Reader, conditions: Mapping[str, Any], limit: int, *, extents: bool = False
) -> list[Row]:
    """At most `limit` places by code. `conditions` has any of level, parent, under, q, on and after.

    `q` is part of a name, of its pinyin or initials, or of any form of the code; `on` is a day on which the
    code is in force.
    With `extents` each row has its extent as drawn on a map, to a metre.
    """
    values = {name: value for name, value in conditions.items() if value is not None}
    present = frozenset(values)
    if "q" in values:
        values |= {"q": key_pattern(values["q"]), "q_grams": key_grams(values["q"])}
        if not has_trigram(values["q"]):
            present = present - {"q"} | {"brief_q"}
    return await reader.rows(_find(present, extents), values | {"limit": limit})


async def containing(reader: Reader, lon: float, lat: float, on: date) -> list[Row]:
    """The places in force on a day whose extent contains the point, border included, smallest first."""
    return await reader.rows(CONTAINING, {"lon": lon, "lat": lat, "on": on})


SIDES = ("west", "south", "east", "north")


def _around() -> Query:
    """`holds_all` is true when the point is inside and farther than `margin_m` from the border."""
    margin_m = sa.bindparam("margin_m", type_=sa.Float)
    near = sa.func.ST_MakeEnvelope(*(sa.bindparam(side, type_=sa.Float) for side in SIDES), 4326)
    border = geography(sa.func.ST_Boundary(place.c.extent))
    inside = sa.and_(
        sa.func.ST_Covers(place.c.extent, POINT), sa.not_(sa.func.ST_DWithin(border, SPOT, margin_m))
    )
    met = place.c.extent.op("&&")(near), sa.func.ST_DWithin(geography(place.c.extent), SPOT, margin_m)
    return _smallest(inside, *met)


def _smallest(holds_all: Any, *met: Any) -> Query:
    """The `limit` smallest of the places that meet the conditions, and each that has `holds_all`."""
    order = (sa.func.ST_Area(place.c.extent), place.c.code)
    found = (
        sa.select(
            *COLUMNS,
            holds_all.label("holds_all"),
            sa.func.row_number().over(order_by=order).label("rank"),
            sa.func.count().over().label("found"),
        )
        .where(*met, IN_FORCE)
        .subquery("found")
    )
    kept = sa.or_(found.c.holds_all, found.c.rank <= sa.bindparam("limit", type_=sa.Integer))
    return Query(sa.select(found).where(kept).order_by(found.c.rank))


AROUND = _around()


async def around(reader: Reader, lon: float, lat: float, margin_m: float, limit: int, on: date) -> list[Row]:
    """The places in force on a day that may contain a point uncertain by `margin_m`, smallest first.

    `holds_all` says that the place contains it wherever it is, `found` how many places may contain it.
    Besides the `limit` smallest the answer has every place with `holds_all`.
    """
    box = zip(SIDES, outward((lon, lat, lon, lat), margin_m), strict=True)
    return await reader.rows(
        AROUND, {"lon": lon, "lat": lat, "margin_m": margin_m, "limit": limit, "on": on, **dict(box)}
    )


def _touched() -> Query:
    """Areas that intersect share ground unless they only touch.

    ST_Touches takes 2 ms for a large place. So a cheap test comes first: whether a point inside the place
    lies in the shape.
    """
    area = FROM_SHAPE.geom
    some = sa.func.ST_Intersects(area, sa.func.ST_PointOnSurface(place.c.extent))
    more = sa.not_(sa.func.ST_Touches(place.c.extent, area))
    return _smallest(
        sa.func.ST_Covers(place.c.extent, area),
        sa.func.ST_Intersects(area, place.c.extent),
        sa.case((some, sa.true()), else_=more),
    )


TOUCHED = _touched()


async def touched(reader: Reader, wkb: bytes, limit: int, on: date) -> list[Row]:
    """The places in force on a day that share ground with the shape (WKB), smallest first.

    `holds_all` says that the place contains the whole shape, `found` how many places share ground with it.
    Besides the `limit` smallest the answer has every place with `holds_all`.
    """
    return await reader.rows(TOUCHED, {"shape": wkb, "limit": limit, "on": on})


def _reach() -> Query:
    bound = place.alias("bound")
    corner = sa.func.ST_DumpPoints(bound.c.extent).table_valued("path", "geom").render_derived(name="corner")
    farthest = sa.select(sa.func.max(sa.func.ST_Distance(geography(corner.c.geom), SPOT))).scalar_subquery()
    return Query(
        sa.select(
            place.c.code,
            place.c.extent_from,
            bound.c.extent_basis.label("basis"),
            sa.func.ST_Distance(geography(bound.c.extent), SPOT).label("nearest_m"),
            farthest.label("farthest_m"),
        )
        .select_from(place.outerjoin(bound, bound.c.code == place.c.extent_from))
        .where(place.c.code == sa.any_(sa.bindparam("codes", type_=sa.ARRAY(sa.Text))))
    )


REACH = _reach()


async def reach(reader: Reader, codes: Sequence[str], lon: float, lat: float) -> dict[str, Row]:
    """For each place: the least and greatest geodesic distance of its extent in metres, and `extent_from`.

    A place without an extent has that of the place above it that `extent_from` names.
    """
    rows = await reader.rows(REACH, {"codes": list(codes), "lon": lon, "lat": lat})
    return {row["code"]: row for row in rows}


EXTENT_TEXT = sa.func.ST_SetSRID(sa.func.ST_GeomFromGeoJSON(sa.bindparam("extent", type_=sa.Text)), 4326)
POINT_TEXT = sa.func.ST_SetSRID(sa.func.ST_GeomFromGeoJSON(sa.bindparam("point", type_=sa.Text)), 4326)
KEY = "search_key"
STAMPS = ("successors", "version", "updated_at", "updated_by")
PLAIN = [
    column.name
    for column in place.columns
    if column.name not in ("extent", "point", "extent_from", "partner_of", KEY, *STAMPS)
]


KEPT = ("code", "flags")
"""Columns that storing a place again leaves: its identity, and the flags that planners set."""


def _upsert() -> Query:
    values = {name: sa.bindparam(name, type_=place.c[name].type) for name in (*PLAIN, KEY)}
    statement = insert(place).values(**values, extent=EXTENT_TEXT, point=POINT_TEXT)
    written = [*PLAIN, KEY, "extent", "point"]
    renewed = {name: statement.excluded[name] for name in written if name not in KEPT}
    untouched = place.c.updated_by == "seeds"
    return Query(statement.on_conflict_do_update(index_elements=["code"], set_=renewed, where=untouched))


UPSERT = _upsert()
FORGET_MEMBERS = Query(sa.delete(place_member).where(place_member.c.area == sa.bindparam("area")))
ADD_MEMBER = Query(
    sa.insert(place_member).values(
        area=sa.bindparam("area", type_=sa.Text), place=sa.bindparam("place", type_=sa.Text)
    )
)


async def upsert(writer: Writer, values: Sequence[dict[str, Any]]) -> None:
    """Insert or replace seeded places, parents first; those that a planner changed stay as they are.

    `extent` and `point` are GeoJSON text or None.
    """
    await writer.run_many(UPSERT, [_with_key(one) for one in values])


def _with_key(values: Mapping[str, Any]) -> dict[str, Any]:
    name = Name(values["name_zh"], values["name_en"])
    return {**values, KEY: key_of(name, forms_of(values["code"]))}


KEYS = Query(sa.select(place.c.code, place.c.name_zh, place.c.name_en, place.c.search_key))
SET_KEY = Query(
    sa.update(place)
    .where(place.c.code == sa.bindparam("of", type_=sa.Text))
    .values(search_key=sa.bindparam("search_key", type_=sa.Text))
)


async def renew_keys(writer: Writer) -> int:
    """Make the search keys of all places again, and return how many changed."""
    rows = [(row, _with_key(row)[KEY]) for row in await writer.rows(KEYS, {})]
    changed = [{"of": row["code"], KEY: key} for row, key in rows if row[KEY] != key]
    await writer.run_many(SET_KEY, changed)
    return len(changed)


def _put() -> Query:
    names = [*PLAIN, KEY, *STAMPS]
    values = {name: sa.bindparam(name, type_=place.c[name].type) for name in names}
    statement = insert(place).values(**values, extent=EXTENT_TEXT, point=POINT_TEXT)
    renewed = {name: statement.excluded[name] for name in [*names, "extent", "point"] if name != "code"}
    return Query(statement.on_conflict_do_update(index_elements=["code"], set_=renewed))


PUT = _put()
LOCK = Query(sa.select(sa.func.pg_advisory_xact_lock(sa.literal_column("730513"))))
"""What lies under what is derived from all places, so that one planner after the other changes them."""
KEEP_PAST = Query(
    sa.insert(place_past).values(
        {column.name: sa.bindparam(column.name, type_=column.type) for column in place_past.columns}
    )
)
HISTORY = Query(
    sa.select(place_past.c.version, place_past.c.body, place_past.c.updated_by, place_past.c.superseded_at)
    .where(place_past.c.code == sa.bindparam("code"))
    .order_by(place_past.c.version.desc())
)
BORDER = Query(
    sa.select(
        place.c.name_zh,
        place.c.name_en,
        sa.func.ST_AsBinary(place.c.extent, type_=sa.LargeBinary).label("extent"),
    ).where(place.c.code == sa.bindparam("code"), place.c.extent_basis == sa.literal_column("'boundary'"))
)
_DRAWN = place.c.extent_basis == sa.literal_column("'boundary'")
BORDERS = Query(
    sa.select(
        place.c.code,
        place.c.parent,
        place.c.name_zh,
        place.c.name_en,
        sa.case((_DRAWN, sa.func.ST_AsBinary(place.c.extent, type_=sa.LargeBinary))).label("border"),
    )
    .join(place_within, place_within.c.code == place.c.code)
    .where(
        place_within.c.ancestor == sa.bindparam("under", type_=sa.Text),
        place.c.level != sa.literal_column("'management_area'"),
        IN_FORCE,
    )
    .order_by(place.c.code)
)
LEVELS = Query(sa.select(vocabulary.c.code).where(vocabulary.c.subject == sa.literal_column("'place_level'")))
_NAMED = sa.func.unnest(sa.bindparam("codes", type_=sa.ARRAY(sa.Text))).column_valued("named")
UNKNOWN = Query(sa.select(_NAMED.label("code")).where(sa.not_(sa.exists().where(place.c.code == _NAMED))))


async def lock(writer: Writer) -> None:
    """Wait for other writers of places; readers go on."""
    await writer.row(LOCK, {})


async def put(writer: Writer, values: Sequence[Mapping[str, Any]]) -> None:
    """Insert or replace places, parents first: the columns PLAIN and STAMPS, `extent` and `point`."""
    await writer.run_many(PUT, [_with_key(one) for one in values])


async def keep_past(writer: Writer, values: Mapping[str, Any]) -> None:
    """Keep the version of a place that is about to be replaced."""
    await writer.run(KEEP_PAST, values)


async def history(reader: Reader, code: str) -> list[Row]:
    """The earlier versions of a place, newest first."""
    return await reader.rows(HISTORY, {"code": code})


async def border(reader: Reader, code: str) -> Row | None:
    """The names of a place and its extent as WKB; None when no border of it was drawn."""
    return await reader.row(BORDER, {"code": code})


async def borders(reader: Reader, under: str, on: date) -> list[Row]:
    """The places in force at and under a place, with the border (WKB) of those that somebody drew."""
    return await reader.rows(BORDERS, {"under": under, "on": on})


async def levels(reader: Reader) -> frozenset[str]:
    """The levels of places that the vocabulary lists."""
    return frozenset(row["code"] for row in await reader.rows(LEVELS, {}))


async def unknown(reader: Reader, codes: Sequence[str]) -> list[str]:
    """Those of the codes that are no place here."""
    return [row["code"] for row in await reader.rows(UNKNOWN, {"codes": list(codes)})]


@statement
def _rehoming(form: Shape) -> Query:
    seen = view(form)
    holding = place.alias("holding")
    begun = sa.or_(holding.c.valid_from.is_(None), holding.c.valid_from <= ON)
    lasting = sa.or_(holding.c.valid_to.is_(None), holding.c.valid_to > ON)
    proposed = (
        sa.select(holding.c.code)
        .where(
            sa.func.ST_Covers(holding.c.extent, seen.geom),
            begun,
            lasting,
            holding.c.level != sa.literal_column("'management_area'"),
        )
        .order_by(sa.func.ST_Area(holding.c.extent), holding.c.code)
        .limit(1)
        .scalar_subquery()
    )
    return Query(
        sa.select(
            seen.c.id, seen.c.kind, seen.c.name_zh, seen.c.name_en, seen.c.place, proposed.label("proposed")
        )
        .select_from(seen.table.join(place, place.c.code == seen.c.place))
        .where(seen.seen, place.c.valid_to <= ON, place.c.code == sa.bindparam("code", type_=sa.Text))
        .order_by(seen.c.id)
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )


async def rehoming(reader: Reader, sight: Sight, code: str, on: date, limit: int) -> list[Row]:
    """The records under a code that has ended, each with the smallest place in force that holds its point."""
    return await reader.rows(_rehoming(shape(sight)), binds(sight) | {"code": code, "on": on, "limit": limit})


async def set_members(writer: Writer, area: str, codes: Sequence[str]) -> None:
    """Replace the members of a management area."""
    await writer.run(FORGET_MEMBERS, {"area": area})
    await writer.run_many(ADD_MEMBER, [{"area": area, "place": code} for code in codes])


FLAG = Query(
    sa.update(place)
    .where(place.c.code == sa.bindparam("code"))
    .values(flags=place.c.flags.op("||")(sa.bindparam("flags", type_=JSONB)))
    .returning(place.c.flags)
)


async def flag(writer: Writer, code: str, flags: Mapping[str, str]) -> dict[str, Any] | None:
    """Set flags of a place and return all that it has; None when there is no such place."""
    row = await writer.row(FLAG, {"code": code, "flags": flags})
    return None if row is None else row["flags"]


AFFECTED = """
WITH moved(code) AS (
    SELECT unnest(CAST(:changed AS text[]))
    UNION SELECT place FROM place_member WHERE area = ANY(CAST(:changed AS text[]))
)
SELECT code FROM moved
UNION SELECT w.code FROM place_within w JOIN moved m ON m.code = w.ancestor
"""
FORGET_WITHIN = "DELETE FROM place_within WHERE code = ANY(CAST(:affected AS text[]))"
DERIVE_WITHIN = """
INSERT INTO place_within (ancestor, code)
WITH RECURSIVE up(ancestor, code) AS (
    SELECT code, code FROM place WHERE code = ANY(CAST(:affected AS text[]))
    UNION SELECT above.code, up.code FROM up CROSS JOIN LATERAL (
        SELECT parent AS code FROM place WHERE place.code = up.ancestor AND parent IS NOT NULL
        UNION ALL SELECT area FROM place_member WHERE place = up.ancestor
    ) above
)
SELECT ancestor, code FROM up
ON CONFLICT DO NOTHING
"""
FORGET_AREAS = """
UPDATE place SET extent_basis = 'none', extent = NULL
WHERE extent_basis = 'members'
  AND code IN (SELECT ancestor FROM place_within WHERE code = ANY(CAST(:changed AS text[])))
  AND NOT EXISTS (SELECT FROM place_member m JOIN place p ON p.code = m.place
                  WHERE m.area = place.code AND p.extent IS NOT NULL)
"""
DERIVE_AREAS = """
UPDATE place SET extent_basis = 'members', extent = joined.extent
FROM (
    SELECT m.area, ST_Multi(ST_CollectionExtract(ST_UnaryUnion(ST_Collect(p.extent)), 3)) AS extent
    FROM place_member m JOIN place p ON p.code = m.place
    WHERE p.extent IS NOT NULL
      AND m.area IN (SELECT ancestor FROM place_within WHERE code = ANY(CAST(:changed AS text[])))
    GROUP BY m.area
) joined
WHERE joined.area = place.code AND place.extent_basis IN ('none', 'members')
"""
DERIVE_BOUNDS = """
UPDATE place SET extent_from = bound.code
FROM (
    WITH RECURSIVE up(code, at, depth) AS (
        SELECT code, code, 0 FROM place WHERE code = ANY(CAST(:affected AS text[]))
           OR code IN (SELECT ancestor FROM place_within WHERE code = ANY(CAST(:changed AS text[])))
        UNION ALL SELECT up.code, p.parent, depth + 1 FROM up JOIN place p ON p.code = up.at
        WHERE p.parent IS NOT NULL AND depth < 20
    )
    SELECT DISTINCT ON (up.code) up.code AS of, CASE WHEN p.extent IS NOT NULL THEN p.code END AS code
    FROM up JOIN place p ON p.code = up.at ORDER BY up.code, p.extent IS NULL, up.depth
) bound
WHERE bound.of = place.code AND place.extent_from IS DISTINCT FROM bound.code
"""
DERIVE_PARTNERS = """
UPDATE place SET partner_of = found.partner
FROM (
    SELECT p.code, (
        SELECT w.ancestor FROM place_within w JOIN place a ON a.code = w.ancestor
        WHERE w.code = p.code AND a.partner IS NOT NULL ORDER BY w.ancestor = p.code DESC, w.ancestor LIMIT 1
    ) AS partner
    FROM place p WHERE p.code = ANY(CAST(:affected AS text[]))
) found
WHERE found.code = place.code AND place.partner_of IS DISTINCT FROM found.partner
RETURNING place.code
"""
FOLLOW_PARTNERS = """
UPDATE resource SET partner_of = place.partner_of FROM place
WHERE place.code = resource.place AND place.code = ANY(CAST(:changed AS text[]))
  AND resource.partner_of IS DISTINCT FROM place.partner_of
"""
EVERY = Query(sa.select(place.c.code))
FIND_AFFECTED = Query(sa.text(AFFECTED))
DERIVATIONS = [
    Query(sa.text(text)) for text in (FORGET_WITHIN, DERIVE_WITHIN, FORGET_AREAS, DERIVE_AREAS, DERIVE_BOUNDS)
]
RENEW_PARTNERS, RENEW_RECORDS = Query(sa.text(DERIVE_PARTNERS)), Query(sa.text(FOLLOW_PARTNERS))


async def derive(writer: Writer, changed: Collection[str] | None = None) -> None:
    """Derive what lies under what, the extents of areas, bounds, and partners of places and resources.

    Only what `changed` places may have changed is derived, after they are stored; everything without them.
    The members of a changed area are those before and after the change.
    """
    codes = [row["code"] for row in await writer.rows(EVERY, {})] if changed is None else list(changed)
    affected = {row["code"] for row in await writer.rows(FIND_AFFECTED, {"changed": codes})}
    values = {"changed": codes, "affected": sorted(affected)}
    for query in DERIVATIONS:
        await writer.run(query, values)
    partners = await writer.rows(RENEW_PARTNERS, values)
    await writer.run(RENEW_RECORDS, {"changed": [row["code"] for row in partners]})
