"""Answers found another way: another projection, finer drawings, sampling on the ellipsoid."""

import numpy as np
import shapely
from pyproj import Geod, Proj

from registry.domain.completeness import Completeness
from registry.domain.coverage.listing import CoverageListing
from registry.domain.coverage.watcher import AreaPart, Disc, Watcher

GEOD = Geod(ellps="WGS84")


def listing(state="complete", radius_m=None, **given):
    """A listing of nothing in particular; a complete one leaves nothing beside it."""
    known = Completeness(state=state, listed=0, located=0, placeholders=0, **given)
    return CoverageListing(completeness=known, radius_m=radius_m)


CLOSED = listing()
OPEN = listing("open")


def part(shape, code="x"):
    """An area part from a shapely polygon or a Disc."""
    disc = isinstance(shape, Disc)
    return AreaPart(shape=shape if disc else shapely.to_wkb(shape), code=code, assumed=disc)


def watchers(lonlat, radius_m, uncertainty_m=0.0):
    """Discs as watchers."""
    lonlat = np.asarray(lonlat, dtype=float)
    radius = np.broadcast_to(radius_m, len(lonlat))
    doubt = np.broadcast_to(uncertainty_m, len(lonlat))
    return [
        Watcher(id=str(i), radius_m=float(r), position=(x, y), uncertainty_m=float(u))
        for i, ((x, y), r, u) in enumerate(zip(lonlat.tolist(), radius, doubt, strict=True))
    ]


def dense_circle(lon, lat, radius_m, corners=2048):
    """Lon/lat corners of a geodesic circle, each by the geodesic direct problem."""
    azimuths = np.linspace(0, 360, corners, endpoint=False)
    return np.column_stack(
        GEOD.fwd(*(np.full(corners, v) for v in (lon, lat)), azimuths, np.full(corners, radius_m))[:2]
    )


def covered_m2(area, lonlat, radius_m, **proj):
    """Covered area from dense circles, measured in an equal-area projection that is not the registry's."""
    project = Proj(ellps="WGS84", **proj)

    def to_plane(c):
        return np.column_stack(project(c[:, 0], c[:, 1]))

    ground = shapely.transform(shapely.segmentize(area, 0.002), to_plane)
    radius = np.broadcast_to(radius_m, len(lonlat))
    discs = [shapely.Polygon(to_plane(dense_circle(*c, r))) for c, r in zip(lonlat, radius, strict=True)]
    return ground.area, shapely.intersection(ground, shapely.union_all(discs)).area


def lens_m2(radius_a, radius_b, apart):
    """Area shared by two plane discs."""
    a, b, d = radius_a, radius_b, apart
    alpha = 2 * np.arccos((d * d + a * a - b * b) / (2 * d * a))
    beta = 2 * np.arccos((d * d + b * b - a * a) / (2 * d * b))
    return (a * a * (alpha - np.sin(alpha)) + b * b * (beta - np.sin(beta))) / 2


def authalic(lat):
    """The part of the surface south of a latitude, up to a constant (Snyder 1987, eq. 3-12)."""
    e = np.sqrt(GEOD.es)
    sin = np.sin(lat)
    return (1 - e**2) * (sin / (1 - (e * sin) ** 2) - np.log((1 - e * sin) / (1 + e * sin)) / (2 * e))


def sample(rng, west, south, east, north, n):
    """Points spread evenly over the ellipsoid's surface within a lon/lat box (authalic latitude)."""
    grid = np.radians(np.linspace(south, north, 20_001))
    lat = np.degrees(np.interp(rng.uniform(authalic(grid[0]), authalic(grid[-1]), n), authalic(grid), grid))
    return np.column_stack([rng.uniform(west, east, n), lat])


def distances_m(points, lonlat):
    """Geodesic distances (points, centres)."""
    shape = (len(points), len(lonlat))
    columns = (
        np.broadcast_to(points[:, :1], shape),
        np.broadcast_to(points[:, 1:], shape),
        np.broadcast_to(lonlat[:, 0], shape),
        np.broadcast_to(lonlat[:, 1], shape),
    )
    return GEOD.inv(*(np.ascontiguousarray(c).ravel() for c in columns))[2].reshape(shape)
