"""GeoJSON (RFC 7946) as bounded structs: WGS 84, lon lat, two dimensions.

Client geometry is decoded into these before any geometry library sees it; nested collections cannot be said.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from registry.domain.values import Latitude, Located, Longitude

Position = tuple[Longitude, Latitude]
SpotPosition = Annotated[Position, Located()]
"""Where one thing is."""
Line = Annotated[list[Position], Meta(min_length=2, max_length=10_000)]
Ring = Annotated[list[Position], Meta(min_length=4, max_length=10_000)]
Rings = Annotated[list[Ring], Meta(min_length=1, max_length=100)]


class Point(Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """One position."""

    coordinates: SpotPosition


class LineString(Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """A line of at least two positions."""

    coordinates: Line


class MultiLineString(Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """Several lines."""

    coordinates: Annotated[list[Line], Meta(min_length=1, max_length=200)]


class Polygon(Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """An outer ring and its holes."""

    coordinates: Rings


class MultiPolygon(Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """Several polygons."""

    coordinates: Annotated[list[Rings], Meta(min_length=1, max_length=200)]


BorderRing = Annotated[list[Position], Meta(min_length=4, max_length=500_000)]
BorderRings = Annotated[list[BorderRing], Meta(min_length=1, max_length=10_000)]


class BorderPolygon(Polygon, frozen=True, tag="Polygon"):
    """The border of a place: as many vertices and holes as survey offices publish."""

    coordinates: BorderRings


class BorderMultiPolygon(MultiPolygon, frozen=True, tag="MultiPolygon"):
    """The border of a place in parts: a city by the sea has thousands of islands."""

    coordinates: Annotated[list[BorderRings], Meta(min_length=1, max_length=50_000)]


Border = BorderPolygon | BorderMultiPolygon
Area = Polygon | MultiPolygon
Geometry = Point | LineString | MultiLineString | Polygon | MultiPolygon


class FeatureCollection(Struct, frozen=True, tag_field="type"):
    """Features already rendered, with the links and figures that belong to the answer."""

    features: list[Any]
    links: list[dict[str, str]] = field(default_factory=list)
