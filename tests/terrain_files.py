"""Files of elevations, written byte by byte: tiled and in strips, with every predictor, and hostile ones."""

import struct
import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

SHORT, LONG, DOUBLE, ASCII = 3, 4, 12, 2
FORMATS = {SHORT: "H", LONG: "I", DOUBLE: "d"}
DEFLATE = 8
Values = tuple[int, list[float]]


def geotiff(
    heights: NDArray[np.generic],
    *,
    west: float = 106.5,
    north: float = 29.1,
    step: float = 1 / 3600,
    crs: int = 4326,
    predictor: int = 1,
    tile: int | None = None,
    point: bool = False,
    no_data: str | None = None,
    **changed: Values | None,
) -> bytes:
    """A GeoTIFF of one band, deflated; `west`, `north` is the outermost corner, or its cell's centre."""
    rows, columns = heights.shape
    geographic = crs < 10_000
    keys = [1, 1, 0, 3, 1024, 0, 1, 2 if geographic else 1, 1025, 0, 1, 2 if point else 1]
    keys += [2048 if geographic else 3072, 0, 1, crs]
    kind = {"f": 3, "i": 2, "u": 1}[heights.dtype.kind]
    tags: dict[int, Values] = {
        256: (LONG, [columns]),
        257: (LONG, [rows]),
        258: (SHORT, [heights.dtype.itemsize * 8]),
        259: (SHORT, [DEFLATE]),
        262: (SHORT, [1]),
        277: (SHORT, [1]),
        317: (SHORT, [predictor]),
        339: (SHORT, [kind]),
        33550: (DOUBLE, [step, step, 0.0]),
        33922: (DOUBLE, [0.0, 0.0, 0.0, west, north, 0.0]),
        34735: (SHORT, [float(key) for key in keys]),
    }
    if tile is None:
        blocks = [_packed(heights, predictor)]
        tags |= {278: (LONG, [rows])}
    else:
        padded = np.zeros((-(-rows // tile) * tile, -(-columns // tile) * tile), dtype=heights.dtype)
        padded[:rows, :columns] = heights
        blocks = [
            _packed(padded[top : top + tile, left : left + tile], predictor)
            for top in range(0, padded.shape[0], tile)
            for left in range(0, padded.shape[1], tile)
        ]
        tags |= {322: (LONG, [tile]), 323: (LONG, [tile])}
    names = {f"tag_{number}": number for number in range(65536)} if changed else {}
    for name, value in changed.items():
        if value is None:
            tags.pop(names[name], None)
        else:
            tags[names[name]] = value
    return _file(tags, blocks, tiled=tile is not None, no_data=no_data)


def _packed(block: NDArray[np.generic], predictor: int) -> bytes:
    little = block.astype(block.dtype.newbyteorder("<"))
    if predictor == 2:
        little = np.concatenate([little[:, :1], np.diff(little, axis=1)], axis=1).astype(little.dtype)
    if predictor == 3:
        size = block.dtype.itemsize
        planes = little.byteswap().view(np.uint8).reshape(len(block), -1, size).transpose(0, 2, 1)
        flat = planes.reshape(len(block), -1)
        return zlib.compress(np.concatenate([flat[:, :1], np.diff(flat, axis=1)], axis=1).tobytes())
    return zlib.compress(little.tobytes())


def _file(tags: dict[int, Values], blocks: list[bytes], *, tiled: bool, no_data: str | None) -> bytes:
    offsets, body = [], b""
    for block in blocks:
        offsets.append(8 + len(body))
        body += block + b"\0" * (len(block) % 2)
    where, sizes = (324, 325) if tiled else (273, 279)
    tags = tags | {where: (LONG, list(map(float, offsets))), sizes: (LONG, [float(len(b)) for b in blocks])}
    packed = {
        number: (kind, len(values), struct.pack(f"<{len(values)}{FORMATS[kind]}", *_as(kind, values)))
        for number, (kind, values) in tags.items()
    }
    if no_data is not None:
        text = no_data.encode() + b"\0"
        packed[42113] = (ASCII, len(text), text)
    entries = b""
    for number, (kind, count, content) in sorted(packed.items()):
        if len(content) > 4:
            place = struct.pack("<I", 8 + len(body))
            body += content + b"\0" * (len(content) % 2)
        else:
            place = content.ljust(4, b"\0")
        entries += struct.pack("<HHI", number, kind, count) + place
    directory = struct.pack("<H", len(packed)) + entries + b"\0\0\0\0"
    return b"II*\0" + struct.pack("<I", 8 + len(body)) + body + directory


def _as(kind: int, values: list[float]) -> list[float]:
    return values if kind == DOUBLE else [int(value) for value in values]


def hgt(heights: NDArray[np.generic]) -> bytes:
    """Heights as big-endian 16-bit integers."""
    return heights.astype(">i2").tobytes()


def _slope(rows: int = 20, columns: int = 30) -> NDArray[np.float32]:
    return np.add.outer(np.arange(rows), np.arange(columns)).astype(np.float32)


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "empty_file"),
    "text": (lambda: b"north,south\n1,2\n", "not_elevations"),
    "no tags of position": (lambda: geotiff(_slope(), tag_34735=None), "no_georeference"),
    "no tie point": (lambda: geotiff(_slope(), tag_33922=None), "no_georeference"),
    "a cell of no size": (lambda: geotiff(_slope(), step=0.0), "turned_grid"),
    "a cell of infinite size": (lambda: geotiff(_slope(), step=float("inf")), "turned_grid"),
    "not on the Earth": (lambda: geotiff(_slope(), north=120.0), "no_georeference"),
    "a turned grid": (
        lambda: geotiff(_slope(), tag_34264=(DOUBLE, [1.0, 1.0, 0, 0, 1.0, -1.0, 0, 0, *[0.0] * 8])),
        "turned_grid",
    ),
    "a system of its own": (lambda: geotiff(_slope(), crs=32767), "unknown_system"),
    "three bands": (
        lambda: geotiff(
            np.zeros((20, 30), np.uint8),
            tag_277=(SHORT, [3]),
            tag_258=(SHORT, [8, 8, 8]),
            tag_262=(SHORT, [2]),
            tag_339=(SHORT, [1, 1, 1]),
        ),
        "not_one_band",
    ),
    "a plain of a trillion cells": (
        lambda: geotiff(_slope(), tag_256=(LONG, [1_000_000]), tag_257=(LONG, [1_000_000])),
        "too_many_heights",
    ),
    "only voids": (lambda: geotiff(np.full((20, 30), -32768, np.int16)), "no_heights"),
    "cut short": (lambda: geotiff(_slope(200, 300))[:600], "damaged"),
    "heights in feet": (
        lambda: geotiff(
            _slope(), tag_34735=(SHORT, [1, 1, 0, 3, 1024, 0, 1, 2, 2048, 0, 1, 4326, 4099, 0, 1, 9002])
        ),
        "not_in_metres",
    ),
}
"""Files that are none, damaged, or made to do harm, and the code of their refusal."""
