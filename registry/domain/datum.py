"""GCJ-02 and BD-09, the shifted datums of Chinese map services, and the way back to WGS 84.

Neither has an EPSG code or an exact published definition; these are the public approximations of both, which
shift a position by 460–508 m (GCJ-02) or 1045–1106 m (BD-09) in Chongqing. Outside China, in Japan for
example, a position is what it says. Positions are lon, lat in degrees.
"""

import math
from collections.abc import Callable, Iterable

from registry.domain.records.resource import Datum

LonLat = tuple[float, float]
Box = tuple[float, float, float, float]

KRASOVSKY_1940_M = 6_378_245.0
KRASOVSKY_1940_E2 = 0.006_693_421_622_965_943
BD09_PERIOD = math.pi * 3000 / 180
CLOSE_ENOUGH_DEG = 1e-11
MOST_STEPS = 30


CHINA = (
    (79.4462, 42.8899, 96.33, 49.2204),
    (109.6872, 39.3742, 135.0002, 54.1415),
    (73.1246, 29.5297, 124.143255, 42.8899),
    (82.9684, 26.7186, 97.0352, 29.5297),
    (97.0253, 20.414096, 124.367395, 29.5297),
    (107.975793, 3.5, 118.0, 20.414096),
)
"""Boxes (west, south, east, north) that together hold all of China, and little of its neighbours."""
NEIGHBOURS = ((122.6, 23.9, 124.5, 25.0),)
"""Boxes within those that belong to a neighbour: the Yaeyama Islands of Japan."""


def may_be_in_china(position: LonLat) -> bool:
    """Whether a position may lie where lists are written in GCJ-02; true near the border on both sides."""
    return _in_any(CHINA, position) and not _in_any(NEIGHBOURS, position)


def _in_any(boxes: Iterable[Box], position: LonLat) -> bool:
    lon, lat = position
    return any(west <= lon <= east and south <= lat <= north for west, south, east, north in boxes)


def gcj02_of(position: LonLat) -> LonLat:
    """The GCJ-02 coordinates of a WGS 84 position."""
    return _gcj02_shift(position) if may_be_in_china(position) else position


def bd09_of(position: LonLat) -> LonLat:
    """The BD-09 coordinates of a WGS 84 position."""
    return _bd09_shift(_gcj02_shift(position)) if may_be_in_china(position) else position


def wgs84_of(datum: Datum, position: LonLat) -> LonLat:
    """The WGS 84 position that has these coordinates in `datum`; exact to well below a millimetre.

    CGCS2000 is taken as WGS 84 (they differ by centimetres); an unknown datum is left as it came.
    """
    if datum not in ("gcj02", "bd09") or not may_be_in_china(position):
        return position
    if datum == "bd09":
        position = _undo(_bd09_shift, position)
    return _undo(_gcj02_shift, position)


def _undo(shift: Callable[[LonLat], LonLat], wanted: LonLat) -> LonLat:
    """The position that `shift` moves to `wanted`, by fixed-point iteration: the shift changes slowly."""
    lon, lat = wanted
    for _ in range(MOST_STEPS):
        reached = shift((lon, lat))
        off_lon, off_lat = wanted[0] - reached[0], wanted[1] - reached[1]
        lon, lat = lon + off_lon, lat + off_lat
        if max(abs(off_lon), abs(off_lat)) < CLOSE_ENOUGH_DEG:
            break
    return lon, lat


def _gcj02_shift(position: LonLat) -> LonLat:
    """The published polynomial and sines in metres, laid on the Krasovsky ellipsoid as degrees."""
    lon, lat = position
    x, y = lon - 105.0, lat - 35.0
    root = math.sqrt(abs(x))
    fine = (20 * math.sin(6 * math.pi * x) + 20 * math.sin(2 * math.pi * x)) * 2 / 3
    east_m = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + fine
    east_m += _waves(x, (20, 1), (40, 1 / 3), (150, 1 / 12), (300, 1 / 30))
    north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + fine
    north_m += _waves(y, (20, 1), (40, 1 / 3), (160, 1 / 12), (320, 1 / 30))
    phi = math.radians(lat)
    w2 = 1 - KRASOVSKY_1940_E2 * math.sin(phi) ** 2
    meridian_m = KRASOVSKY_1940_M * (1 - KRASOVSKY_1940_E2) / (w2 * math.sqrt(w2))
    parallel_m = KRASOVSKY_1940_M / math.sqrt(w2) * math.cos(phi)
    return lon + math.degrees(east_m / parallel_m), lat + math.degrees(north_m / meridian_m)


def _waves(value: float, *terms: tuple[float, float]) -> float:
    return sum(metres * math.sin(value * rate * math.pi) for metres, rate in terms) * 2 / 3


def _bd09_shift(position: LonLat) -> LonLat:
    """GCJ-02 turned and moved a second time, in the plane of degrees."""
    x, y = position
    radius = math.hypot(x, y) + 0.000_02 * math.sin(y * BD09_PERIOD)
    angle = math.atan2(y, x) + 0.000_003 * math.cos(x * BD09_PERIOD)
    return radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.006
