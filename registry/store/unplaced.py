"""Records without a position, by the places named for them: which of them may stand near some ground."""

from typing import Any

import sqlalchemy as sa

from registry.store.schema import place, resource


def may_be_near(ground: sa.ColumnElement[Any], far_m: float) -> sa.ColumnElement[bool]:
    """Whether a record without a position may stand within `unplaced_m` of `ground`, or reaches past `far_m`.

    Errs on the side of yes: places are compared by their boxes, and what names no place may be anywhere.
    """
    near = sa.func.array(_places_near(ground, sa.bindparam("unplaced_m", type_=sa.Float)).scalar_subquery())
    named = resource.c.quality == sa.literal_column("'candidate_places'")
    return sa.or_(
        sa.and_(named, resource.c.candidate_places.op("&&")(near)),
        sa.and_(~named, sa.or_(resource.c.place.is_(None), resource.c.place == sa.any_(near))),
        resource.c.watch_radius_m > sa.literal_column(str(far_m)),
    )


def _places_near(ground: sa.ColumnElement[Any], metres: sa.ColumnElement[float]) -> sa.Select[Any]:
    """The places whose extent, or that of the place that bounds them, is near, and those without any."""
    bound = place.alias("bound")
    widest = sa.func.greatest(sa.func.abs(sa.func.ST_YMin(ground)), sa.func.abs(sa.func.ST_YMax(ground)))
    degrees = metres / (110_000 * sa.func.greatest(0.02, sa.func.cos(sa.func.radians(widest))))
    near = sa.select(place.c.code).select_from(place.outerjoin(bound, bound.c.code == place.c.extent_from))
    beyond = sa.or_(sa.func.ST_XMin(ground) - degrees < -180, sa.func.ST_XMax(ground) + degrees > 180)
    box, around = (  # worked out once, not for every place
        sa.select(value).scalar_subquery() for value in (sa.func.ST_Expand(ground, degrees), beyond)
    )
    touches = sa.or_(bound.c.extent.op("&&")(box), around)
    return near.where(sa.or_(bound.c.code.is_(None), touches))
