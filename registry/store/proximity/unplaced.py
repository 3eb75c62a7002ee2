"""Unlocated records that may be near some ground, by the places that they name."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from registry.store.schema.records import place
from registry.store.visibility import View


def may_be_near(view: View, ground: sa.ColumnElement[Any], far_m: float) -> sa.ColumnElement[bool]:
    """Whether an unlocated record may be within `unplaced_m` of `ground`, or reaches farther than `far_m`.

    Errs towards yes: places are compared by their boxes, and a record that names no place may be anywhere.
    """
    return sa.or_(*_named_near(view, ground), anywhere(view), _reaches(view, far_m))


def ways_to_be_near(view: View, ground: sa.ColumnElement[Any], far_m: float) -> list[sa.ColumnElement[bool]]:
    """The same conditions one by one, since each has an index, without the records that may be anywhere."""
    return [*_named_near(view, ground), sa.and_(_reaches(view, far_m), ~anywhere(view))]


def anywhere(view: View) -> sa.ColumnElement[bool]:
    """Whether a record names no place at all."""
    return sa.and_(view.c.place.is_(None), ~_has_candidates(view))


def _has_candidates(view: View) -> sa.ColumnElement[bool]:
    return view.c.quality == sa.literal_column("'candidate_places'")


def _reaches(view: View, far_m: float) -> sa.ColumnElement[bool]:
    return view.c.watch_radius_m > sa.literal_column(str(far_m))


def _named_near(view: View, ground: sa.ColumnElement[Any]) -> list[sa.ColumnElement[bool]]:
    places = sa.func.array(_places_near(ground, sa.bindparam("unplaced_m", type_=sa.Float)).scalar_subquery())
    once = sa.select(places.label("codes")).cte("near").prefix_with("MATERIALIZED", dialect="postgresql")
    near: Any = sa.cast(sa.select(once.c.codes).scalar_subquery(), ARRAY(sa.Text))
    return [
        sa.and_(_has_candidates(view), view.c.candidate_places.op("&&")(near)),
        sa.and_(~_has_candidates(view), view.c.place == sa.any_(near)),
    ]


def _places_near(ground: sa.ColumnElement[Any], metres: sa.ColumnElement[float]) -> sa.Select[Any]:
    """The places whose own or bounding extent is near, and those without any extent."""
    bound = place.alias("bound")
    widest = sa.func.greatest(sa.func.abs(sa.func.ST_YMin(ground)), sa.func.abs(sa.func.ST_YMax(ground)))
    degrees = metres / (110_000 * sa.func.greatest(0.02, sa.func.cos(sa.func.radians(widest))))
    beyond = sa.or_(sa.func.ST_XMin(ground) - degrees < -180, sa.func.ST_XMax(ground) + degrees > 180)
    touched = sa.select(bound.c.code).where(bound.c.extent.op("&&")(sa.func.ST_Expand(ground, degrees)))
    around = sa.select(beyond).scalar_subquery()
    return sa.select(place.c.code).where(
        sa.or_(place.c.extent_from.is_(None), place.c.extent_from.in_(touched), around)
    )
