"""Who watches a spot: watch points whose own radius or footprint reaches it, and those without a position."""

from functools import cache

import sqlalchemy as sa

from registry.domain.origin import Start
from registry.domain.search import Filter
from registry.domain.sight import Sight
from registry.store import origins
from registry.store.filters import asked, clauses
from registry.store.hits import columns, told, within
from registry.store.origins import GROUND_OF_SPOT, POINT, SPOT
from registry.store.pool import Reader, Row
from registry.store.query import Query
from registry.store.schema import reach, resource
from registry.store.sight import Shape, binds, shape, view
from registry.store.unplaced import may_be_near

UNPLACED = ("id", "name_zh", "name_en", "quality", "watch_radius_m", "place", "candidate_places")
USUAL_REACH_M = 10_000.0
"""Watch points with a longer reach are looked at wherever they may be."""


@cache
def _covering(form: Shape, present: frozenset[str]) -> Query:
    """Watch points that reach the spot from some possible position, or whose own footprint holds it."""
    seen = view(form)
    works = sa.func.coalesce(resource.c.operational, sa.literal_column("'unknown'"))
    where = [seen.seen, *clauses(present, seen), works != sa.literal_column("'no'")]
    margin_m = sa.bindparam("margin_m", type_=sa.Float)
    far_m = (
        resource.c.watch_radius_m + sa.func.coalesce(seen.uncertainty_m, sa.literal_column("0")) + margin_m
    )
    hit = sa.select(
        *columns(seen, GROUND_OF_SPOT, present),
        resource.c.name_zh,
        resource.c.name_en,
        resource.c.watch_radius_m,
        resource.c.sector_from_deg,
        resource.c.sector_to_deg,
        sa.func.degrees(sa.func.ST_Azimuth(seen.geog, SPOT)).label("outward_deg"),
    )
    by_radius = hit.add_columns(sa.literal_column("false").label("by_footprint")).where(
        *where,
        resource.c.watch_radius_m.is_not(None),
        seen.geom.is_not(None),
        reach(seen.geom, seen.uncertainty_m).op("&&")(sa.func._ST_Expand(SPOT, margin_m)),
        within(seen, GROUND_OF_SPOT, far_m),
        sa.or_(resource.c.footprint.is_(None), sa.not_(_footprint_shown(form))),
    )
    drawn = sa.func.ST_Covers(resource.c.footprint, POINT)
    by_footprint = hit.add_columns(sa.literal_column("true").label("by_footprint")).where(
        *where, resource.c.footprint.is_not(None), _footprint_shown(form), drawn
    )
    both = sa.union_all(by_radius, by_footprint).subquery()
    return Query(told(both).order_by(both.c.distance_m, both.c.id).limit(sa.bindparam("limit")))


def _footprint_shown(form: Shape) -> sa.ColumnElement[bool]:
    if form.clearance != "public":
        return sa.true()
    return sa.literal_column("visibility") == sa.literal_column("'public'")


async def covering(reader: Reader, sight: Sight, wanted: Filter, start: Start, *, limit: int) -> list[Row]:
    """Located watch points that may cover some of a spot from where they are or may be, nearest first."""
    present, values = asked(wanted)
    values |= binds(sight) | origins.binds(start) | {"limit": limit, "margin_m": start.margin_m}
    return await reader.rows(_covering(shape(sight), present), values)


@cache
def _unplaced(form: Shape, present: frozenset[str]) -> Query:
    """Those that may reach the spot, followed by one row without id whose radius counts all of them."""
    seen = view(form)
    where = [seen.seen, *clauses(present, seen), resource.c.geom.is_(None)]
    where.append(resource.c.watch_radius_m.is_not(None))
    kept = sa.select(*(resource.c[name] for name in UNPLACED)).where(
        *where, may_be_near(POINT, USUAL_REACH_M)
    )
    kept_rows = kept.order_by(resource.c.id).limit(sa.bindparam("limit", type_=sa.Integer)).subquery("kept")
    total = sa.select(sa.cast(sa.func.count(), sa.Float)).select_from(resource).where(*where)
    count = [total.scalar_subquery() if name == "watch_radius_m" else sa.null() for name in UNPLACED]
    return Query(sa.union_all(sa.select(kept_rows), sa.select(*count)))


async def unplaced(
    reader: Reader, sight: Sight, wanted: Filter, start: Start, *, limit: int
) -> tuple[list[Row], int]:
    """Watch points without a position that may reach the spot, and how many there are of any reach."""
    present, values = asked(wanted)
    values |= binds(sight) | origins.binds(start) | {"limit": limit}
    values["unplaced_m"] = USUAL_REACH_M + start.margin_m
    *rows, total = await reader.rows(_unplaced(shape(sight), present), values)
    return rows, int(total["watch_radius_m"])
