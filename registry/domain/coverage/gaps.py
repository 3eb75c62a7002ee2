"""Gaps: the uncovered ground as polygons in lon/lat, largest first, each in one place."""

from typing import Literal

import numpy as np
import shapely
from msgspec import Raw, Struct

from registry.domain.coverage.coverage import Assessment
from registry.domain.coverage.geometry.plane import to_lonlat
from registry.domain.values import Name

Bound = Literal["lower", "nominal", "upper"]


class Gap(Struct, frozen=True):
    """One piece of uncovered ground."""

    rank: int
    place: str | None
    name: Name | None
    area_m2: float
    geometry: Raw


class Gaps(Struct, frozen=True):
    """The largest gaps, and the sum of those that are not listed."""

    bound: Bound
    gaps: list[Gap]
    count: int
    uncovered_m2: float
    sliver_m2: float
    slivers: int
    slivers_area_m2: float


def gaps(assessment: Assessment, *, bound: Bound = "nominal", sliver_m2: float, limit: int) -> Gaps:
    """The largest `limit` gaps; those smaller than `sliver_m2` are dropped, counted and summed."""
    left = getattr(assessment, bound)
    area = assessment.area
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
    return Gaps(bound, listed, len(kept), total, sliver_m2, len(left.piece_m2) - len(kept), total - large)
