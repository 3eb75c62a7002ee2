"""A collection as KML 2.2 (OGC 12-007r2): text made piece by piece."""

from collections.abc import Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from registry.domain.ogc.catalogue import Collection
from registry.domain.ogc.file_note import FileNote


def head(note: FileNote) -> str:
    """Everything before the first feature."""
    described = note.described
    drill = "" if note.exercise is None else f"【演练 Exercise: {note.exercise}】"
    fields = "".join(
        f'<SimpleField type="{"double" if item.type in ("integer", "number") else "string"}" '
        f"name={quoteattr(_field(item.name))}><displayName>{escape(item.zh)}</displayName></SimpleField>"
        for item in described.properties
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<name>{escape(drill + described.title)}</name>"
        f"<description>{escape(described.about)} {escape(note.text())}</description>"
        f'<Schema name="{described.id}" id="{described.id}">{fields}</Schema>\n'
    )


def _field(name: str) -> str:
    """The name of a field: KML has a `visibility` of its own, which is a number."""
    return "record_visibility" if name == "visibility" else name


def placemarks(described: Collection, rows: Iterable[Mapping[str, Any]]) -> str:
    """The features of these rows, whose geometry is KML already."""
    return "".join(_placemark(described, row) for row in rows)


def _placemark(described: Collection, row: Mapping[str, Any]) -> str:
    data = "".join(
        f"<SimpleData name={quoteattr(_field(item.name))}>{escape(str(row[item.name]))}</SimpleData>"
        for item in described.properties
        if row[item.name] is not None
    )
    name = row["name"] or row["id"]
    return (
        f"<Placemark id={quoteattr('_' + row['id'])}><name>{escape(name)}</name><ExtendedData>"
        f'<SchemaData schemaUrl="#{described.id}">{data}</SchemaData></ExtendedData>'
        f"{row['drawn'] or ''}</Placemark>\n"
    )


TAIL = "</Document></kml>\n"
