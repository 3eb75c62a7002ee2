"""The steps of the gate about where a record is: its datum, its point, and the place that it states."""

from collections.abc import Callable
from typing import Any

from msgspec import structs

from registry.domain.datum import wgs84_of
from registry.domain.geojson import Point, Polygon
from registry.domain.intake.finding import Finding, Message, finding
from registry.domain.intake.territory import ASSUMED_BORDER_M, GEOD, KnownPlace, Territory
from registry.domain.records.location import reach_of_doubt_m
from registry.domain.records.resource import FireWatchPoint, Location, Resource

SAME_POINT_M = 1.0
SHIFTED = ("gcj02", "bd09")
NOWHERE = Message("任何已知地方之外", "no known place")
Examined = tuple[Resource, list[Finding]]


def converted(record: Resource) -> Examined:
    """The record with its geometry in WGS 84, where it says that it came in another datum.

    The geometry of a shifted datum without a raw pair came in that datum, and so did the footprint. A
    geometry with a raw pair is what the pair makes of it, or a contradiction.
    """
    location, geometry = record.properties.location, record.geometry
    if geometry is None:
        return record, []
    if location.raw is None or (location.datum in SHIFTED and location.raw == geometry.coordinates):
        if location.datum not in SHIFTED:
            return record, []
        return _shift(record, geometry, location)
    lon, lat = wgs84_of(location.datum, location.raw)
    apart_m = GEOD.inv(lon, lat, *geometry.coordinates)[2]
    if apart_m <= SAME_POINT_M:
        return record, []
    return record, [
        finding(
            "raw_disagrees",
            "/properties/location/raw",
            list(location.raw),
            [round(lon, 7), round(lat, 7)],
            datum=location.datum,
            metres=round(apart_m),
        )
    ]


def _shift(record: Resource, geometry: Point, location: Location) -> Examined:
    came = geometry.coordinates
    lon, lat = (round(value, 7) for value in wgs84_of(location.datum, came))
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        return record, [finding("leaves_earth", "/geometry/coordinates", list(came))]
    properties = structs.replace(record.properties, location=structs.replace(location, raw=came))
    if isinstance(properties, FireWatchPoint) and properties.footprint is not None:
        footprint = _moved(properties.footprint, lambda at: wgs84_of(location.datum, at))
        properties = structs.replace(properties, footprint=footprint)
    moved_m = round(GEOD.inv(*came, lon, lat)[2])
    note = finding(
        "datum_converted",
        "/geometry/coordinates",
        list(came),
        [lon, lat],
        datum=location.datum,
        metres=moved_m,
    )
    return structs.replace(record, geometry=Point((lon, lat)), properties=properties), [note]


def _moved(shape: Polygon, move: Callable[[Any], Any]) -> Polygon:
    rings = [[tuple(round(v, 7) for v in move(at)) for at in ring] for ring in shape.coordinates]
    return Polygon(rings)


def placed(record: Resource, territory: Territory) -> Examined:
    """The record with a place: the stated one, compared with the point, or the one that the point lies in."""
    if record.geometry is None or not territory.has_extents:
        return record, []
    stated = record.properties.place
    if stated is None:
        return _derived(record, record.geometry, territory)
    place = territory.find(stated)
    return record, [] if place is None else _compared(record, record.geometry, place, territory)


def _derived(record: Resource, point: Point, territory: Territory) -> Examined:
    lon, lat = point.coordinates
    held = territory.holding(lon, lat, reach_of_doubt_m(record.properties.location, point))
    if not held:
        return record, [] if territory.holding(lon, lat) else _nowhere(lon, lat, territory)
    place = held[0]
    code = "place_derived" if place.is_surveyed else "place_assumed"
    note = finding(code, "/properties/place", None, place.code, name=place.name)
    properties = structs.replace(record.properties, place=place.code)
    return structs.replace(record, properties=properties), [note]


def _nowhere(lon: float, lat: float, territory: Territory) -> list[Finding]:
    if (swapped := _swapped(lon, lat, territory)) is not None:
        return [swapped]
    nearest, away_m = territory.closest(lon, lat)
    return [
        finding(
            "outside_territory",
            "/geometry/coordinates",
            [lon, lat],
            nearest.code,
            name=nearest.name,
            metres=round(away_m),
        )
    ]


def _swapped(lon: float, lat: float, territory: Territory) -> Finding | None:
    """The finding that the coordinates fit the other way round, and only so."""
    held = territory.holding(lat, lon) if abs(lon) <= 90 else []
    if not held or territory.holding(lon, lat):
        return None
    return finding("axes_swapped", "/geometry/coordinates", [lon, lat], [lat, lon], name=held[0].name)


def _compared(record: Resource, point: Point, place: KnownPlace, territory: Territory) -> list[Finding]:
    lon, lat = point.coordinates
    bound = territory.bound_of(place)
    away_m = None if bound is None else territory.outside_m(bound, lon, lat)
    if bound is None or away_m is None or away_m <= reach_of_doubt_m(record.properties.location, point):
        return []
    if (swapped := _swapped(lon, lat, territory)) is not None:
        return [swapped]
    if not bound.is_surveyed and away_m <= ASSUMED_BORDER_M:
        return [finding("near_place", "/properties/place", place.code, metres=round(away_m), name=place.name)]
    right = next(iter(territory.holding(lon, lat)), None)
    figures = {"name": place.name, "metres": round(away_m), "right": NOWHERE if right is None else right.name}
    return [finding("outside_place", "/properties/place", place.code, right and right.code, **figures)]
