"""The flat form of a record: the properties of the catalogue, one value or a list of texts each."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from registry.domain.ogc.catalogue import COLLECTIONS, OF_KIND, Property
from registry.domain.records.location import stated_doubt_m
from registry.domain.records.resource import Resource

Members = Mapping[str, Any]
Json = dict[str, Any]
NO_TELEPHONE = b',"telephone":null}}'
"""The end of every rendered feature; telephones are read when the feature is, and are never stored in it."""
LOCATION = {
    "location_quality": "quality",
    "uncertainty_m": "uncertainty_m",
    "candidate_places": "candidate_places",
    "datum": "datum",
    "location_source": "source",
}
CODED = ("specialties", "hazards", "amenities")
ITEMS = ("vehicles", "equipment")
SECTOR = {"sector_from_deg": "from_deg", "sector_to_deg": "to_deg"}


def _code(value: Members) -> str:
    return f"{value['scheme']}:{value['code']}"


def _named(value: Members) -> str:
    name = value["name"]["zh"] or value["name"]["en"]
    return str(name) if value["count"] is None else f"{name}×{value['count']}"


def _source(value: Members) -> str:
    parts = (value["reference"], value["locator"], value["as_of"], value["confidence"])
    return " ".join(str(part) for part in parts if part is not None)


def _capacity(value: Members) -> str:
    use = (value["space"], None if value["hazard"] is None else _code(value["hazard"]))
    return f"{'/'.join(part for part in use if part)}={value['persons']}"


def _codes(name: str) -> Callable[[Members], Any]:
    return lambda properties: [_code(value) for value in properties[name]]


def _items(name: str) -> Callable[[Members], Any]:
    return lambda properties: [_named(value) for value in properties[name]]


def _doubt_m(location: Members, geometry: Members | None) -> float | None:
    """The radius of the disc of possible positions around the geometry."""
    return (
        None
        if geometry is None
        else stated_doubt_m(location["uncertainty_m"], location["datum"], geometry["coordinates"])
    )


def _inside(head: str, name: str) -> Callable[[Members], Any]:
    return lambda properties: None if properties[head] is None else properties[head][name]


READ: dict[str, Callable[[Members], Any]] = {
    "name": lambda properties: properties["name"]["zh"] or properties["name"]["en"],
    "name_zh": _inside("name", "zh"),
    "name_en": _inside("name", "en"),
    **{flat: _inside("location", name) for flat, name in LOCATION.items()},
    **{flat: _inside("sector", name) for flat, name in SECTOR.items()},
    **{name: _codes(name) for name in CODED},
    **{name: _items(name) for name in ITEMS},
    "sources": lambda properties: [_source(value) for value in properties["sources"]],
    "external_ids": lambda properties: [f"{one['system']}:{one['id']}" for one in properties["external_ids"]],
    "capacities": lambda properties: [_capacity(value) for value in properties.get("capacities", ())],
    "last_seen_at": _inside("last_seen", "at"),
    "last_seen_accuracy_m": _inside("last_seen", "accuracy_m"),
    "stock_items": lambda properties: list(
        dict.fromkeys(f"{line['scheme']}:{line['item_code']}" for line in properties["stock"])
    ),
    "telephone": lambda properties: None,
}
"""How a property of the catalogue is read from the members; the others have the name of their member."""


def flattened(feature: Members) -> Json:
    """The flat feature of a nested one, both as JSON values.

    Its geometry is the last reported position of what moves, as windows and tiles have it; its uncertainty
    is that of this geometry. One without a geometry lives among those of all kinds, and has their properties.
    """
    properties = feature["properties"]
    seen = properties.get("last_seen")
    point = None if seen is None else {"type": "Point", "coordinates": seen["coordinates"]}
    doubt_m = _doubt_m(properties["location"], feature["geometry"]) if seen is None else seen["accuracy_m"]
    own = OF_KIND[properties["kind"]].by_name
    values = {name: _value(item, properties) for name, item in own.items()}
    values["uncertainty_m"] = doubt_m or None
    geometry = point or feature["geometry"]
    names = own if geometry is not None else COLLECTIONS["unlocated-resources"].by_name
    flat = {name: values.get(name) for name in names}
    return {"type": "Feature", "id": feature["id"], "geometry": geometry, "properties": flat}


def _value(item: Property, properties: Members) -> Any:
    """One property. A count has a point: QGIS 3.22 reads an unknown whole number as 0 the second time."""
    value = READ[item.name](properties) if item.name in READ else properties[item.name]
    return float(value) if item.type == "integer" and value is not None and not item.read_only else value


def flat_text(text: bytes | str) -> bytes:
    """The flat feature of a nested text."""
    return msgspec.json.encode(flattened(msgspec.json.decode(text)))


def render(record: Resource) -> str:
    """The flat feature of a record as JSON text."""
    return msgspec.json.encode(flattened(msgspec.to_builtins(record))).decode()


def with_telephone(text: bytes, telephone: str) -> bytes:
    """The rendered feature with the telephones that its reader may see."""
    return b'%b,"telephone":%b}}' % (text[: -len(NO_TELEPHONE)], msgspec.json.encode(telephone))
