"""Read KML and KMZ."""

from typing import Any

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from registry.domain.intake.files.refusal import RefusedFile
from registry.domain.intake.files.sheet import Workbook
from registry.store.files.envelope import checked_zip, refuse_entities
from registry.store.files.layer import WGS84, Shape, layer


def read_kmz(content: bytes) -> Workbook:
    """The first document of an archive."""
    archive = checked_zip(content)
    names = sorted(part for part in archive.namelist() if part.lower().endswith(".kml"))
    first = next((name for name in names if name.lower() == "doc.kml"), names[0])
    return read_kml(archive.read(first), "kmz")


def read_kml(content: bytes, file_format: str = "kml") -> Workbook:
    """The placemarks of a document as one sheet."""
    refuse_entities(content)
    try:
        root = defusedxml.ElementTree.fromstring(content, forbid_dtd=True)
    except (
        defusedxml.ElementTree.ParseError,
        DefusedXmlException,
        ValueError,
        LookupError,
        RecursionError,
    ) as error:
        raise RefusedFile("damaged") from error
    records = ((_fields(mark), _placed(mark)) for mark in root.iter() if _tag(mark) == "Placemark")
    return Workbook(format=file_format, sheets=[layer("kml", records, WGS84)])


def _tag(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _fields(mark: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for child in mark.iter():
        tag, text = _tag(child), (child.text or "").strip()
        if tag in ("name", "description", "address", "phoneNumber") and text:
            values.setdefault(tag, text)
        elif tag == "SimpleData" and text:
            values[str(child.get("name"))] = text
        elif tag == "Data":
            value = next((one.text for one in child if _tag(one) == "value"), None)
            values[str(child.get("name"))] = (value or "").strip()
    return values


def _placed(mark: Any) -> Shape:
    for element in mark.iter():
        tag = _tag(element)
        if tag == "Point":
            spots = _spots(element)
            return {"type": "Point", "coordinates": spots[0]} if spots else None
        if tag in ("LineString", "Polygon"):
            rings = [_spots(one) for one in element.iter() if _tag(one) in ("LinearRing", "LineString")]
            rings = [ring for ring in rings if ring]
            if not rings:
                return None
            return {"type": tag, "coordinates": rings if tag == "Polygon" else rings[0]}
    return None


def _spots(element: Any) -> list[list[float]]:
    text = next((one.text for one in element.iter() if _tag(one) == "coordinates"), "") or ""
    try:
        return [[float(part) for part in spot.split(",")[:2]] for spot in text.split() if "," in spot]
    except ValueError:
        return []
