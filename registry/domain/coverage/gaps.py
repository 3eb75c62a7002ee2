"""Gaps: the uncovered ground as polygons in lon/lat, largest first, each in one place.

A gap is certain where nothing can cover it. It is possible where something may that is not placed or listed.
"""

from typing import Literal

import numpy as np
import shapely
from msgspec import Raw, Struct

from registry.domain.coverage.coverage import Assessment
from registry.domain.coverage.geometry.gaps_geometry import Uncovered, in_pieces
from registry.domain.coverage.geometry.plane import to_lonlat
from registry.domain.coverage.geometry.study_area import StudyArea
from registry.domain.values import Name

Bound = Literal["lower", "nominal", "upper"]
NOTHING = Uncovered(shapely.Polygon(), np.empty(0, dtype=object), np.empty(0, dtype=np.intp))


class Gap(Struct, frozen=True):
    """One piece of uncovered ground."""

    rank: int
    """Its number by size, from 1."""
    place: str | None
    name: Name | None
    area_m2: float
    geometry: Raw


class Gaps(Struct, frozen=True):
    """The largest gaps, and the sum of those that are not listed."""

    gaps: list[Gap]
    count: int
    uncovered_m2: float
    sliver_m2: float
    slivers: int
    slivers_area_m2: float


def certain_gaps(assessment: Assessment, *, sliver_m2: float, limit: int) -> Gaps:
    """The ground that nothing can cover; none while there may be cover that could lie anywhere."""
    if assessment.free.none:
        return _gaps(assessment.area, assessment.upper, sliver_m2, limit)
    return _gaps(assessment.area, NOTHING, sliver_m2, limit)


def possible_gaps(assessment: Assessment, *, bound: Bound = "nominal", sliver_m2: float, limit: int) -> Gaps:
    """The ground that a bound leaves uncovered and that may be covered all the same."""
    left: Uncovered = getattr(assessment, bound)
    if assessment.free.none:
        if left is assessment.upper:
            left = NOTHING
        else:
            whole = shapely.difference(left.whole, assessment.upper.whole)
            left = in_pieces(assessment.area, whole)
    return _gaps(assessment.area, left, sliver_m2, limit)


def _gaps(area: StudyArea, left: Uncovered, sliver_m2: float, limit: int) -> Gaps:
    """The largest `limit` pieces; those smaller than `sliver_m2` are dropped, counted and summed."""
    kept = np.flatnonzero(left.piece_m2 >= sliver_m2)
    order = kept[np.argsort(-left.piece_m2[kept], kind="stable")][:limit]
    drawn = shapely.to_geojson(to_lonlat(area.plane, left.pieces[order]))
    listed = [
        Gap(
            rank,
            area.parts[left.part[i]].code,
            area.parts[left.part[i]].name,
            float(left.piece_m2[i]),
            Raw(text),
        )
        for rank, (i, text) in enumerate(zip(order, map(str.encode, drawn), strict=True), start=1)
    ]
    total, large = float(left.piece_m2.sum()), float(left.piece_m2[kept].sum())
    return Gaps(listed, len(kept), total, sliver_m2, len(left.piece_m2) - len(kept), total - large)
