"""SQL of zones and rules: get, find, put, draw, and the distance of a site from each zone."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from registry.domain.errors import NotFound
from registry.domain.places.rule import Rule, ZoneDistance
from registry.domain.places.zone import (
    StoredZone,
    Zone,
    ZoneGeometry,
    ZonePiece,
    chainage_km,
    is_area,
    pieces,
)
from registry.domain.search_key import key_of
from registry.store.database.pool import Reader, Writer
from registry.store.database.query import Query
from registry.store.schema.plans import MOMENT, document, provision, rule, zone, zone_piece
from registry.store.schema.records import vocabulary

_PLAIN = ("id", "kind", "road", "from_km", "to_km", "updated_by", "search_key")
_PUT = insert(zone).values(
    {name: sa.bindparam(name, type_=zone.c[name].type) for name in _PLAIN}
    | {"body": sa.bindparam("body", type_=JSONB)}
)
_SEEDED: sa.ColumnElement[str] = sa.literal_column("'seeds'")
PUT = Query(
    _PUT.on_conflict_do_update(
        index_elements=["id"],
        set_={name: _PUT.excluded[name] for name in (*_PLAIN[1:], "body")}
        | {"version": zone.c.version + 1, "updated_at": sa.func.now()},
        where=sa.and_(
            zone.c.body != _PUT.excluded.body,
            sa.or_(zone.c.updated_by == _SEEDED, _PUT.excluded.updated_by != _SEEDED),
        ),
    )
)
"""The seeds leave a zone that a planner changed, and the same body again is no new version."""
_PUT_RULE = insert(rule).values(
    id=sa.bindparam("id", type_=sa.Text),
    provision=sa.bindparam("provision", type_=sa.Text),
    zone_kind=sa.bindparam("zone_kind", type_=sa.Text),
    body=sa.bindparam("body", type_=JSONB),
)
PUT_RULE = Query(
    _PUT_RULE.on_conflict_do_update(
        index_elements=["id"],
        set_={name: _PUT_RULE.excluded[name] for name in ("provision", "zone_kind", "body")},
    )
)
COLUMNS = (zone.c.body, zone.c.version, zone.c.drawing, zone.c.updated_at)
ZONES = Query(sa.select(*COLUMNS).order_by(zone.c.id))
ZONE = Query(sa.select(*COLUMNS, zone.c.geometry).where(zone.c.id == sa.bindparam("id")))
KEYS = Query(sa.select(zone.c.id, zone.c.body, zone.c.search_key))
SET_KEY = Query(
    sa.update(zone)
    .where(zone.c.id == sa.bindparam("of", type_=sa.Text))
    .values(search_key=sa.bindparam("search_key", type_=sa.Text))
)
_TERRITORY = sa.func.coalesce(
    rule.c.body.op("->>")(sa.literal_column("'territory'")), provision.c.place, document.c.place
)
RULES = Query(
    sa.select(rule.c.body, _TERRITORY.label("territory"))
    .select_from(
        rule.join(provision, provision.c.id == rule.c.provision).join(
            document, document.c.id == provision.c.document
        )
    )
    .order_by(rule.c.id)
)
DRAW = Query(
    sa.update(zone)
    .where(zone.c.id == sa.bindparam("id"))
    .values(
        version=zone.c.version + 1,
        drawing=sa.bindparam("drawing", type_=JSONB),
        geometry=sa.bindparam("geometry", type_=sa.Text),
        updated_by=sa.bindparam("updated_by", type_=sa.Text),
        updated_at=sa.bindparam("updated_at", type_=MOMENT),
    )
)
ERASE = Query(
    sa.update(zone)
    .where(zone.c.id == sa.bindparam("id"))
    .values(
        version=zone.c.version + 1,
        drawing=sa.null(),
        geometry=sa.null(),
        updated_by=sa.bindparam("updated_by", type_=sa.Text),
        updated_at=sa.bindparam("updated_at", type_=MOMENT),
    )
)
REMOVE, REMOVE_RULE = (
    Query(sa.delete(table).where(table.c.id == sa.bindparam("id"))) for table in (zone, rule)
)
DELETE_PIECES = Query(sa.delete(zone_piece).where(zone_piece.c.zone == sa.bindparam("id")))
ADD_LINE = Query(
    sa.insert(zone_piece).values(
        zone=sa.bindparam("zone", type_=sa.Text),
        seq=sa.bindparam("seq", type_=sa.Integer),
        geom=sa.func.ST_SetSRID(sa.func.ST_GeomFromGeoJSON(sa.bindparam("line", type_=sa.Text)), 4326),
        km=sa.bindparam("km", type_=sa.ARRAY(sa.Float)),
    )
)
ADD_AREA = Query(
    sa.text("""
    INSERT INTO zone_piece (zone, seq, geom)
    SELECT CAST(:zone AS text), row_number() OVER (), part
    FROM ST_Subdivide(ST_SetSRID(ST_GeomFromGeoJSON(CAST(:area AS text)), 4326), 64) AS part
    """)
)
# The index orders by distance on a sphere, which differs by up to 0.5 % from the ellipsoid. So the piece
# nearest on the sphere bounds the search, and all pieces within the bound are measured on the ellipsoid.
# Far from a zone the bound would contain most of its pieces; there only the nearest few are measured.
NEAR_M = 3000
FEW_PIECES = 16
# Edges of a site are straight in lon/lat. In parts of one kilometre they leave the geodesic by centimetres.
STEP_DEG, MAX_PIECES = 0.01, 2000
DISTANCES = Query(
    sa.text("""
    WITH given AS (SELECT ST_SetSRID(ST_GeomFromGeoJSON(CAST(:site AS text)), 4326) AS geom),
    step AS (SELECT geom, (ST_Perimeter(geom) + ST_Length(geom)) / :most_pieces AS deg FROM given),
    site AS (SELECT ST_Segmentize(geom, greatest(:step_deg, deg))::geography AS geog FROM step)
    SELECT z.id, best.distance_m, best.km,
           CASE WHEN best.km IS NOT NULL THEN ST_AsGeoJSON(best.geom, 9) END AS line,
           ST_X(ST_Centroid(site.geog::geometry)) AS lon, ST_Y(ST_Centroid(site.geog::geometry)) AS lat
    FROM site, zone z
    CROSS JOIN LATERAL (
        SELECT ST_Distance(p.geom::geography, site.geog) AS away_m FROM zone_piece p
        WHERE p.zone = z.id ORDER BY p.geom::geography <-> site.geog LIMIT 1
    ) bound
    CROSS JOIN LATERAL (
        SELECT ST_Distance(p.geom::geography, site.geog) AS distance_m, p.km, p.geom
        FROM zone_piece p
        WHERE bound.away_m <= :near_m AND p.zone = z.id
          AND ST_DWithin(p.geom::geography, site.geog, bound.away_m * 1.01 + 0.01)
        UNION ALL
        SELECT ST_Distance(few.geom::geography, site.geog), few.km, few.geom
        FROM (
            SELECT p.geom, p.km FROM zone_piece p
            WHERE bound.away_m > :near_m AND p.zone = z.id
            ORDER BY p.geom::geography <-> site.geog LIMIT :few
        ) few
        ORDER BY distance_m LIMIT 1
    ) best
    """).bindparams(
        sa.bindparam("near_m", NEAR_M, type_=sa.Float),
        sa.bindparam("few", FEW_PIECES, type_=sa.Integer),
        sa.bindparam("step_deg", STEP_DEG, type_=sa.Float),
        sa.bindparam("most_pieces", MAX_PIECES, type_=sa.Float),
    )
)
# The extents of towns and management areas are assumed. So the smallest place with a drawn boundary that
# holds the territory decides, and a territory without one may hold every site.
TERRITORIES = Query(
    sa.text("""
    WITH given AS (SELECT ST_SetSRID(ST_GeomFromGeoJSON(CAST(:site AS text)), 4326) AS geom),
    step AS (SELECT geom, (ST_Perimeter(geom) + ST_Length(geom)) / :most_pieces AS deg FROM given),
    site AS (SELECT geom, ST_Segmentize(geom, greatest(:step_deg, deg))::geography AS geog FROM step)
    SELECT territory.code FROM site, unnest(CAST(:codes AS text[])) AS territory (code)
    LEFT JOIN LATERAL (
        SELECT above.extent FROM place_within w JOIN place above ON above.code = w.ancestor
        WHERE w.code = territory.code AND above.extent_basis = 'boundary'
        ORDER BY ST_Area(above.extent) LIMIT 1
    ) bounds ON true
    WHERE bounds.extent IS NULL OR ST_Intersects(bounds.extent, site.geom)
       OR ST_DWithin(bounds.extent::geography, site.geog, CAST(:margin_m AS float8))
    """).bindparams(
        sa.bindparam("step_deg", STEP_DEG, type_=sa.Float),
        sa.bindparam("most_pieces", MAX_PIECES, type_=sa.Float),
    )
)
SITE_CODES = Query(
    sa.select(vocabulary.c.subject, vocabulary.c.code).where(
        vocabulary.c.subject == sa.any_(sa.bindparam("subjects", type_=sa.ARRAY(sa.Text)))
    )
)


async def put(writer: Writer, items: Sequence[Zone], updated_by: str) -> None:
    """Insert or replace zones; their geometry stays."""
    rows = []
    for item in items:
        values = dict.fromkeys(("road", "from_km", "to_km")) | msgspec.to_builtins(item.range or {})
        values |= {"id": item.id, "kind": item.kind, "updated_by": updated_by, "search_key": _key(item)}
        rows.append(values | {"body": msgspec.to_builtins(item)})
    await writer.run_many(PUT, rows)


def _key(item: Zone) -> str:
    return key_of(item.name, [item.id, *([item.range.road] if item.range else [])])


async def renew_keys(writer: Writer) -> int:
    """Make the search keys of all zones again, and return how many changed."""
    rows = await writer.rows(KEYS, {})
    made = [{"of": row["id"], "search_key": _key(msgspec.convert(row["body"], Zone))} for row in rows]
    changed = [new for row, new in zip(rows, made, strict=True) if row["search_key"] != new["search_key"]]
    await writer.run_many(SET_KEY, changed)
    return len(changed)


async def erase(writer: Writer, identity: str, updated_by: str, at: datetime) -> None:
    """Take the geometry of a zone away."""
    await writer.run(ERASE, {"id": identity, "updated_by": updated_by, "updated_at": at})
    await writer.run(DELETE_PIECES, {"id": identity})


async def remove(writer: Writer, identity: str) -> None:
    """Remove a zone with its geometry."""
    await writer.run(REMOVE, {"id": identity})


async def remove_rule(writer: Writer, identity: str) -> None:
    """Remove a rule."""
    await writer.run(REMOVE_RULE, {"id": identity})


async def put_rules(writer: Writer, items: Sequence[Rule]) -> None:
    """Insert or replace rules, which the caller has checked."""
    rows = [
        {"id": i.id, "provision": i.provision, "zone_kind": i.zone_kind, "body": msgspec.to_builtins(i)}
        for i in items
    ]
    await writer.run_many(PUT_RULE, rows)


def _stored(row: Any) -> StoredZone:
    drawing = row["drawing"] or {}
    described = {name: drawing[name] for name in ("represents", "source", "surveyed_on") if drawing.get(name)}
    offsets = {name: drawing[name] for name in ("offset_min_m", "offset_max_m", "uncertainty_m") if drawing}
    stored = {"zone": row["body"], "version": row["version"], "has_geometry": bool(drawing)}
    stored["updated_at"] = row["updated_at"]
    return msgspec.convert(stored | described | offsets, StoredZone)


async def find(reader: Reader) -> list[StoredZone]:
    """Every zone by identity."""
    return [_stored(row) for row in await reader.rows(ZONES, {})]


async def get(reader: Reader, identity: str) -> tuple[StoredZone, str | None]:
    """One zone, and its geometry as GeoJSON text or None; NotFound when there is no such zone."""
    row = await reader.row(ZONE, {"id": identity})
    if row is None:
        raise NotFound("zone", identity)
    return _stored(row), row["geometry"]


async def geometry_of(reader: Reader, identity: str) -> ZoneGeometry | None:
    """The geometry of a zone as it was loaded; None without one."""
    row = await reader.row(ZONE, {"id": identity})
    if row is None or row["geometry"] is None:
        return None
    members = {name: value for name, value in row["drawing"].items() if name != "offset_min_m"}
    return msgspec.convert(members | {"geometry": msgspec.json.decode(row["geometry"])}, ZoneGeometry)


async def rules(reader: Reader) -> list[Rule]:
    """Every rule by identity, with the territory that its provision or document gives it."""
    return [
        msgspec.convert(row["body"] | {"territory": row["territory"]}, Rule)
        for row in await reader.rows(RULES, {})
    ]


async def in_force(reader: Reader, items: Sequence[Rule], site: Any, margin_m: float = 0.0) -> set[str]:
    """Identities of the rules whose territory may hold a part of the site (GeoJSON, `margin_m` around it)."""
    codes = sorted({item.territory for item in items if item.territory is not None})
    values = {"site": msgspec.json.encode(site).decode(), "codes": codes, "margin_m": margin_m}
    reached = {row["code"] for row in await reader.rows(TERRITORIES, values)} | {None}
    return {item.id for item in items if item.territory in reached}


async def site_codes(reader: Reader) -> dict[str, frozenset[str]]:
    """The codes of the vocabulary for `facility_kind` and for `action`."""
    rows = await reader.rows(SITE_CODES, {"subjects": ["facility_kind", "action"]})
    return {
        subject: frozenset(row["code"] for row in rows if row["subject"] == subject)
        for subject in ("facility_kind", "action")
    }


async def draw(writer: Writer, target: Zone, geometry: ZoneGeometry, updated_by: str, at: datetime) -> None:
    """Store the geometry of a zone, in place of any that it had, and cut it into indexed pieces."""
    low_m, high_m = geometry.offsets_m()
    drawing = msgspec.to_builtins(geometry)
    shape = msgspec.json.encode(drawing.pop("geometry")).decode()
    drawing |= {"offset_min_m": low_m, "offset_max_m": None if math.isinf(high_m) else high_m}
    values = {"id": target.id, "drawing": drawing, "geometry": shape}
    await writer.run(DRAW, values | {"updated_by": updated_by, "updated_at": at})
    await writer.run(DELETE_PIECES, {"id": target.id})
    if is_area(geometry):
        await writer.run(ADD_AREA, {"zone": target.id, "area": shape})
    else:
        parts = pieces(geometry, target.range)
        await writer.run_many(ADD_LINE, [_piece(target.id, n, piece) for n, piece in enumerate(parts)])


def _piece(identity: str, seq: int, piece: ZonePiece) -> dict[str, Any]:
    line = msgspec.json.encode({"type": "LineString", "coordinates": piece.line}).decode()
    return {"zone": identity, "seq": seq, "line": line, "km": piece.km}


async def distances(reader: Reader, site: Any) -> dict[str, ZoneDistance]:
    """The geodesic distance of a site (GeoJSON) from each zone with a geometry, by zone; 0 m inside."""
    rows = await reader.rows(DISTANCES, {"site": msgspec.json.encode(site).decode()})
    return {row["id"]: _distance(row) for row in rows}


def _distance(row: Any) -> ZoneDistance:
    km = None
    if row["km"] is not None:
        line = msgspec.json.decode(row["line"])["coordinates"]
        km = chainage_km(ZonePiece([(x, y) for x, y in line], list(row["km"])), row["lon"], row["lat"])
    return ZoneDistance(zone=row["id"], distance_m=row["distance_m"], chainage_km=km)
