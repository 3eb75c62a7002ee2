"""Read zipped Shapefiles."""

import io
import struct
import zipfile
from collections.abc import Sequence
from typing import Any

import shapefile

from registry.domain.intake.files.charset import decode
from registry.domain.intake.files.refusal import RefusedFile
from registry.domain.intake.files.sheet import Workbook
from registry.store.files.envelope import MOST_ROWS, MOST_SHEETS, checked_zip, real_name
from registry.store.files.layer import WGS84, Shape, layer, shape_in

shapefile.VERBOSE = False
CODE_PAGES = {
    0x4D: "gb18030",
    0x4E: "cp949",
    0x4F: "big5hkscs",
    0x13: "cp932",
    0x7A: "gb18030",
    0x78: "big5hkscs",
}
"""Encodings by the language driver of a DBF; 0x57 and 0 say nothing."""


def read_shapefile(content: bytes, encoding: str | None = None) -> Workbook:
    """The shapefiles in an archive, each as a sheet."""
    archive = checked_zip(content)
    parts = {real_name(part): part for part in archive.infolist()}
    stems = [name[:-4] for name in parts if name.lower().endswith(".shp")]
    if len(stems) > MOST_SHEETS:
        raise RefusedFile("too_many_sheets", sheets=len(stems))
    workbook = Workbook(format="shp", sheets=[])
    for stem in stems:
        members = _members(archive, parts, stem)
        if "dbf" not in members:
            raise RefusedFile("damaged")
        _add_shapefile(workbook, stem.rpartition("/")[2], members, encoding)
    return workbook


def _members(archive: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo], stem: str) -> dict[str, bytes]:
    return {
        name[len(stem) + 1 :].lower(): archive.read(part)
        for name, part in parts.items()
        if name.lower().startswith(f"{stem.lower()}.")
    }


def _add_shapefile(workbook: Workbook, name: str, members: dict[str, bytes], encoding: str | None) -> None:
    try:
        features = _features(members)
    except (shapefile.ShapefileException, struct.error, ValueError, IndexError, KeyError, TypeError) as error:
        raise RefusedFile("damaged") from error
    encoding = encoding or _stated_encoding(members)
    texts = [
        [*(key for key in values), *(v for v in values.values() if isinstance(v, str))]
        for values, _ in features
    ]
    lines = "\n".join(",".join(text.replace(",", " ") for text in line) for line in texts)
    decoded = decode(lines.encode("latin-1"), encoding)
    if decoded.encoding is None:
        workbook.previews |= decoded.previews
        return
    workbook.encoding = decoded.encoding
    crs = members["prj"].decode("utf-8", "replace") if "prj" in members else None
    read = decoded.encoding
    records = (
        ({_recoded(key, read): _recoded(value, read) for key, value in values.items()}, shape_in(shape, crs))
        for values, shape in features
    )
    workbook.sheets.append(layer(name, records, None if crs is None else WGS84))


def _features(members: dict[str, bytes]) -> list[tuple[dict[str, Any], Shape]]:
    """The features with their texts as the bytes of latin-1: their encoding is found afterwards."""
    files = {name: io.BytesIO(members[name]) for name in ("shp", "shx", "dbf") if name in members}
    features: list[tuple[dict[str, Any], Shape]] = []
    with shapefile.Reader(**files, encoding="latin-1") as reader:
        if len(reader) > MOST_ROWS:
            raise RefusedFile("too_many_rows", rows=MOST_ROWS)
        for one in reader.iterShapeRecords():
            shape = one.shape.__geo_interface__ if one.shape.shapeType != shapefile.NULL else None
            features.append((one.record.as_dict(), _listed(shape)))
    return features


def _listed(shape: Any) -> Shape:
    """A geometry with lists in place of tuples, and without heights."""
    if shape is None or not shape.get("coordinates"):
        return None
    return {"type": shape["type"], "coordinates": _as_lists(shape["coordinates"])}


def _as_lists(coordinates: Sequence[Any]) -> Any:
    if coordinates and isinstance(coordinates[0], int | float):
        return [float(number) for number in coordinates[:2]]
    return [_as_lists(part) for part in coordinates]


def _stated_encoding(members: dict[str, bytes]) -> str | None:
    stated = members.get("cpg", b"").decode("ascii", "replace").strip().lower()
    if stated in ("gbk", "gb2312", "936", "cp936", "ansi 936", "gb18030"):
        return "gb18030"
    if stated:
        try:
            "".encode(stated)
        except LookupError:
            return None
        return stated
    return CODE_PAGES.get(members["dbf"][29]) if len(members["dbf"]) > 29 else None


def _recoded(value: Any, encoding: str) -> Any:
    """A text of the right encoding in place of the bytes that latin-1 kept; cut characters are dropped."""
    return value.encode("latin-1").decode(encoding, "ignore") if isinstance(value, str) else value
