"""The coordinate reference systems that map clients may ask for, with their axis order."""

import math
from functools import cache
from typing import Any

import pyproj
from msgspec import Struct

from registry.domain.errors import Invalid, InvalidQuery

Box = tuple[float, float, float, float]
NOWHERE: Box = (0.0, 90.0, 0.0, 90.0)
"""The box that stands for one that lies outside a system's range: a point where nothing is."""

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


class Crs(Struct, frozen=True):
    """One system: its URI, its EPSG number, whether the authority puts north first, digits worth giving.

    `earthly` systems have degrees whose range can be checked.
    """

    uri: str
    srid: int
    north_first: bool = False
    digits: int = 3
    earthly: bool = False

    @property
    def is_projected(self) -> bool:
        """Whether its axes are metres; the others are degrees, of which more are worth giving."""
        return self.digits < 7


# No GCJ-02 or BD-09: they have no authority code, and their shift is as large as a shelter's radius.
SYSTEMS: dict[str, Crs] = {
    item.uri: item
    for item in (
        Crs(CRS84, 4326, digits=7, earthly=True),
        Crs(_EPSG + "4326", 4326, True, 7, earthly=True),
        Crs(_EPSG + "3857", 3857),
        Crs(_EPSG + "4490", 4490, True, 7),
        Crs(_EPSG + "4544", 4544, True),
        Crs(_EPSG + "4545", 4545, True),
        Crs(_EPSG + "32648", 32648),
    )
}
DEFAULT = SYSTEMS[CRS84]


def system(uri: str | None, field: str = "crs") -> Crs:
    """The system of this URI, with or without angle brackets; CRS84 when none is named."""
    if uri is None:
        return DEFAULT
    found = SYSTEMS.get(uri.strip().removeprefix("<").removesuffix(">"))
    if found is None:
        raise InvalidQuery(
            f"{field} is not one of the systems offered here: {', '.join(SYSTEMS)}", field=field
        )
    return found


def box_in_degrees(box: Box, crs: Crs) -> Box:
    """A box given in a system's own axis order, as west, south, east, north in WGS 84 degrees.

    Where latitudes can be checked they are; a box outside a projected system's range meets nothing.
    """
    west, south, east, north = (box[1], box[0], box[3], box[2]) if crs.north_first else box
    if not crs.is_projected:
        if not -90 <= south <= north <= 90:
            first = "latitude" if crs.north_first else "longitude"
            raise InvalidQuery(
                f"bbox has latitudes in ±90, south first; {crs.uri} has {first} first",
                field="bbox",
                zh=f"bbox 的纬度应在 ±90 之内且先南后北；该坐标系先写{'纬度' if crs.north_first else '经度'}",
            )
        if crs.earthly:
            return _kept(west), south, _kept(east), north
    if west > east or south > north:
        return NOWHERE
    found = _to_degrees(crs.srid).transform_bounds(west, south, east, north)
    return found if all(math.isfinite(side) for side in found) else NOWHERE


def point_in_degrees(geometry: dict[str, Any], crs: Crs) -> dict[str, Any]:
    """A point given in a system's own axis order as one in WGS 84 lon/lat; Invalid when it is none."""
    spot = geometry.get("coordinates")
    if crs is DEFAULT:
        return geometry
    if not (
        isinstance(spot, list) and len(spot) == 2 and all(isinstance(axis, int | float) for axis in spot)
    ):
        raise Invalid("a geometry in that system is a point with two coordinates", field="geometry")
    x, y = (spot[1], spot[0]) if crs.north_first else (spot[0], spot[1])
    lon, lat = _to_degrees(crs.srid).transform(x, y)
    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise Invalid("the point lies outside the system's range", field="geometry")
    return {"type": geometry.get("type"), "coordinates": [round(lon, 7), round(lat, 7)]}


def _kept(lon: float) -> float:
    return max(-180.0, min(180.0, lon))


@cache
def _to_degrees(srid: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(f"EPSG:{srid}", "OGC:CRS84", always_xy=True)
