"""Zones and rules in the database: get, find, put, draw; and how far a site is from each zone."""

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
from registry.store.database.pool import Reader, Writer
from registry.store.database.query import Query
from registry.store.schema.plans import MOMENT, rule, zone, zone_piece
from registry.store.schema.records import vocabulary

_PLAIN = ("id", "kind", "road", "from_km", "to_km", "updated_by")
_PUT = insert(zone).values(
    {name: sa.bindparam(name, type_=zone.c[name].type) for name in _PLAIN}
    | {"body": sa.bindparam("body", type_=JSONB)}
)
PUT = Query(
    _PUT.on_conflict_do_update(
        index_elements=["id"], set_={name: _PUT.excluded[name] for name in (*_PLAIN[1:], "body")}
    )
)
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
RULES = Query(sa.select(rule.c.body).order_by(rule.c.id))
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
FORGET = Query(sa.delete(zone_piece).where(zone_piece.c.zone == sa.bindparam("id")))
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
# The index orders by distance on a sphere, which is off by up to half a per cent: so the nearest piece by it
# bounds the search, and the pieces within that bound are measured on the ellipsoid. Far from a zone the bound
# would hold most of it, and the nearest few pieces are measured instead.
NEAR_M = 3000
FEW = 16
# Edges of a site are straight in lon/lat: pieces of a kilometre leave the great circle by centimetres.
STEP_DEG, MOST_PIECES = 0.01, 2000
REACH = Query(
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
        sa.bindparam("few", FEW, type_=sa.Integer),
        sa.bindparam("step_deg", STEP_DEG, type_=sa.Float),
        sa.bindparam("most_pieces", MOST_PIECES, type_=sa.Float),
    )
)
WORDS = Query(
    sa.select(vocabulary.c.subject, vocabulary.c.code).where(
        vocabulary.c.subject == sa.any_(sa.bindparam("subjects", type_=sa.ARRAY(sa.Text)))
    )
)


async def put(writer: Writer, items: Sequence[Zone], updated_by: str) -> None:
    """Store zones, replacing what is said of them but not their geometry."""
    rows = []
    for item in items:
        range_ = item.range
        named = {"road": range_ and range_.road, "from_km": range_ and range_.from_km}
        named |= {"to_km": range_ and range_.to_km, "body": msgspec.to_builtins(item)}
        rows.append(named | {"id": item.id, "kind": item.kind, "updated_by": updated_by})
    await writer.run_many(PUT, rows)


async def put_rules(writer: Writer, items: Sequence[Rule]) -> None:
    """Store rules that were checked, replacing those of the same identity."""
    rows = [
        {"id": i.id, "provision": i.provision, "zone_kind": i.zone_kind, "body": msgspec.to_builtins(i)}
        for i in items
    ]
    await writer.run_many(PUT_RULE, rows)


def _drawn(row: Any) -> StoredZone:
    drawing = row["drawing"] or {}
    said = {name: drawing[name] for name in ("represents", "source", "surveyed_on") if drawing.get(name)}
    doubts = {name: drawing[name] for name in ("offset_min_m", "offset_max_m", "uncertainty_m") if drawing}
    return msgspec.convert(
        {"zone": row["body"], "version": row["version"], "has_geometry": bool(drawing)} | said | doubts,
        StoredZone,
    )


async def find(reader: Reader) -> list[StoredZone]:
    """Every zone, with how its geometry is to be read."""
    return [_drawn(row) for row in await reader.rows(ZONES, {})]


async def get(reader: Reader, identity: str) -> tuple[StoredZone, str | None]:
    """One zone and its geometry as GeoJSON text; NotFound when there is none."""
    row = await reader.row(ZONE, {"id": identity})
    if row is None:
        raise NotFound("zone", identity)
    return _drawn(row), row["geometry"]


async def geometry_of(reader: Reader, identity: str) -> ZoneGeometry | None:
    """The geometry of a zone as it was loaded, or None."""
    row = await reader.row(ZONE, {"id": identity})
    if row is None or row["geometry"] is None:
        return None
    said = {name: value for name, value in row["drawing"].items() if name != "offset_min_m"}
    return msgspec.convert(said | {"geometry": msgspec.json.decode(row["geometry"])}, ZoneGeometry)


async def rules(reader: Reader) -> list[Rule]:
    """Every rule."""
    return [msgspec.convert(row["body"], Rule) for row in await reader.rows(RULES, {})]


async def site_codes(reader: Reader) -> dict[str, frozenset[str]]:
    """The facility kinds and actions of the vocabulary."""
    rows = await reader.rows(WORDS, {"subjects": ["facility_kind", "action"]})
    return {
        subject: frozenset(row["code"] for row in rows if row["subject"] == subject)
        for subject in ("facility_kind", "action")
    }


async def draw(writer: Writer, target: Zone, drawing: ZoneGeometry, updated_by: str, at: datetime) -> None:
    """Give a zone its geometry, in place of any that it had."""
    low, high = drawing.offsets_m()
    said = msgspec.to_builtins(drawing)
    geometry = said.pop("geometry")
    said |= {"offset_min_m": low, "offset_max_m": None if high == float("inf") else high}
    identity = target.id
    values = {"id": identity, "drawing": said, "geometry": msgspec.json.encode(geometry).decode()}
    await writer.run(DRAW, values | {"updated_by": updated_by, "updated_at": at})
    await writer.run(FORGET, {"id": identity})
    if is_area(drawing):
        await writer.run(ADD_AREA, {"zone": identity, "area": values["geometry"]})
    else:
        parts = pieces(drawing, target.range)
        await writer.run_many(ADD_LINE, [_piece(identity, n, p) for n, p in enumerate(parts)])


def _piece(identity: str, seq: int, piece: ZonePiece) -> dict[str, Any]:
    line = msgspec.json.encode({"type": "LineString", "coordinates": piece.line}).decode()
    return {"zone": identity, "seq": seq, "line": line, "km": piece.km}


async def distances(reader: Reader, site: Any) -> dict[str, ZoneDistance]:
    """How far a site (GeoJSON) is from each zone that has a geometry, and at which kilometre; zero inside."""
    rows = await reader.rows(REACH, {"site": msgspec.json.encode(site).decode()})
    return {row["id"]: _reach(row) for row in rows}


def _reach(row: Any) -> ZoneDistance:
    km = None
    if row["km"] is not None:
        line = msgspec.json.decode(row["line"])["coordinates"]
        km = chainage_km(ZonePiece([(x, y) for x, y in line], list(row["km"])), row["lon"], row["lat"])
    return ZoneDistance(zone=row["id"], distance_m=row["distance_m"], chainage_km=km)
