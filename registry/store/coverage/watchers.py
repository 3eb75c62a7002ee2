"""The resources that may reach an area, as watchers with their possible extents."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from geoalchemy2 import Geography

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.coverage.watcher import ViewSector, Watcher
from registry.domain.values import Name
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, statement
from registry.store.filters import clauses, key_and_values
from registry.store.proximity.unplaced import may_be_near
from registry.store.schema.records import place, reach
from registry.store.visibility import Shape, View, binds, shape, view

UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
USUAL_DOUBT_M = 20_000.0
"""Positions are searched this far beyond a stated radius. Less certain positions are all read."""

VAGUE_M = str(int(USUAL_DOUBT_M))
UNLOCATED_REACH_M = 100_000.0
"""Unlocated resources whose own reach is longer are read wherever they may be."""

AREA = sa.func.ST_SetSRID(sa.func.ST_GeomFromWKB(sa.bindparam("area", type_=sa.LargeBinary)), 4326)


def _extents() -> Query:
    bound = place.alias("bound")
    return Query(
        sa.select(place.c.code, bound.c.code.label("of"), bound.c.extent, bound.c.extent_basis.label("basis"))
        .select_from(place.outerjoin(bound, bound.c.code == place.c.extent_from))
        .where(place.c.code == sa.any_(sa.bindparam("codes", type_=sa.ARRAY(sa.Text))))
    )


EXTENTS = _extents()


def _hit(seen: View, drawn: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return sa.select(
        seen.c.id,
        seen.c.name_zh,
        seen.c.name_en,
        seen.c.place,
        seen.c.quality,
        seen.c.candidate_places,
        seen.c.watch_radius_m,
        seen.c.sector_from_deg,
        seen.c.sector_to_deg,
        sa.func.ST_X(seen.geom).label("lon"),
        sa.func.ST_Y(seen.geom).label("lat"),
        seen.uncertainty_m.label("uncertainty_m"),
        drawn.label("footprint"),
    )


def _at_work(seen: View) -> list[sa.ColumnElement[bool]]:
    """Operational, and within its dates of validity."""
    now = sa.bindparam("at", type_=sa.TIMESTAMP(timezone=True))
    return [
        sa.func.coalesce(seen.c.operational, "unknown") != "no",
        sa.or_(seen.c.valid_from.is_(None), seen.c.valid_from <= now),
        sa.or_(seen.c.valid_to.is_(None), seen.c.valid_to > now),
    ]


def _footprint(seen: View) -> sa.ColumnElement[Any]:
    """The drawn footprint; the public does not see that of an internal record, as it shows its position."""
    if seen.form.clearance != "public":
        return seen.c.footprint
    return sa.case((seen.shows_footprint(), seen.c.footprint), else_=None)


@statement
def _watchers(form: Shape, present: frozenset[str], stated_radius: bool) -> Query:
    """Located resources near the area, by their own or a stated radius, and unlocated ones."""
    seen = view(form)
    drawn = _footprint(seen)
    where = [seen.seen, *clauses(present, seen), *_at_work(seen)]
    ground = sa.cast(AREA, Geography(geometry_type=None, spatial_index=False))
    hit = _hit(seen, drawn)
    located = [*where, seen.geom.is_not(None), drawn.is_(None)]
    branches = [hit.where(*where, seen.c.footprint.op("&&")(AREA), drawn.is_not(None))]
    if stated_radius:
        near = sa.func._ST_Expand(ground, sa.bindparam("search_m", type_=sa.Float))
        vague = seen.uncertainty_m > sa.literal_column(VAGUE_M)
        branches += [
            hit.where(*located, sa.not_(sa.func.coalesce(vague, sa.false())), seen.geog.op("&&")(near))
        ]
        branches += [hit.where(*located, vague)]
    else:
        radius = seen.c.watch_radius_m
        branches += [
            hit.where(
                *located, radius.is_not(None), reach(seen.c, seen.geom, seen.uncertainty_m).op("&&")(ground)
            ),
            hit.where(*located, radius.is_(None), seen.geog.op("&&")(ground)),
        ]
    nowhere = [
        *where,
        seen.c.geom.is_(None),
        drawn.is_(None),
        may_be_near(seen, AREA, UNLOCATED_REACH_M),
    ]
    union = sa.union_all(*branches, hit.where(*nowhere)).subquery()
    return Query(sa.select(union).order_by(union.c.id).limit(sa.bindparam("limit", type_=sa.Integer)))


async def find(
    reader: Reader,
    sight: Sight,
    conditions: Filter,
    *,
    area_wkb: bytes,
    radius_m: float | None,
    at: datetime,
    limit: int,
) -> list[Watcher]:
    """The resources in operation at `at` that may reach the area, and unlocated ones, by identity.

    A stated `radius_m` replaces every own radius.
    """
    present, values = key_and_values(conditions)
    query = _watchers(shape(sight), present, radius_m is not None)
    search_m = (radius_m or 0.0) + USUAL_DOUBT_M
    values |= binds(sight) | {"area": area_wkb, "search_m": search_m, "at": at, "limit": limit}
    values["unplaced_m"] = radius_m or UNLOCATED_REACH_M
    return await _as_watchers(reader, await reader.rows(query, values), radius_m)


@statement
def _named(form: Shape) -> Query:
    seen = view(form)
    wanted = seen.c.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid)))
    return Query(_hit(seen, _footprint(seen)).where(seen.seen, wanted))


async def named_watchers(
    reader: Reader, sight: Sight, ids: Iterable[str], *, radius_m: float | None
) -> list[Watcher]:
    """The resources of these identities that this sight shows, wherever they are."""
    identities = [UUID(text) for text in ids if UUID_TEXT.fullmatch(text)]
    rows = await reader.rows(_named(shape(sight)), binds(sight) | {"ids": identities})
    return await _as_watchers(reader, rows, radius_m)


async def _as_watchers(reader: Reader, rows: list[Row], radius_m: float | None) -> list[Watcher]:
    codes = {code for row in rows if row["lon"] is None for code in _possible_places(row)}
    extents = await reader.rows(EXTENTS, {"codes": sorted(codes)}) if codes else []
    bounds = {row["code"]: row for row in extents}
    return await asyncio.to_thread(_all, rows, radius_m, bounds)


def _all(rows: list[Row], radius_m: float | None, bounds: Mapping[str, Row]) -> list[Watcher]:
    """Rows as watchers; in a thread, as thousands of rows take as long as many requests."""
    return [_watcher(row, radius_m, bounds) for row in rows]


def _possible_places(row: Row) -> list[str]:
    if row["quality"] == "candidate_places":
        return list(row["candidate_places"])
    return [row["place"]] if row["place"] else []


def _watcher(row: Row, radius_m: float | None, bounds: Mapping[str, Row]) -> Watcher:
    from_deg = row["sector_from_deg"]
    values = {
        "id": str(row["id"]),
        "name": Name(row["name_zh"], row["name_en"]),
        "place": row["place"],
        "radius_m": radius_m or row["watch_radius_m"],
        "view": None if from_deg is None else ViewSector(from_deg, row["sector_to_deg"]),
        "footprint": row["footprint"],
        "uncertainty_m": row["uncertainty_m"],
    }
    if row["lon"] is not None:
        return Watcher(**values, position=(row["lon"], row["lat"]))
    places = _possible_places(row)
    located = [bounds[code] for code in places if code in bounds and bounds[code]["extent"]]
    assumed = sorted({bound["code"] for bound in located if bound["basis"] != "boundary"})
    extents = tuple(sorted({bound["extent"] for bound in located}))
    return Watcher(
        **values, extents=extents, extents_complete=len(located) == len(places), assumed=tuple(assumed)
    )
