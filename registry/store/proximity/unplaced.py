"""Records without a position, by the places named for them: which of them may stand near some ground."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from registry.store.schema.records import place, resource


def may_be_near(ground: sa.ColumnElement[Any], far_m: float) -> sa.ColumnElement[bool]:
    """Whether a record without a position may stand within `unplaced_m` of `ground`, or reaches past `far_m`.

    Errs on the side of yes: places are compared by their boxes, and what names no place may be anywhere.
    """
    return sa.or_(*_named_near(ground), ANYWHERE, _reaches(far_m))


def ways_to_be_near(ground: sa.ColumnElement[Any], far_m: float) -> list[sa.ColumnElement[bool]]:
    """The same without those that may be anywhere, one by one: each has an index of its own."""
    return [*_named_near(ground), sa.and_(_reaches(far_m), ~ANYWHERE)]


NAMED = resource.c.quality == sa.literal_column("'candidate_places'")
ANYWHERE = sa.and_(resource.c.place.is_(None), ~NAMED)
"""What names no place at all."""


def _reaches(far_m: float) -> sa.ColumnElement[bool]:
    return resource.c.watch_radius_m > sa.literal_column(str(far_m))


def _named_near(ground: sa.ColumnElement[Any]) -> list[sa.ColumnElement[bool]]:
    places = sa.func.array(_places_near(ground, sa.bindparam("unplaced_m", type_=sa.Float)).scalar_subquery())
    once = sa.select(places.label("codes")).cte("near").prefix_with("MATERIALIZED", dialect="postgresql")
    near: Any = sa.cast(sa.select(once.c.codes).scalar_subquery(), ARRAY(sa.Text))
    return [
        sa.and_(NAMED, resource.c.candidate_places.op("&&")(near)),
        sa.and_(~NAMED, resource.c.place == sa.any_(near)),
    ]


def _places_near(ground: sa.ColumnElement[Any], metres: sa.ColumnElement[float]) -> sa.Select[Any]:
    """The places whose extent, or that of the place that bounds them, is near, and those without any."""
    bound = place.alias("bound")
    widest = sa.func.greatest(sa.func.abs(sa.func.ST_YMin(ground)), sa.func.abs(sa.func.ST_YMax(ground)))
    degrees = metres / (110_000 * sa.func.greatest(0.02, sa.func.cos(sa.func.radians(widest))))
    beyond = sa.or_(sa.func.ST_XMin(ground) - degrees < -180, sa.func.ST_XMax(ground) + degrees > 180)
    touched = sa.select(bound.c.code).where(bound.c.extent.op("&&")(sa.func.ST_Expand(ground, degrees)))
    around = sa.select(beyond).scalar_subquery()
    return sa.select(place.c.code).where(
        sa.or_(place.c.extent_from.is_(None), place.c.extent_from.in_(touched), around)
    )
