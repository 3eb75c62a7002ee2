"""Read the heights of a file: GeoTIFF by Pillow, with its tags of position, or HGT by its name and size.

It runs in the process that reads files, which is limited and thrown away. Nothing is decoded before the size
of the grid is known to be within bounds.
"""

import io
import re
import warnings
from typing import Any

import numpy as np
from PIL import Image
from pyproj.exceptions import ProjError

from registry.domain.intake.files.refusal import RefusedFile
from registry.domain.terrain.elevation import WGS84, Heights, transformer
from registry.domain.terrain.tile import MOST_ELEVATION_BYTES, ElevationTile, GridFrame

MOST_HEIGHTS = 40_000_000
MOST_SIDE = 20_000
LOWEST_M, HIGHEST_M = -500.0, 9_000.0
"""What lies beyond is no height of the Earth's surface: it is a void, whatever number stands for one."""
HGT_SIZES = {
    2 * rows * columns: (rows, columns) for rows, columns in ((1201, 1201), (3601, 3601), (3601, 1801))
}
HGT_NAME = re.compile(r"([NS])(\d{2})([EW])(\d{3})", re.IGNORECASE)
MODES = ("F", "I", "I;16", "I;16B", "I;16L", "I;16N", "I;16S", "L")

PIXEL_SCALE, TIE_POINT, TRANSFORMATION, GEO_KEYS, NO_DATA = 33550, 33922, 34264, 34735, 42113
MODEL_TYPE, RASTER_TYPE, GEOGRAPHIC, PROJECTED, VERTICAL_UNITS = 1024, 1025, 2048, 3072, 4099
POINT_RASTER, GEOGRAPHIC_MODEL, METRE = 2, 2, 9001


def read_elevation(content: bytes, name: str) -> ElevationTile:
    """The heights of a GeoTIFF or HGT file; RefusedFile for any other, damaged, misplaced or too large."""
    if not content:
        raise RefusedFile("empty_file")
    if len(content) > MOST_ELEVATION_BYTES:
        raise RefusedFile("too_large", megabytes=MOST_ELEVATION_BYTES // 2**20)
    if content[:4] in (b"II*\0", b"MM\0*"):
        return _geotiff(content)
    if len(content) in HGT_SIZES:
        return _hgt(content, name)
    raise RefusedFile("not_elevations")


def _hgt(content: bytes, name: str) -> ElevationTile:
    """Big-endian 16-bit metres; the name says which degree, whose corners are centres of cells."""
    corner = HGT_NAME.search(name)
    if corner is None:
        raise RefusedFile("tile_name")
    south = int(corner[2]) * (-1 if corner[1] in "Ss" else 1)
    west = int(corner[4]) * (-1 if corner[3] in "Ww" else 1)
    if not (-90 <= south < 90 and -180 <= west < 180):
        raise RefusedFile("tile_name")
    rows, columns = HGT_SIZES[len(content)]
    frame = GridFrame(
        crs=WGS84,
        first_x=float(west),
        first_y=float(south + 1),
        step_x=1.0 / (columns - 1),
        step_y=1.0 / (rows - 1),
        columns=columns,
        rows=rows,
    )
    heights = np.frombuffer(content, dtype=">i2").astype(np.float32)
    return _tile(frame, heights, None)


def _geotiff(content: bytes) -> ElevationTile:
    Image.MAX_IMAGE_PIXELS = None  # the bounds are our own, below
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            Image.open(io.BytesIO(content), formats=("TIFF",)) as image,
        ):
            columns, rows = image.size
            if columns * rows > MOST_HEIGHTS or max(columns, rows) > MOST_SIDE:
                raise RefusedFile("too_many_heights", columns=columns, rows=rows)
            if image.mode not in MODES or min(columns, rows) < 2:
                raise RefusedFile("not_one_band")
            tags: Any = image.tag_v2  # type: ignore[attr-defined]
            frame, void = _frame(tags, columns, rows), _void(tags.get(NO_DATA))
            return _tile(frame, np.asarray(image).astype(np.float32).ravel(), void)
    except (RefusedFile, MemoryError):
        raise
    except Exception as error:  # the decoders raise whatever a hostile file makes them
        raise RefusedFile("damaged") from error


