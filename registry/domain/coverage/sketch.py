"""An assessment as shapes in pixels, in the order in which they are painted."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely

from registry.domain.coverage.coverage import Assessment
from registry.domain.coverage.geometry.drawing_error import polygons_of
from registry.domain.coverage.geometry.plane import Floats, Shapes
from registry.domain.values import Name

CoverState = Literal["open", "possible", "nominal", "certain"]
STATES: tuple[CoverState, ...] = ("open", "possible", "nominal", "certain")
MARGIN_PX = 16.0
NICE = (1, 2, 5)


@dataclass(frozen=True)
class Sketch:
    """All that a drawing needs, in pixels with y downwards.

    `states` has the polygons of each state: uncovered in any case, a possible gap, covered as recorded,
    covered for certain. `scale_m` is a round length, `metres_per_px` the scale at the middle.
    """

    width: int
    height: int
    states: dict[CoverState, Shapes]
    parts: Shapes
    labels: list[tuple[float, float, Name]]
    spots: Floats
    metres_per_px: float
    scale_m: float


def sketch(assessment: Assessment, width: int = 960) -> Sketch:
    """Lay the assessment out on a canvas of that width, north up."""
    area = assessment.area
    west, south, east, north = area.bounds
    metres_per_px = max(east - west, (north - south) * 0.75) / (width - 2 * MARGIN_PX)
    height = int((north - south) / metres_per_px + 2 * MARGIN_PX)

    def pixels(xy: Floats) -> Floats:
        shifted = np.column_stack([xy[:, 0] - west, north - xy[:, 1]])
        return np.asarray(shifted / metres_per_px + MARGIN_PX, dtype=float)

    def drawn(shape: Any) -> Shapes:
        simple = shapely.simplify(polygons_of(np.array([shape], dtype=object)), metres_per_px / 3)
        return np.asarray(shapely.transform(simple[~shapely.is_empty(simple)], pixels))

    lower, nominal, upper = (
        state.whole for state in (assessment.lower, assessment.nominal, assessment.upper)
    )
    if not assessment.free.none:
        upper = shapely.Polygon()
    states: dict[CoverState, Any] = {
        "open": upper,
        "possible": shapely.difference(nominal, upper),
        "nominal": shapely.difference(lower, nominal),
        "certain": shapely.difference(area.whole, lower),
    }
    middles = pixels(shapely.get_coordinates(shapely.point_on_surface(area.shapes)))
    names = [part.name or Name(part.code or "-") for part in area.parts]
    return Sketch(
        width=int((east - west) / metres_per_px + 2 * MARGIN_PX),
        height=height,
        states={state: drawn(states[state]) for state in STATES},
        parts=drawn(shapely.multipolygons(polygons_of(area.shapes))),
        labels=[(float(x), float(y), name) for (x, y), name in zip(middles, names, strict=True)],
        spots=_spots(assessment, pixels),
        metres_per_px=metres_per_px,
        scale_m=_round_length(metres_per_px * width / 5),
    )


def _spots(assessment: Assessment, pixels: Any) -> Floats:
    positions = [w.position for w in assessment.watchers if w.testable and w.position is not None]
    if not positions:
        return np.empty((0, 2))
    marks: Floats = pixels(assessment.area.plane.forward(np.array(positions, dtype=float)))
    return marks


def _round_length(metres: float) -> float:
    """The largest 1, 2 or 5 times a power of ten that is not longer."""
    power = 10.0 ** np.floor(np.log10(metres))
    return float(max(n * power for n in NICE if n * power <= metres))
