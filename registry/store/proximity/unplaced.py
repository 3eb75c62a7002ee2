"""Unlocated records that may be near some ground, by the places that they name."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from registry.store.pages import materialized
from registry.store.schema.records import place
from registry.store.visibility import View

UNPLACED_M = sa.bindparam("unplaced_m", type_=sa.Float)
ANYWHERE_M = 30_000_000.0
"""Farther than any two positions on Earth."""
WORLD_M: sa.ColumnElement[float] = sa.literal_column(str(ANYWHERE_M))


def may_be_near(view: View, ground: sa.ColumnElement[Any], far_m: float) -> sa.ColumnElement[bool]:
    """Whether an unlocated record may be within `unplaced_m` of `ground`, or reaches farther than `far_m`.

    Errs towards yes: places are compared by their boxes, and a record that names no place may be anywhere.
    """
    return sa.or_(*named_near(view, ground, UNPLACED_M), *anywhere(view), _reaches(view, far_m))


def ways_to_be_near(view: View, ground: sa.ColumnElement[Any], far_m: float) -> list[sa.ColumnElement[bool]]:
    """The same conditions one by one, since each has an index, without the records that may be anywhere."""
    nowhere = sa.or_(*anywhere(view))
    return [*named_near(view, ground, UNPLACED_M), sa.and_(_reaches(view, far_m), sa.not_(nowhere))]


def anywhere(view: View) -> list[sa.ColumnElement[bool]]:
    """Whether a record names no place at all: in truth, or to the public. Each way has an index."""
    unnamed = [view.table.c.place.is_(None), sa.not_(_has_candidates(view))]
    if view.form.clearance != "public":
        return [sa.and_(*unnamed)]
    return [sa.and_(view.is_shown(), *unnamed), sa.not_(view.is_shown())]


def possible_places(view: View) -> sa.ColumnElement[Any]:
    """The codes of the places of which one holds an unlocated record; empty when it may be anywhere."""
    return sa.case(
        (_has_candidates(view), view.table.c.candidate_places),
        else_=sa.func.array_remove(
            sa.cast(sa.func.array_append(sa.literal_column("'{}'::text[]"), view.c.place), ARRAY(sa.Text)),
            sa.null(),
        ),
    )


def _has_candidates(view: View) -> sa.ColumnElement[bool]:
    named = view.table.c.quality == sa.literal_column("'candidate_places'")
    return named if view.form.clearance != "public" else sa.and_(view.is_shown(), named)


def _reaches(view: View, far_m: float) -> sa.ColumnElement[bool]:
    return view.c.watch_radius_m > sa.literal_column(str(far_m))


def named_near(
    view: View, ground: sa.ColumnElement[Any], metres: sa.ColumnElement[float], *, near: str = "near"
) -> list[sa.ColumnElement[bool]]:
    """Whether a record names a place within `metres` of `ground`: as a candidate, and as its own.

    A distance of NULL is no limit. The places are found once for the whole statement, in the CTE `near`.
    """
    once = places_once(ground, metres, near)
    return names(view, sa.select(once.c.codes).scalar_subquery())


def places_once(ground: sa.ColumnElement[Any], metres: sa.ColumnElement[float], name: str = "near") -> sa.CTE:
    """The `codes` of the places within `metres` of `ground`, found once for the statement it stands in."""
    once: sa.CTE = materialized(sa.select(places_near(ground, metres).label("codes")), name)
    return once


def names(view: View, codes: sa.ColumnElement[Any]) -> list[sa.ColumnElement[bool]]:
    """Whether a record names one of these places: as a candidate, and as its own."""
    wanted: Any = sa.cast(codes, ARRAY(sa.Text))
    return [
        sa.and_(_has_candidates(view), view.table.c.candidate_places.bool_op("&&")(wanted)),
        sa.and_(~_has_candidates(view), view.lies_in(sa.any_(wanted))),
    ]


def places_near(
    ground: sa.ColumnElement[Any], metres: sa.ColumnElement[float], among: Any = None
) -> sa.ColumnElement[Any]:
    """The codes of the places whose extent, or that of the place that bounds them, is within `metres`.

    Those without any extent are among them. `among` are the rows that the ground is a column of, if any.
    """
    metres = sa.func.coalesce(metres, WORLD_M)
    bound = place.alias("bound")
    widest = sa.func.greatest(sa.func.abs(sa.func.ST_YMin(ground)), sa.func.abs(sa.func.ST_YMax(ground)))
    degrees = metres / (110_000 * sa.func.greatest(0.02, sa.func.cos(sa.func.radians(widest))))
    beyond = sa.or_(sa.func.ST_XMin(ground) - degrees < -180, sa.func.ST_XMax(ground) + degrees > 180)
    touched = sa.select(bound.c.code).where(bound.c.extent.op("&&")(sa.func.ST_Expand(ground, degrees)))
    code = sa.select(place.c.code)
    around: Any = sa.select(beyond).scalar_subquery()
    if among is not None:
        touched, code, around = touched.correlate(among), code.correlate(among), beyond
    near = sa.union_all(
        code.where(place.c.extent_from == sa.any_(sa.func.array(touched.scalar_subquery()))),
        code.where(place.c.extent_from.is_(None)),
        code.where(place.c.extent_from.is_not(None), around),
    )
    return sa.func.array(near.scalar_subquery())
