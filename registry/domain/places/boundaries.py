"""How the borders of places fit together: overlaps, gaps, ground outside the parent, missing borders.

Overlays are made in the plane of lon and lat, where borders are straight lines; areas are geodesic (WGS 84).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import shapely
from msgspec import Struct
from pyproj import Geod

from registry.domain.intake.finding import Finding, finding
from registry.domain.places.place import MAX_OUTSIDE
from registry.domain.values import Name

GEOD = Geod(ellps="WGS84")
LEAST_M2 = 100.0
"""Smaller overlaps and gaps are what two drawings of one line leave."""
NARROW_M = 50.0
"""A gap of less mean width lies between two drawings of one border; a wider one is ground of nobody."""


class DrawnPlace(Struct, frozen=True, kw_only=True):
    """A place with its border as WKB, None when nobody drew it."""

    code: str
    name: Name
    border: bytes | None


class BoundaryFault(Struct, frozen=True, kw_only=True):
    """One thing that is wrong with the borders under a parent: what, whose, how much, and where (GeoJSON)."""

    finding: Finding
    parent: str
    places: list[str]
    """The places whose borders they are."""
    area_m2: float | None = None
    geometry: dict[str, Any] | None = None


def boundary_faults(parent: DrawnPlace, children: Sequence[DrawnPlace]) -> list[BoundaryFault]:
    """What is wrong with the borders of the places directly under a parent, the largest of each kind first.

    Without any drawn child there is nothing to compare. Gaps need the border of the parent.
    """
    drawn = [child for child in children if child.border is not None]
    if not drawn:
        return []
    shapes = shapely.from_wkb([child.border for child in drawn])
    faults = [*_overlaps(parent, drawn, shapes)]
    if parent.border is not None:
        whole = shapely.from_wkb(parent.border)
        faults += _outside(parent, whole, drawn, shapes)
        faults += _gaps(parent, whole, shapes)
    missing = [child for child in children if child.border is None]
    return [*sorted(faults, key=_order), *(_undrawn(parent, child) for child in missing)]


def _order(fault: BoundaryFault) -> tuple[str, float]:
    return fault.finding.code, -(fault.area_m2 or 0.0)


def _overlaps(parent: DrawnPlace, drawn: Sequence[DrawnPlace], shapes: Any) -> Iterator[BoundaryFault]:
    ones, others = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = ones < others
    ones, others = ones[pairs], others[pairs]
    shared = shapely.intersection(shapes[ones], shapes[others])
    for one, other, part in zip(ones, others, shared, strict=True):
        for piece, area_m2 in _pieces(part):
            names = {"one": drawn[one].name, "other": drawn[other].name, "area": round(area_m2)}
            codes = [drawn[one].code, drawn[other].code]
            yield _fault("borders_overlap", parent, codes, piece, area_m2, names)


def _outside(
    parent: DrawnPlace, whole: Any, drawn: Sequence[DrawnPlace], shapes: Any
) -> Iterator[BoundaryFault]:
    shapely.prepare(whole)
    crossing = np.flatnonzero(~shapely.covers(whole, shapes))
    beyond = shapely.difference(shapes[crossing], whole)
    shares = shapely.area(beyond) / np.maximum(shapely.area(shapes[crossing]), 1e-300)
    for index, part, share in zip(crossing.tolist(), beyond, shares, strict=True):
        if share > MAX_OUTSIDE:
            figures = {"percent": round(100 * float(share), 1), "parent": parent.name}
            yield _fault("outside_parent", parent, [drawn[index].code], part, area_of(part), figures)


def _gaps(parent: DrawnPlace, whole: Any, shapes: Any) -> Iterator[BoundaryFault]:
    for piece, area_m2 in _pieces(shapely.difference(whole, shapely.union_all(shapes))):
        width_m = mean_width_m(piece, area_m2)
        code = "border_gap" if width_m < NARROW_M else "ground_of_nobody"
        figures = {"parent": parent.name, "area": round(area_m2), "width": round(width_m, 1)}
        yield _fault(code, parent, [], piece, area_m2, figures)


def _undrawn(parent: DrawnPlace, child: DrawnPlace) -> BoundaryFault:
    found = finding("border_missing", "/geometry", child.code, name=child.name)
    return BoundaryFault(finding=found, parent=parent.code, places=[child.code])


def _pieces(shape: Any) -> Iterator[tuple[Any, float]]:
    """The polygons of a shape that are large enough to tell, with their areas in m²."""
    for piece in shapely.get_parts(shape):
        if piece.geom_type == "Polygon" and (area_m2 := area_of(piece)) >= LEAST_M2:
            yield piece, area_m2
        elif piece.geom_type == "MultiPolygon":
            yield from _pieces(piece)


def area_of(shape: Any) -> float:
    """The geodesic area of a shape in m²; lines and points have none."""
    return float(abs(GEOD.geometry_area_perimeter(shapely.orient_polygons(shape))[0]))


def mean_width_m(piece: Any, area_m2: float) -> float:
    """Twice the area over the perimeter: the width of a long and narrow polygon, in metres."""
    perimeter_m = abs(GEOD.geometry_area_perimeter(piece)[1])
    return 2 * area_m2 / perimeter_m if perimeter_m else 0.0


def _fault(
    code: str, parent: DrawnPlace, places: list[str], shape: Any, area_m2: float, figures: dict[str, Any]
) -> BoundaryFault:
    where = shapely.geometry.mapping(shapely.set_precision(shape, 1e-7, mode="pointwise"))
    found = finding(code, "/geometry", places or None, **figures)
    return BoundaryFault(finding=found, parent=parent.code, places=places, area_m2=area_m2, geometry=where)
