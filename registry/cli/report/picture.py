"""The map of a coverage answer: as inline SVG for the page, and as PNG."""

import html
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from PIL import Image, ImageDraw, ImageFont

from registry.domain.coverage.geometry.plane import Floats
from registry.domain.coverage.sketch import STATES, CoverState, Sketch
from registry.domain.values import Name

COLOUR: dict[CoverState, str] = {
    "open": "#e8a07a",
    "possible": "#f4e0a5",
    "nominal": "#8fc0dd",
    "certain": "#2f78ac",
}
MEANING: dict[CoverState, tuple[str, str]] = {
    "certain": ("确定覆盖", "covered for certain"),
    "nominal": ("按记录位置覆盖", "covered as recorded"),
    "possible": ("可能的空白（不可知）", "possible gap, not known"),
    "open": ("未覆盖", "not covered"),
}
HATCHED: CoverState = "possible"
HATCH_PX = 7
HATCH_LINES = "#c99a2e"
"""Distance of the lines of a hatching: ground that may be covered or not is never drawn as a plain gap."""
FINER = 3
"""Pixels are drawn this many times finer in the PNG and then averaged."""


def svg(drawing: Sketch) -> str:
    """The map as inline SVG."""
    states = "".join(f'<path d="{_path(drawing.states[state])}" fill="{_fill(state)}"/>' for state in STATES)
    spots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2"/>' for x, y in drawing.spots)
    labels = "".join(_label(x, y, name) for x, y, name in drawing.labels)
    return (
        f'<svg viewBox="0 0 {drawing.width} {drawing.height + 34}" role="img" '
        f'aria-label="map 地图">{_hatching()}<g fill-rule="evenodd">{states}</g>'
        f'<path class="border" d="{_path(drawing.parts)}"/><g class="spots">{spots}</g>'
        f'<g class="labels">{labels}</g>{_scale(drawing)}</svg>'
    )


def _fill(state: CoverState) -> str:
    return "url(#hatched)" if state == HATCHED else COLOUR[state]


def _hatching() -> str:
    return (
        f'<defs><pattern id="hatched" width="{HATCH_PX}" height="{HATCH_PX}" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)">'
        f'<rect width="{HATCH_PX}" height="{HATCH_PX}" fill="{COLOUR[HATCHED]}"/>'
        f'<rect width="1.5" height="{HATCH_PX}" fill="{HATCH_LINES}"/></pattern></defs>'
    )


def _path(shapes: Iterable[Any]) -> str:
    rings = shapely.get_rings(np.array(list(shapes), dtype=object))
    return "".join(_ring(shapely.get_coordinates(ring)) for ring in rings)


def _ring(points: Floats) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points[:-1]) + "Z"


def _label(x: float, y: float, name: Name) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}">{html.escape(str(name))}</text>'


def _scale(drawing: Sketch) -> str:
    length, y = drawing.scale_m / drawing.metres_per_px, drawing.height + 12
    return (
        f'<g class="scale"><path d="M16 {y - 5}v5h{length:.1f}v-5"/>'
        f'<text x="{16 + length / 2:.1f}" y="{y + 15}">'
        f"{drawing.scale_m / 1000:g} km</text>"
        f'<path class="north" d="M{drawing.width - 24} {y + 12}l6 -20l6 20l-6 -4z"/></g>'
    )


def png(drawing: Sketch, path: Path) -> None:
    """Write the map as a picture, with the scale and a legend in English."""
    size = (drawing.width * FINER, (drawing.height + 56) * FINER)
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for state in STATES:
        for polygon in drawing.states[state]:
            _paint(image, polygon, COLOUR[state], hatched=state == HATCHED)
    for ring in shapely.get_rings(drawing.parts):
        draw.line(_finer(ring), fill="#444444", width=FINER)
    for x, y in drawing.spots * FINER:
        draw.ellipse([x - 9, y - 9, x + 9, y + 9], fill="#1b1b1b", outline="white", width=2)
    _caption(draw, drawing)
    image.resize((drawing.width, drawing.height + 56), Image.Resampling.LANCZOS).save(path)


def _paint(image: Image.Image, polygon: Any, colour: str, *, hatched: bool) -> None:
    west, north, east, south = (int(v) for v in np.array(polygon.bounds) * FINER)
    mask = Image.new("1", (east - west + 2, south - north + 2))
    draw = ImageDraw.Draw(mask)
    shift = np.array([west, north])
    for ring, ink in [(polygon.exterior, 1), *((hole, 0) for hole in polygon.interiors)]:
        points = shapely.get_coordinates(ring) * FINER - shift
        draw.polygon([(float(x), float(y)) for x, y in points], fill=ink)
    image.paste(_ink(mask.size, (west, north), colour, hatched), (west, north), mask)


def _ink(size: tuple[int, int], corner: tuple[int, int], colour: str, hatched: bool) -> Image.Image:
    """A sheet of one colour; where it is hatched, the lines of neighbours meet."""
    if not hatched:
        return Image.new("RGB", size, colour)
    sheet, step = Image.new("RGB", size, colour), HATCH_PX * FINER * 2
    draw = ImageDraw.Draw(sheet)
    first = -((corner[0] + corner[1]) % step)
    for start in range(first, size[0] + size[1] + step, step):
        draw.line([(start, 0), (start - size[1], size[1])], fill=HATCH_LINES, width=2 * FINER)
    return sheet


def _finer(ring: Any) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in shapely.get_coordinates(ring) * FINER]


def _caption(draw: ImageDraw.ImageDraw, drawing: Sketch) -> None:
    font = ImageFont.load_default(13 * FINER)
    y, length = (drawing.height + 4) * FINER, drawing.scale_m / drawing.metres_per_px * FINER
    draw.line([(48, y), (48 + length, y)], fill="black", width=2 * FINER)
    draw.text((48 + length + 18, y - 24), f"{drawing.scale_m / 1000:g} km", fill="black", font=font)
    x = 48.0
    for state, (_, english) in MEANING.items():
        draw.rectangle([x, y + 60, x + 42, y + 102], fill=COLOUR[state])
        if state == HATCHED:
            for along in (x + 10, x + 31):
                draw.line([(along + 10, y + 60), (along - 10, y + 102)], fill=HATCH_LINES, width=2 * FINER)
        draw.text((x + 54, y + 58), english, fill="black", font=font)
        x += 54 + draw.textlength(english, font=font) + 48
