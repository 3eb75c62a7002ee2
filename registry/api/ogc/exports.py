"""Exports: a whole collection as a streamed file."""

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

from litestar.response import Stream

from registry.api.http.access.admission import stream_slot
from registry.api.http.access.authentication import credential_in
from registry.api.http.request import HttpRequest
from registry.api.ogc.collection_set import said_of_set
from registry.api.ogc.query_params import ItemsParams, stamp
from registry.api.ogc.response import VARY
from registry.domain.access.sight import Sight
from registry.domain.crs import CRS84, DEFAULT
from registry.domain.errors import InvalidQuery
from registry.domain.intake.files.drill import file_name
from registry.domain.ogc import flatgeobuf, hxl, kml
from registry.domain.ogc.catalogue import Collection
from registry.domain.ogc.file_note import FileNote
from registry.store.database.pool import Reader, Row
from registry.store.database.streams import begun, spooled
from registry.store.ogc import exports, geopackage, workbook
from registry.store.places import jurisdictions

EXPORTS = {
    "geojsonseq": "application/geo+json-seq",
    "csv": "text/csv; header=present",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "fgb": "application/flatgeobuf",
    "gpkg": "application/geopackage+sqlite3",
    "kml": "application/vnd.google-earth.kml+xml",
}
WHOLE = ("limit", "cursor", "sortby", "properties", "resultType")
"""Parameters that a file refuses: it holds every matching feature with all properties."""
PIECE = 262_144
FORM = frozenset({"f", "bom", "hxl", "profile", "exercise", "as_of"})
"""Parameters that are no conditions."""
Bytes = AsyncGenerator[bytes, None]
Rows = AsyncGenerator[list[Row], None]


class FileJob(NamedTuple):
    """A file to be made: for whom, of what, and what it says of itself."""

    request: HttpRequest
    reader: Reader
    sight: Sight
    params: ItemsParams
    note: FileNote

    @property
    def described(self) -> Collection:
        """The collection."""
        return self.note.described

    def shapes(self, how: str) -> Rows:
        """The number of rows, then the rows in batches, their geometry in that form."""
        return exports.shapes(self.reader, self.sight, self.described.id, self.params.query.filter, how)


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
    job = FileJob(request, reader, sight, params, await _note(request, reader, sight, described))
    source = WRITERS[form](job)
    stream = await begun(spooled(source, stream_slot(request), credential_in(request.scope).look))
    drill = "" if sight.exercise is None else f"exercise-{sight.exercise}-"
    file = f"{drill}{job.note.stem}.{form}"
    label = quote(file_name(f"{described.zh}-{job.note.stem}.{form}", sight.exercise))
    headers = {
        "Content-Disposition": f"attachment; filename=\"{file}\"; filename*=UTF-8''{label}",
        "Content-Crs": f"<{CRS84}>",
        "Vary": VARY,
        "Cache-Control": "no-cache",
    }
    return Stream(stream, media_type=EXPORTS[form], headers=headers)


async def _note(request: HttpRequest, reader: Reader, sight: Sight, described: Collection) -> FileNote:
    """What the file says of itself."""
    conditions = [(name, value) for name, value in request.query_params.items() if name not in FORM]
    said = await said_of_set(reader, sight, described, request)
    return FileNote(
        described=described,
        exercise=sight.exercise,
        as_of=sight.as_of,
        conditions=tuple(conditions),
        made_at=datetime.now(UTC),
        completeness=said.get("completeness"),
    )


def _lines(job: FileJob) -> Bytes:
    where = job.params.query
    return exports.lines(job.reader, job.sight, job.described.id, where.filter, nested=where.nested)


async def _flatgeobuf(job: FileJob) -> Bytes:
    async with aclosing(job.shapes("wkb")) as rows:
        counted = await anext(rows)
        yield flatgeobuf.header(job.note, counted[0]["n"])
        async for batch in rows:
            yield flatgeobuf.features(job.described, [tuple(row.values()) for row in batch])


async def _csv(job: FileJob) -> Bytes:
    names = exports.table_header(job.described.id)
    asked = job.request.query_params
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(names)
    if asked.get("hxl") == "true":
        rows.writerow(hxl.tags(names))
    yield (b"\xef\xbb\xbf" if asked.get("bom") == "true" else b"") + text.getvalue().encode()
    where = job.params.query.filter
    async with aclosing(exports.table(job.reader, job.sight, job.described.id, where)) as lines:
        async for chunk in lines:
            yield chunk


async def _kml(job: FileJob) -> Bytes:
    yield kml.head(job.note).encode()
    async with aclosing(job.shapes("kml")) as rows:
        await anext(rows)
        async for batch in rows:
            yield kml.placemarks(job.described, batch).encode()
    yield kml.TAIL.encode()


async def _geopackage(job: FileJob) -> Bytes:
    with tempfile.TemporaryDirectory(prefix="registry-gpkg-") as folder:
        path = Path(folder) / "export.gpkg"
        package = geopackage.Package(path, job.note, stamp(job.note.made_at))
        async for piece in _whole(job.shapes("wkb"), package, path):
            yield piece


async def _workbook(job: FileJob) -> Bytes:
    where = await jurisdictions.get(job.reader)
    zone = ZoneInfo("UTC" if where is None else where.tz)
    places = await workbook.place_names(job.reader)
    with tempfile.TemporaryDirectory(prefix="registry-xlsx-") as folder:
        path = Path(folder) / "export.xlsx"
        book = workbook.CollectionWorkbook(path, job.note, zone, places)
        async for piece in _whole(job.shapes("spot"), book, path):
            yield piece


async def _whole(rows: Rows, made: geopackage.Package | workbook.CollectionWorkbook, path: Path) -> Bytes:
    """Write all rows into a file beside the event loop, and then read the file."""
    async with aclosing(rows):
        await anext(rows)
        async for batch in rows:
            await asyncio.to_thread(made.write, [tuple(row.values()) for row in batch])
    await asyncio.to_thread(made.close)
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece


WRITERS: dict[str, Callable[[FileJob], Bytes]] = {
    "geojsonseq": _lines,
    "csv": _csv,
    "xlsx": _workbook,
    "fgb": _flatgeobuf,
    "gpkg": _geopackage,
    "kml": _kml,
}
