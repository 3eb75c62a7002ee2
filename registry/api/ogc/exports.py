"""Exports: a whole collection as a streamed file."""

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

from registry.api.http.access.admission import stream_slot
from registry.api.http.access.authentication import credential_in
from registry.api.http.request import HttpRequest
from registry.api.ogc.query_params import ItemsParams, stamp
from registry.api.ogc.response import VARY
from registry.domain.access.sight import Sight
from registry.domain.crs import CRS84, DEFAULT
from registry.domain.errors import InvalidQuery
from registry.domain.intake.files.drill import file_name
from registry.domain.ogc import flatgeobuf, hxl, kml
from registry.domain.ogc.catalogue import Collection
from registry.store.database.pool import Reader
from registry.store.database.streams import begun, spooled
from registry.store.ogc import exports, geopackage

EXPORTS = {
    "geojsonseq": "application/geo+json-seq",
    "csv": "text/csv; header=present",
    "fgb": "application/flatgeobuf",
    "gpkg": "application/geopackage+sqlite3",
    "kml": "application/vnd.google-earth.kml+xml",
}
WHOLE = ("limit", "cursor", "sortby", "properties", "resultType")
"""Parameters that a file refuses: it holds every matching feature with all properties."""
PIECE = 262_144
Bytes = AsyncGenerator[bytes, None]


async def exported(
    request: HttpRequest,
    reader: Reader,
    sight: Sight,
    described: Collection,
    params: ItemsParams,
    form: str,
) -> Stream:
    """All features of the collection that meet the conditions, as a file."""
    for name in WHOLE:
        if name in request.query_params:
            raise InvalidQuery(
                f"a file holds every feature and property that match: {name} has no meaning", field=name
            )
    if params.query.nested and form != "geojsonseq":
        raise InvalidQuery("this file cannot nest members; geojsonseq can", field="profile")
    if params.crs is not DEFAULT:
        raise InvalidQuery("files are in CRS84", field="crs")
    writer = {"geojsonseq": _lines, "csv": _csv, "fgb": _flatgeobuf, "gpkg": _geopackage, "kml": _kml}[form]
    source = writer(request, reader, sight, described, params)
    stream = await begun(spooled(source, stream_slot(request), credential_in(request.scope).look))
    drill = "" if sight.exercise is None else f"exercise-{sight.exercise}-"
    file = f"{drill}{described.id}.{form}"
    label = quote(file_name(f"{described.zh}-{described.id}.{form}", sight.exercise))
    headers = {
        "Content-Disposition": f"attachment; filename=\"{file}\"; filename*=UTF-8''{label}",
        "Content-Crs": f"<{CRS84}>",
        "Vary": VARY,
        "Cache-Control": "no-cache",
    }
    return Stream(stream, media_type=EXPORTS[form], headers=headers)


def _lines(_: Any, reader: Reader, sight: Sight, described: Collection, params: ItemsParams) -> Bytes:
    query = params.query
    return exports.lines(reader, sight, described.id, query.filter, nested=query.nested)


async def _flatgeobuf(
    _: Any, reader: Reader, sight: Sight, described: Collection, params: ItemsParams
) -> Bytes:
    rows = exports.shapes(reader, sight, described.id, params.query.filter, "wkb")
    async with aclosing(rows):
        counted = await anext(rows)
        yield flatgeobuf.header(described, counted[0]["n"])
        async for batch in rows:
            yield flatgeobuf.features(described, [tuple(row.values()) for row in batch])


async def _csv(
    request: HttpRequest, reader: Reader, sight: Sight, described: Collection, params: ItemsParams
) -> Bytes:
    names = exports.table_header(described.id)
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(names)
    if request.query_params.get("hxl") == "true":
        rows.writerow(hxl.tags(names))
    yield (b"\xef\xbb\xbf" if request.query_params.get("bom") == "true" else b"") + text.getvalue().encode()
    async with aclosing(exports.table(reader, sight, described.id, params.query.filter)) as lines:
        async for chunk in lines:
            yield chunk


async def _kml(_: Any, reader: Reader, sight: Sight, described: Collection, params: ItemsParams) -> Bytes:
    yield kml.head(described).encode()
    rows = exports.shapes(reader, sight, described.id, params.query.filter, "kml")
    async with aclosing(rows):
        await anext(rows)
        async for batch in rows:
            yield kml.placemarks(described, batch).encode()
    yield kml.TAIL.encode()


async def _geopackage(
    _: Any, reader: Reader, sight: Sight, described: Collection, params: ItemsParams
) -> Bytes:
    with tempfile.TemporaryDirectory(prefix="registry-gpkg-") as folder:
        path = Path(folder) / "export.gpkg"
        package = geopackage.Package(path, described, stamp(datetime.now(UTC)))
        rows = exports.shapes(reader, sight, described.id, params.query.filter, "wkb")
        async with aclosing(rows):
            await anext(rows)
            async for batch in rows:
                await asyncio.to_thread(package.write, [tuple(row.values()) for row in batch])
        await asyncio.to_thread(package.close)
        with path.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, PIECE):
                yield piece
