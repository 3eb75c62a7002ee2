"""Files of a whole collection: what is streamed, under which name, and how many at once."""

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from litestar.response import Stream

from registry.api.http.request import HttpRequest
from registry.api.ogc.query_params import Asked, stamp
from registry.api.ogc.response import VARY
from registry.domain.access.sight import Sight
from registry.domain.crs import CRS84, DEFAULT
from registry.domain.errors import InvalidQuery, Unavailable
from registry.domain.ogc import flatgeobuf, hxl, kml
from registry.domain.ogc.catalogue import Collection
from registry.store.database.pool import Reader
from registry.store.database.streams import begun
from registry.store.ogc import exports, geopackage

EXPORTS = {
    "geojsonseq": "application/geo+json-seq",
    "csv": "text/csv; header=present",
    "fgb": "application/flatgeobuf",
    "gpkg": "application/geopackage+sqlite3",
    "kml": "application/vnd.google-earth.kml+xml",
}
WHOLE = ("limit", "cursor", "sortby", "properties", "resultType")
"""Parameters that have no meaning for a file: it holds every feature and property that match."""
AT_ONCE = 4
"""Exports that one worker streams at the same time; each holds a connection."""
PIECE = 262_144
Bytes = AsyncGenerator[bytes, None]
_running: set[object] = set()


async def exported(
    request: HttpRequest,
    reader: Reader,
    sight: Sight,
    described: Collection,
    asked: Asked,
    form: str,
) -> Stream:
    """The collection's features that meet the conditions, all of them, as a file."""
    for name in WHOLE:
        if name in request.query_params:
            raise InvalidQuery(
                f"a file holds every feature and property that match: {name} has no meaning", field=name
            )
    if asked.crs is not DEFAULT:
        raise InvalidQuery("files are in CRS84", field="crs")
    if len(_running) >= AT_ONCE:
        raise Unavailable("as many exports as this server makes at once are running", retry_after_s=10)
    made = {"geojsonseq": _lines, "csv": _csv, "fgb": _flatgeobuf, "gpkg": _geopackage, "kml": _kml}[form]
    stream = await begun(_counted(made(request, reader, sight, described, asked)))
    file = f"{described.id}.{form}"
    label = quote(f"{described.zh}-{file}")
    headers = {
        "Content-Disposition": f"attachment; filename=\"{file}\"; filename*=UTF-8''{label}",
        "Content-Crs": f"<{CRS84}>",
        "Vary": VARY,
        "Cache-Control": "no-cache",
    }
    return Stream(stream, media_type=EXPORTS[form], headers=headers)


async def _counted(stream: Bytes) -> Bytes:
    ticket = object()
    _running.add(ticket)
    try:
        async with aclosing(stream):
            async for chunk in stream:
                yield chunk
    finally:
        _running.discard(ticket)


def _lines(_: Any, reader: Reader, sight: Sight, described: Collection, asked: Asked) -> Bytes:
    return exports.lines(reader, sight, described.id, asked.question.where)


async def _flatgeobuf(_: Any, reader: Reader, sight: Sight, described: Collection, asked: Asked) -> Bytes:
    rows = exports.shapes(reader, sight, described.id, asked.question.where, "wkb")
    async with aclosing(rows):
        counted = await anext(rows)
        yield flatgeobuf.header(described, counted[0]["n"])
        async for batch in rows:
            yield flatgeobuf.features(described, [tuple(row.values()) for row in batch])


async def _csv(
    request: HttpRequest, reader: Reader, sight: Sight, described: Collection, asked: Asked
) -> Bytes:
    names = exports.table_header(described.id)
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(names)
    if request.query_params.get("hxl") == "true":
        rows.writerow(hxl.tags(names))
    yield (b"\xef\xbb\xbf" if request.query_params.get("bom") == "true" else b"") + text.getvalue().encode()
    async with aclosing(exports.table(reader, sight, described.id, asked.question.where)) as lines:
        async for chunk in lines:
            yield chunk


async def _kml(_: Any, reader: Reader, sight: Sight, described: Collection, asked: Asked) -> Bytes:
    yield kml.head(described).encode()
    rows = exports.shapes(reader, sight, described.id, asked.question.where, "kml")
    async with aclosing(rows):
        await anext(rows)
        async for batch in rows:
            yield kml.placemarks(described, batch).encode()
    yield kml.TAIL.encode()


async def _geopackage(_: Any, reader: Reader, sight: Sight, described: Collection, asked: Asked) -> Bytes:
    with tempfile.TemporaryDirectory(prefix="registry-gpkg-") as folder:
        path = Path(folder) / "export.gpkg"
        package = geopackage.Package(path, described, stamp(datetime.now(UTC)))
        rows = exports.shapes(reader, sight, described.id, asked.question.where, "wkb")
        async with aclosing(rows):
            await anext(rows)
            async for batch in rows:
                await asyncio.to_thread(package.write, [tuple(row.values()) for row in batch])
        await asyncio.to_thread(package.close)
        with path.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, PIECE):
                yield piece
