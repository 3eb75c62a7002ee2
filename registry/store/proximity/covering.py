"""The watch points whose radius or footprint reaches a spot, and those without a position."""

from typing import NamedTuple

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.proximity.origin import Start
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, passed_on, statement
from registry.store.filters import clauses, key_and_values
from registry.store.proximity import origin_sql
from registry.store.proximity.knn_columns import columns, within
from registry.store.proximity.origin_sql import FROM_SPOT, POINT, SPOT
from registry.store.proximity.unplaced import anywhere, ways_to_be_near
from registry.store.schema.records import geography, reach
from registry.store.visibility import Shape, binds, shape, view

UNPLACED = ("id", "name_zh", "name_en", "quality", "watch_radius_m", "place", "candidate_places")
ONE_DEG: sa.ColumnElement[float] = sa.literal_column("1")
"""Longest edge of a footprint as it is measured: an edge half around the Earth has no certain direction."""
USUAL_REACH_M = 10_000.0
"""Unlocated watch points with a longer reach are considered wherever they may be."""


@statement
def _covering(form: Shape, present: frozenset[str], vague: bool = False) -> Query:
    """Watch points that reach the spot from some possible position, or whose own footprint does."""
    seen = view(form)
    works = sa.func.coalesce(seen.c.operational, sa.literal_column("'unknown'"))
    where = [seen.seen, *clauses(present, seen), works != sa.literal_column("'no'")]
    margin_m = sa.bindparam("margin_m", type_=sa.Float)
    far_m = seen.c.watch_radius_m + sa.func.coalesce(seen.uncertainty_m, sa.literal_column("0")) + margin_m
    hit = sa.select(
        *columns(seen, FROM_SPOT, present),
        seen.c.name_zh,
        seen.c.name_en,
        seen.c.watch_radius_m,
        seen.c.sector_from_deg,
        seen.c.sector_to_deg,
        sa.func.degrees(sa.func.ST_Azimuth(seen.geog, SPOT)).label("outward_deg"),
    )
    held = sa.func.ST_Covers(seen.c.footprint, POINT)
    by_radius = hit.add_columns(sa.false().label("by_footprint"), sa.false().label("held")).where(
        *where,
        seen.c.watch_radius_m.is_not(None),
        seen.geom.is_not(None),
        reach(seen.c, seen.geom, seen.uncertainty_m).op("&&")(sa.func._ST_Expand(SPOT, margin_m)),
        within(seen, FROM_SPOT, far_m),
        sa.or_(seen.c.footprint.is_(None), sa.not_(seen.shows_footprint())),
    )
    near = sa.func.ST_DWithin(geography(sa.func.ST_Segmentize(seen.c.footprint, ONE_DEG)), SPOT, margin_m)
    by_footprint = hit.add_columns(sa.true().label("by_footprint"), held.label("held")).where(
        *where,
        seen.c.footprint.is_not(None),
        seen.shows_footprint(),
        sa.or_(held, near) if vague else held,
    )
    both = sa.union_all(by_radius, by_footprint).subquery()
    return Query(passed_on(both).order_by(both.c.distance_m, both.c.id).limit(sa.bindparam("limit")))


async def covering(reader: Reader, sight: Sight, wanted: Filter, start: Start, *, limit: int) -> list[Row]:
    """Located watch points that may cover some of a spot from where they are or may be, nearest first."""
    present, values = key_and_values(wanted)
    values |= binds(sight) | origin_sql.binds(start) | {"limit": limit, "margin_m": start.margin_m}
    return await reader.rows(_covering(shape(sight), present, start.margin_m > 0), values)


class Unplaced(NamedTuple):
    """Watch points without a position: those that may reach a spot, more that may be anywhere, and all."""

    rows: list[Row]
    more_anywhere: int
    every: int


@statement
def _unplaced(form: Shape, present: frozenset[str]) -> Query:
    """By every way to be near, then some of those that may be anywhere, then two counts as radii."""
    seen = view(form)
    where = [seen.seen, *clauses(present, seen), seen.c.geom.is_(None)]
    where.append(seen.c.watch_radius_m.is_not(None))
    columns = [seen.c[name] for name in UNPLACED]
    limit = sa.bindparam("limit", type_=sa.Integer)
    ways = [sa.select(seen.c.id).where(*where, way) for way in ways_to_be_near(seen, POINT, USUAL_REACH_M)]
    found = sa.func.array(sa.union(*ways).scalar_subquery())
    near = sa.select(*columns).where(*where, seen.c.id == sa.any_(found)).order_by(seen.c.id)
    nowhere = sa.select(*columns).where(*where, anywhere(seen)).limit(sa.bindparam("named", type_=sa.Integer))
    counts = [
        sa.select(sa.cast(sa.func.count(), sa.Float)).select_from(seen.table).where(*where, *which)
        for which in ([anywhere(seen)], [])
    ]
    totals = [
        sa.select(*(count.scalar_subquery() if name == "watch_radius_m" else sa.null() for name in UNPLACED))
        for count in counts
    ]
    return Query(
        sa.union_all(
            sa.select(near.limit(limit).subquery("near")), sa.select(nowhere.subquery("anywhere")), *totals
        )
    )


async def unplaced(
    reader: Reader, sight: Sight, wanted: Filter, start: Start, *, limit: int, named: int
) -> Unplaced:
    """Those that may reach the spot; of those that may be anywhere at most `named`, the others counted."""
    present, values = key_and_values(wanted)
    values |= binds(sight) | origin_sql.binds(start) | {"limit": limit, "named": named}
    values["unplaced_m"] = USUAL_REACH_M + start.margin_m
    *rows, anywhere, every = await reader.rows(_unplaced(shape(sight), present), values)
    shown = sum(row["place"] is None and row["quality"] != "candidate_places" for row in rows)
    return Unplaced(rows, int(anywhere["watch_radius_m"]) - shown, int(every["watch_radius_m"]))