def _tile(frame: GridFrame, heights: Heights, void: float | None) -> ElevationTile:
    """The tile without what is no height."""
    with np.errstate(invalid="ignore"):
        known = (heights >= LOWEST_M) & (heights <= HIGHEST_M)
    if void is not None:
        known &= heights != np.float32(void)
    if not known.any():
        raise RefusedFile("no_heights")
    kept = np.where(known, heights, np.float32(np.nan)).astype("<f4")
    fields = {name: getattr(frame, name) for name in GridFrame.__struct_fields__}
    return ElevationTile(**fields, heights=kept.tobytes())


def _frame(tags: Any, columns: int, rows: int) -> GridFrame:
    """Where the grid lies. A tie point is the corner of a cell unless the file says that it is a centre."""
    keys = _geo_keys(tags.get(GEO_KEYS))
    if keys.get(VERTICAL_UNITS, METRE) != METRE:
        raise RefusedFile("not_in_metres")
    x, y, step_x, step_y = _placed(tags)
    half = 0.0 if keys.get(RASTER_TYPE) == POINT_RASTER else 0.5
    code = keys.get(GEOGRAPHIC if keys.get(MODEL_TYPE) == GEOGRAPHIC_MODEL else PROJECTED, 0)
    frame = GridFrame(
        crs=code,
        first_x=x + half * step_x,
        first_y=y - half * step_y,
        step_x=step_x,
        step_y=step_y,
        columns=columns,
        rows=rows,
    )
    _demand_on_earth(frame)
    return frame


def _geo_keys(directory: tuple[int, ...] | None) -> dict[int, int]:
    """The keys of the directory whose value stands in it."""
    if directory is None or len(directory) < 4:
        raise RefusedFile("no_georeference")
    entries = [directory[at : at + 4] for at in range(4, len(directory) - 3, 4)]
    return {key: value for key, place, _, value in entries if place == 0}


def _placed(tags: Any) -> tuple[float, float, float, float]:
    """The coordinates of the north-western tie, and the size of a cell; RefusedFile for a turned grid."""
    if TRANSFORMATION in tags:
        a, b, _, x, c, d, _, y = (float(number) for number in tags[TRANSFORMATION][:8])
        if b or c:
            raise RefusedFile("turned_grid")
        step_x, step_y = a, -d
    elif PIXEL_SCALE in tags and len(tags.get(TIE_POINT, ())) >= 6:
        column, row, _, x, y = (float(number) for number in tags[TIE_POINT][:5])
        step_x, step_y = (float(number) for number in tags[PIXEL_SCALE][:2])
        x, y = x - column * step_x, y + row * step_y
    else:
        raise RefusedFile("no_georeference")
    if not (np.isfinite([x, y, step_x, step_y]).all() and step_x > 0 and step_y > 0):
        raise RefusedFile("turned_grid")
    return x, y, step_x, step_y


def _demand_on_earth(frame: GridFrame) -> None:
    """RefusedFile unless the system is known and all corners have a place in it."""
    last_x = frame.first_x + (frame.columns - 1) * frame.step_x
    last_y = frame.first_y - (frame.rows - 1) * frame.step_y
    try:
        lon, lat = transformer(frame.crs).transform(
            [frame.first_x, last_x], [frame.first_y, last_y], direction="INVERSE"
        )
    except ProjError as error:
        raise RefusedFile("unknown_system", system=frame.crs) from error
    if not (np.isfinite([*lon, *lat]).all() and np.abs(lat).max() <= 90 and np.abs(lon).max() <= 540):
        raise RefusedFile("no_georeference")


def _void(text: Any) -> float | None:
    """The number that stands for a void, as the file says it."""
    try:
        return None if text is None else float(str(text).strip("\0 "))
    except ValueError:
        return None
