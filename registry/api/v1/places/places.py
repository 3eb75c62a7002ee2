"""Places over HTTP: list, read, and the chain that holds a point."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from litestar import Router, get
from litestar.params import FromPath, QueryParameter

from registry.api.http import params
from registry.api.http.dependencies import ReaderDep
from registry.api.http.links import GEOJSON, next_link, self_link
from registry.api.http.request import HttpRequest
from registry.domain.errors import NotFound
from registry.domain.geojson import FeatureCollection
from registry.domain.search import decode_code, encode_code
from registry.store.places import places

Level = Annotated[str | None, QueryParameter(max_length=40, description="Level, such as district or town.")]
Parent = Annotated[str | None, QueryParameter(max_length=64, description="Directly under this place.")]
Under = Annotated[
    str | None, QueryParameter(max_length=64, description="Anywhere under this place or management area.")
]
Extents = Annotated[
    bool, QueryParameter(description="Draw each place by its extent, to a metre, not its point.")
]
PLAIN = (
    "level",
    "parent",
    "list_version",
    "extent_basis",
    "extent_radius_m",
    "extent_from",
    "point_uncertainty_m",
    "partner",
    "flags",
    "valid_from",
    "valid_to",
    "source",
)


class PlaceFeature(msgspec.Struct, kw_only=True, tag_field="type", tag="Feature"):
    """A place as a GeoJSON Feature; `assumed_extent` says that its polygon is no surveyed border."""

    id: str
    geometry: msgspec.Raw | None
    properties: dict[str, Any]


def describe(row: Mapping[str, Any], geometry: str | None, members: list[str] | None = None) -> PlaceFeature:
    """A place's row as its Feature."""
    properties: dict[str, Any] = {"code": row["code"], "name": {"zh": row["name_zh"], "en": row["name_en"]}}
    properties |= {name: row[name] for name in PLAIN}
    properties["point"] = _raw(row["point"])
    properties["assumed_extent"] = row["extent_basis"] not in ("boundary",)
    if members:
        properties["members"] = members
    return PlaceFeature(id=row["code"], geometry=_raw(geometry), properties=properties)


def _raw(text: str | None) -> msgspec.Raw | None:
    return None if text is None else msgspec.Raw(text.encode())


@get("/", media_type=GEOJSON)
async def list_places(
    request: HttpRequest,
    reader: ReaderDep,
    level: Level = None,
    parent: Parent = None,
    under: Under = None,
    q: params.Q = None,
    cursor: params.Cursor = None,
    limit: params.Limit = 1000,
    extents: Extents = False,
) -> FeatureCollection:
    """Places and management areas by code, each with its representative point or its extent."""
    wanted = {"level": level, "parent": parent, "under": under, "after": decode_code(cursor)}
    found = await places.find(reader, wanted | {"q": q and f"%{q}%"}, limit + 1, extents=extents)
    links = [self_link(request)]
    if len(found) > limit:
        links.append(next_link(request, encode_code(found[limit - 1]["code"])))
    drawn = "extent" if extents else "point"
    return FeatureCollection([describe(row, row[drawn]) for row in found[:limit]], links)


@get("/containing", media_type=GEOJSON)
async def find_containing(
    request: HttpRequest, reader: ReaderDep, lon: params.Lon, lat: params.Lat
) -> FeatureCollection:
    """The chain of places whose extent holds the point, smallest first."""
    found = await places.containing(reader, lon, lat)
    return FeatureCollection([describe(row, row["point"]) for row in found], [self_link(request)])


@get("/{code:str}", media_type=GEOJSON)
async def read_place(reader: ReaderDep, code: FromPath[str]) -> PlaceFeature:
    """One place with its extent, and its members when it is a management area."""
    row = await places.get(reader, code)
    if row is None:
        raise NotFound("place", code)
    return describe(row, row["extent"], await places.members(reader, code))


router = Router("/v1/places", route_handlers=[list_places, find_containing, read_place], tags=["places"])
