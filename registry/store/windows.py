"""Points in a window of longitudes and latitudes."""

from typing import Any

import sqlalchemy as sa


def holds(spot: Any, west: Any, south: Any, east: Any, north: Any) -> sa.ColumnElement[bool]:
    """Whether a point lies in the window, its edges included.

    PostgreSQL's own operator compares exact coordinates, in its index too, so that rows need no recheck. That
    of PostGIS rounds the window outward by up to a metre.
    """
    return within(spot, sa.func.box(sa.func.point(west, south), sa.func.point(east, north)))


def within(spot: Any, box: Any) -> sa.ColumnElement[bool]:
    """Whether a point lies in a box, its edges included."""
    found: sa.ColumnElement[bool] = spot.bool_op("<@")(box)
    return found
