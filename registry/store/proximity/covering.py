"""The watch points whose radius or footprint reaches a spot, and those without a position."""

from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.proximity.origin import Start
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, passed_on, statement
from registry.store.filters import LISTING, clauses, failing, key_and_values, unknown
from registry.store.proximity import origin_sql, possible
from registry.store.proximity.knn_columns import columns, within
from registry.store.proximity.origin_sql import FROM_SPOT, POINT, SPOT
from registry.store.proximity.unplaced import anywhere, possible_places, ways_to_be_near
from registry.store.schema.records import geography, reach
from registry.store.visibility import Shape, View, binds, shape, view

ONE_DEG: sa.ColumnElement[float] = sa.literal_column("1")
"""Longest edge of a footprint as it is measured: an edge half around the Earth has no certain direction."""
USUAL_REACH_M = 10_000.0
"""Unlocated watch points with a longer reach are considered wherever they may be."""
LIMIT = sa.bindparam("limit", type_=sa.Integer)


class WatchPointRows(NamedTuple):
    """Located watch points that may cover a spot, unlocated ones that may, and whether there may be more."""

    located: list[Row]
    unlocated: list[Row]
    more: bool


def _judged_by(seen: View, present: frozenset[str]) -> list[sa.ColumnElement[Any]]:
    """What says whether a watch point belongs if it reaches the spot: one that does not work fails."""
    fails = failing(present - LISTING, seen)
    if "operational" not in present:
        idle = seen.c.operational == sa.literal_column("'no'")
        out_of_work: sa.ColumnElement[Any] = sa.literal_column("ARRAY['operational']", type_=ARRAY(sa.Text))
        fails = sa.case((idle, sa.func.array_cat(fails, out_of_work)), else_=fails)
    return [
        *(seen.c[name] for name in ("name_zh", "name_en", "quality", "watch_radius_m")),
        sa.cast(fails, ARRAY(sa.Text)).label("failing"),
        unknown(present - LISTING, seen).label("unknown"),
    ]


@statement
def _covering(form: Shape, present: frozenset[str], vague: bool = False) -> Query:
    """Watch points that reach the spot from some possible position, or whose own footprint does."""
    seen = view(form)
    where = [seen.seen, *clauses(present & LISTING, seen)]
    margin_m = sa.bindparam("margin_m", type_=sa.Float)
    far_m = seen.c.watch_radius_m + sa.func.coalesce(seen.uncertainty_m, sa.literal_column("0")) + margin_m
    cell = seen.c.visibility != sa.literal_column("'public'") if form.clearance == "public" else sa.false()
    hit = sa.select(
        *columns(seen, FROM_SPOT, present),
        *_judged_by(seen, present),
        cell.label("cell"),
        seen.c.sector_from_deg,
        seen.c.sector_to_deg,
        seen.c.eye_height_m,
        sa.func.ST_X(seen.geom).label("lon"),
        sa.func.ST_Y(seen.geom).label("lat"),
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
    return Query(passed_on(both).order_by(both.c.distance_m, both.c.id).limit(LIMIT))


@statement
def _unlocated(form: Shape, present: frozenset[str]) -> Query:
    """Watch points without a position that may reach the spot, by each index that finds some of them."""
    seen = view(form)
    plain = sa.select(
        seen.c.id, seen.c.kind, *_judged_by(seen, present), possible_places(seen).label("places")
    ).where(seen.seen, *clauses(present & LISTING, seen), seen.c.watch_radius_m.is_not(None))
    nowhere = [plain.where(seen.c.geom.is_(None))]
    if form.clearance == "public":
        nowhere.append(plain.where(seen.c.geom.is_not(None), seen.geom.is_(None)))
    ways = [*ways_to_be_near(seen, POINT, USUAL_REACH_M), *anywhere(seen)]
    each = [one.where(way) for one in nowhere for way in ways]
    rows = sa.union(*each).subquery("each")
    return Query(
        sa.select(
            *(column for column in rows.c if column.name != "places"),
            possible.bounds(rows.c.places).label("bounds"),
        ).limit(LIMIT)
    )


async def covering(
    reader: Reader, sight: Sight, wanted: Filter, start: Start, *, limit: int
) -> WatchPointRows:
    """Watch points that may cover some of a spot from where they are or may be, the nearest first."""
    present, values = key_and_values(wanted)
    values |= binds(sight) | origin_sql.binds(start) | {"limit": limit, "margin_m": start.margin_m}
    values["unplaced_m"] = USUAL_REACH_M + start.margin_m
    located = await reader.rows(_covering(shape(sight), present, start.margin_m > 0), values)
    unlocated = await reader.rows(_unlocated(shape(sight), present), values)
    return WatchPointRows(located, unlocated, limit in (len(located), len(unlocated)))
