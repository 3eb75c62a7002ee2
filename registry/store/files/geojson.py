"""Read GeoJSON."""

from typing import Any

import msgspec

from registry.domain.intake.files.refusal import RefusedFile
from registry.domain.intake.files.sheet import Workbook
from registry.store.files.layer import WGS84, layer, shape_in


class FileFeature(msgspec.Struct, tag_field="type", tag="Feature"):
    """A feature as any program writes it."""

    geometry: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    id: str | int | None = None


class FeatureCollectionFile(msgspec.Struct, tag_field="type", tag="FeatureCollection"):
    """A collection of features, with the member by which old files name their system."""

    features: list[FileFeature]
    name: str | None = None
    crs: dict[str, Any] | None = None


def read_geojson(content: bytes) -> Workbook:
    """The features of a collection as one sheet."""
    try:
        collection = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"), type=FeatureCollectionFile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedFile("damaged") from error
    crs = _named_system(collection.crs)
    records = (
        (
            {**({"id": one.id} if one.id is not None else {}), **(one.properties or {})},
            shape_in(one.geometry, crs),
        )
        for one in collection.features
    )
    return Workbook(format="geojson", sheets=[layer(collection.name or "geojson", records, WGS84)])


def _named_system(crs: dict[str, Any] | None) -> str:
    name = str((crs or {}).get("properties", {}).get("name", "")) if isinstance(crs, dict) else ""
    code = name.rpartition(":")[2]
    return f"EPSG:{code}" if "EPSG" in name and code.isdigit() else WGS84
