"""The area a located watch point watches, drawn as a polygon on the WGS 84 ellipsoid."""

import math
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from geoalchemy2 import Geometry

from registry.store.schema.records import geography, reach
from registry.store.visibility import Shape, view

_text: Any = sa.literal_column
CORNERS = 128
"""Edges of the arc; a corner lies on the geodesic circle, an edge inside it."""
ERROR_SHARE = 1 - math.cos(math.pi / CORNERS)
"""Largest distance of an edge from a whole circle, as a share of its radius; a sector's is smaller."""
DEGREE_M = _text("110574.0")
"""A degree of latitude where it is shortest, at the equator."""
SLACK_DEG = 0.001
STEP_DEG = 0.25
"""A parallel cut into pieces of this length lies within the slack of the great circles between them."""


PLAIN = Geometry(spatial_index=False)
_ZERO, _ROUND = _text("0"), _text("360")
_BEFORE, _ONE, _ALL = (_text(str(n), sa.Integer) for n in (-1, 1, CORNERS))
_COARSEST = _text(str(1 - math.cos(math.pi / 8)))
"""The error of an octagon: nothing is drawn with fewer corners."""


class FootprintSql(NamedTuple):
    """Which rows have a footprint, its outline, method and error, and the expressions that are indexed."""

    which: Any
    outline: Any
    method: Any
    error_m: Any
    footprint: Any
    reached: Any


@cache
def footprint_sql(form: Shape, unit_m: Any = None) -> FootprintSql:
    """The footprint of each watch point as a sight of this shape sees it.

    To the public an internal one is a circle: its own polygon and sector would locate it. On a map whose unit
    at the equator is `unit_m`, a circle has no more corners than can be distinguished.
    """
    seen = view(form)
    columns = seen.table.c
    shown = seen.shows_footprint()
    own = sa.and_(shown, columns.footprint.is_not(None))
    sector = sa.and_(shown, columns.sector_from_deg.is_not(None), columns.sector_to_deg.is_not(None))
    radius_m = columns.watch_radius_m
    corners = _ALL if unit_m is None else _told_apart(seen.geom, radius_m, unit_m)
    circle = _outline(seen.geom, seen.geog, radius_m, sector, columns, corners)
    return FootprintSql(
        which=sa.and_(
            seen.seen,
            columns.kind == sa.literal_column("'fire_watch_point'"),
            radius_m.is_not(None),
            seen.geom.is_not(None),
        ),
        outline=sa.case((own, columns.footprint), else_=circle),
        method=sa.case((own, "own_polygon"), (sector, "sector"), else_="circle"),
        error_m=sa.case((own, 0.0), else_=sa.func.round(sa.cast(radius_m * ERROR_SHARE, sa.Numeric), 3)),
        footprint=(own, columns.footprint),
        reached=reach(seen.c, seen.geom, seen.uncertainty_m),
    )


def meets(drawing: FootprintSql, window: Any) -> Any:
    """What the indexes know about a footprint and a window of less than 30 degrees, away from the equator."""
    own, footprint = drawing.footprint
    wider = sa.func.ST_Segmentize(sa.func.ST_Expand(window, SLACK_DEG), STEP_DEG)
    by_polygon = sa.and_(own, footprint.bool_op("&&")(window))
    return sa.or_(by_polygon, drawing.reached.bool_op("&&")(geography(wider)))


def _told_apart(geom: Any, radius_m: Any, unit_m: Any) -> Any:
    """The corners of a circle whose edges lie at most one map unit inside the true circle.

    A unit is smallest on the side of the circle that is nearest to a pole.
    """
    farthest_deg = sa.func.least(sa.func.abs(sa.func.ST_Y(geom)) + radius_m / DEGREE_M, _text("90"))
    least_m = unit_m * sa.func.cos(sa.func.radians(farthest_deg))
    error = sa.func.greatest(sa.func.least(least_m / radius_m, _COARSEST), _text(str(ERROR_SHARE)))
    needed = sa.func.ceil(sa.func.pi() / sa.func.acos(_text("1::float8") - error))
    return sa.cast(sa.func.least(needed, _ALL), sa.Integer)


def _outline(geom: Any, geog: Any, radius_m: Any, sector: Any, columns: Any, corners: Any) -> Any:
    """One closed ring of corners, which begins at the apex of a sector."""
    turn = columns.sector_to_deg - columns.sector_from_deg
    span = sa.case((sector, sa.case((turn > _ZERO, turn), else_=turn + _ROUND)), else_=_ROUND)
    begin = sa.case((sector, columns.sector_from_deg), else_=_ZERO)
    last = sa.func.generate_series(corners, corners, type_=sa.Integer).column_valued("last")
    ends = (sa.case((sector, _BEFORE), else_=_ZERO), last + sa.case((sector, _ONE), else_=_ZERO))
    step = sa.func.generate_series(*ends, type_=sa.Integer).column_valued("step")
    share = sa.case((sa.and_(sa.not_(sector), step == last), _ZERO), else_=step)
    azimuth = sa.func.radians(begin + span * share / sa.cast(last, sa.Float))
    rim = sa.cast(sa.func.ST_Project(geog, radius_m, azimuth), PLAIN)
    corner = sa.case((sa.and_(sector, sa.or_(step < _ZERO, step > last)), geom), else_=rim)
    ring = sa.select(corner).select_from(last.scalar_alias, step.scalar_alias)
    arc = sa.func.ST_MakeLine(sa.func.array(ring.scalar_subquery()))
    return sa.func.ST_SetSRID(sa.func.ST_ForcePolygonCCW(sa.func.ST_MakePolygon(arc)), 4326)
