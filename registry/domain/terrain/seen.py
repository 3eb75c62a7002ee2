"""What a watch point sees: ground on which smoke of a height is seen, at least, as recorded and at most.

A cell counts for the lower end when all of it lies within radius and sector from every possible position and
its middle is seen from each of nine of them; for the upper end when some of it does from any. Cells are
squares of the model's size, so an outline is no finer than a cell.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np
import shapely
from msgspec import Struct
from numpy.typing import NDArray

from registry.domain.coverage.geometry.plane import Floats
from registry.domain.terrain.elevation import ElevationGrid, LocalGround, LocalPlane, cell_size_m
from registry.domain.terrain.sight_lines import ElevationDoubt, LeastHeights, cell_axis, least_heights

SMOKE_HEIGHTS_M = (10.0, 20.0, 50.0, 100.0)
"""The heights above the ground for which footprints are drawn."""
MOST_REACH_M = 20_000.0
MOST_UNCERTAIN_M = 300.0
MOST_STEPS = 800
"""Cells from the eye to the rim; a finer model is sampled at this many."""
SPOTS = 8
METHOD = "sight lines 1"
HALF_DIAGONAL = 2**-0.5

Mask = NDArray[np.bool_]
Blind = Literal[
    "no_eye_height", "no_position", "uncertain_position", "no_radius", "radius_too_long", "no_elevations"
]
"""Why it cannot be worked out what a watch point sees."""


class Lookout(Struct, frozen=True, kw_only=True):
    """All of a watch point that decides what it sees."""

    position: tuple[float, float] | None
    uncertainty_m: float
    eye_height_m: float | None
    radius_m: float | None
    sector: tuple[float, float] | None
    """From and to, clockwise from north in degrees."""


class SeenGround(Struct, frozen=True, kw_only=True):
    """Where smoke of one height is seen (WKB in lon/lat); `unknown_m2` of the reach cannot be evaluated."""

    smoke_height_m: float
    lower: bytes
    nominal: bytes
    upper: bytes
    unknown_m2: float


class _Reach(NamedTuple):
    """Which cells lie within radius and sector: certainly, as recorded, possibly."""

    sure: Mask
    recorded: Mask
    possible: Mask


def basis_of(lookout: Lookout, model_digest: str) -> str:
    """The digest of everything that a drawing depends on; another one means that it is stale."""
    packed = msgspec.msgpack.encode((METHOD, model_digest, msgspec.structs.astuple(lookout)))
    return hashlib.sha256(packed).hexdigest()


def blind_reason(lookout: Lookout) -> Blind | None:
    """Why nothing can be worked out about a watch point, whatever the elevations are."""
    if lookout.position is None:
        return "no_position"
    if lookout.eye_height_m is None:
        return "no_eye_height"
    if lookout.radius_m is None:
        return "no_radius"
    if lookout.uncertainty_m > MOST_UNCERTAIN_M:
        return "uncertain_position"
    return "radius_too_long" if lookout.radius_m > MOST_REACH_M else None


def window_m(lookout: Lookout) -> float:
    """How far from its position elevations decide what a watch point sees, in metres."""
    return 1.5 * ((lookout.radius_m or 0.0) + lookout.uncertainty_m) + 2.0 * lookout.uncertainty_m + 500.0


def draw_seen(
    lookout: Lookout, grids: Sequence[ElevationGrid], doubt: ElevationDoubt
) -> list[SeenGround] | Blind:
    """What is seen at each smoke height, or why it cannot be worked out."""
    blind = blind_reason(lookout)
    if blind is not None or lookout.position is None or lookout.radius_m is None:
        return blind or "no_position"
    if not grids:
        return "no_elevations"
    plane = LocalPlane(*lookout.position)
    reach = lookout.radius_m + lookout.uncertainty_m
    step = max(min(cell_size_m(grid, plane) for grid in grids), reach / MOST_STEPS)
    axis = cell_axis(reach + step, step)
    least = _least(lookout, LocalGround(grids, plane, window_m(lookout) + 2 * step), axis, step, doubt)
    if least is None:
        return "no_elevations"
    return list(_drawn(lookout, least, plane, axis, step))


def _least(
    lookout: Lookout, ground: LocalGround, axis: Floats, step: float, doubt: ElevationDoubt
) -> LeastHeights | None:
    """The interval over the possible positions: recorded ones decide the nominal end."""
    found = None
    for spot in _spots(lookout.uncertainty_m):
        here = least_heights(ground, spot, lookout.eye_height_m or 0.0, axis, step, doubt)
        if here is None:
            return None
        found = (
            here
            if found is None
            else LeastHeights(
                np.maximum(found.low_m, here.low_m),
                found.nominal_m,
                np.minimum(found.high_m, here.high_m),
                found.unknown,
            )
        )
    return found


def _spots(uncertainty_m: float) -> list[tuple[float, float]]:
    """The recorded position, and eight on the rim of the disc that may hold it."""
    if uncertainty_m == 0.0:
        return [(0.0, 0.0)]
    angles = np.arange(SPOTS) * (2 * np.pi / SPOTS)
    rim = zip(uncertainty_m * np.sin(angles), uncertainty_m * np.cos(angles), strict=True)
    return [(0.0, 0.0), *((float(x), float(y)) for x, y in rim)]


def _drawn(
    lookout: Lookout, least: LeastHeights, plane: LocalPlane, axis: Floats, step: float
) -> Iterator[SeenGround]:
    reach = _reach(lookout, axis, step)
    unknown_m2 = float((least.unknown & reach.recorded).sum()) * step**2
    for height in SMOKE_HEIGHTS_M:
        lower = reach.sure & (least.low_m <= height)
        nominal = reach.recorded & (least.nominal_m <= height)
        upper = reach.possible & (least.high_m <= height)
        shapes = [outline(plane, mask, axis, step) for mask in (lower, nominal, upper)]
        yield SeenGround(
            smoke_height_m=height, lower=shapes[0], nominal=shapes[1], upper=shapes[2], unknown_m2=unknown_m2
        )


def _reach(lookout: Lookout, axis: Floats, step: float) -> _Reach:
    x, y = np.meshgrid(axis, axis)
    away, radius, margin = np.hypot(x, y), lookout.radius_m or 0.0, HALF_DIAGONAL * step
    doubt = margin + lookout.uncertainty_m
    sure, recorded, possible = away + doubt <= radius, away <= radius, away - doubt <= radius
    if lookout.sector is not None:
        turns = [_turned(lookout.sector, x - dx, y - dy, margin) for dx, dy in _spots(lookout.uncertainty_m)]
        sure &= np.all([turn.sure for turn in turns], axis=0)
        recorded &= turns[0].recorded
        possible &= np.any([turn.possible for turn in turns], axis=0)
    return _Reach(sure, recorded & ~sure | sure, possible)


def _turned(sector: tuple[float, float], east: Floats, north: Floats, margin: float) -> _Reach:
    """Which cells lie in a sector: all of the cell, its middle, some of it."""
    span = (sector[1] - sector[0]) % 360.0 or 360.0
    away = np.maximum(np.hypot(east, north), 1e-9)
    half = np.degrees(np.arcsin(np.minimum(1.0, margin / away)))
    turn = (np.degrees(np.arctan2(east, north)) - sector[0]) % 360.0
    whole = span == 360.0
    sure = whole | ((turn >= half) & (turn <= span - half) & (away > margin))
    recorded = whole | (turn <= span)
    possible = whole | (away <= margin) | (turn <= span + half) | (turn >= 360.0 - half)
    return _Reach(sure, recorded, possible)


def outline(plane: LocalPlane, mask: Mask, axis: Floats, step: float) -> bytes:
    """The cells of a mask as one multipolygon in lon/lat (WKB), cells that meet at a corner apart."""
    padded = np.pad(mask, 1)
    faces = shapely.get_parts(shapely.polygonize(shapely.linestrings(_edges(padded))))
    corners, of = shapely.get_coordinates(shapely.get_exterior_ring(faces), return_index=True)
    order = np.lexsort((corners[:, 0], corners[:, 1], of))
    first = order[np.unique(of[order], return_index=True)[1]]
    column, row = corners[first].astype(np.intp).T  # the cell north-east of a face's first corner is in it
    whole = shapely.multipolygons(faces[padded[row + 1, column + 1]])
    start = axis[0] - step / 2
    return bytes(shapely.to_wkb(shapely.transform(whole, lambda xy: plane.inverse(xy * step + start))))


def _edges(padded: Mask) -> Floats:
    """The straight edges (n, 2, 2) between cells in and out of a padded mask, as columns and rows of corners.

    Corners in each row, and in each column, are the ends of edges by turns; one where two cells meet
    diagonally ends an edge and begins one.
    """
    southwest, southeast, northwest, northeast = (
        padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:],
    )  # fmt: skip
    count = southwest.astype(np.int8) + southeast + northwest + northeast
    crossing = (count == 2) & (southwest == northeast)
    times = np.where(crossing, 2, count % 2)
    row, column = np.nonzero(times)
    corners = np.repeat(np.column_stack([column, row]), times[row, column], axis=0)
    upright = corners[np.lexsort((corners[:, 1], corners[:, 0]))]
    return np.concatenate([corners.reshape(-1, 2, 2), upright.reshape(-1, 2, 2)]).astype(float)
