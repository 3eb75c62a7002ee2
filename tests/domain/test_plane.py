"""Shapes on their way out of the plane: valid, and of the same ground, however they went in."""

import numpy as np
import pytest
import shapely

from registry.domain.coverage.geometry.plane import centred_on, to_lonlat

PLANE = centred_on(np.array([[106.6, 29.0]]))


def test_pieces_that_share_a_sliver_come_out_as_one_valid_shape() -> None:
    ring = shapely.Polygon(
        [(0, 0), (1, 0), (1, 1), (0, 1)], [[(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)]]
    )
    across = shapely.Polygon([(-0.01, 0.99), (0.87, 0.16), (0.49, 0.43), (0.71, 0.9)])
    pieces = shapely.transform(shapely.MultiPolygon([ring, across]), lambda c: c * 1000.0)
    with pytest.raises(shapely.GEOSException):
        shapely.set_precision(pieces, 100.0)
    (drawn,) = to_lonlat(PLANE, np.array([pieces], dtype=object))
    assert shapely.is_valid(drawn)
    ground = shapely.transform(drawn, PLANE.forward)
    merged = shapely.union_all(shapely.make_valid(shapely.get_parts(pieces)))
    assert ground.area == pytest.approx(merged.area, rel=1e-3)
