"""The base map: its description, and the parts of its archive that the map asks for."""

import re
from collections.abc import AsyncIterator
from functools import partial

import anyio.to_thread
from litestar import Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Stream
from msgspec import Struct

from registry.api.http.access.admission import OWN
from registry.api.http.access.authentication import OPEN
from registry.api.http.request import HttpRequest
from registry.runtime.basemap import Basemap, BasemapDescription, BasemapFile

MEDIA = "application/vnd.pmtiles"
RANGE = re.compile(r"bytes=(\d*)-(\d*)$")
PIECE_BYTES = 262_144
MOST_BYTES = 16_777_216
"""Of one answer: a map asks for a directory or a tile."""


class OfferedBasemap(Struct, frozen=True):
    """The office's base map; null where none is set up."""

    basemap: BasemapDescription | None
    """The base map that is set up."""


def asked_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Begin and length of the range asked for; None for the whole, ValueError where there is nothing."""
    match = RANGE.match(header.replace(" ", "")) if header else None
    if match is None or match[0] == "bytes=-":
        return None
    if not match[1]:
        begin, end = max(0, size - int(match[2])), size - 1
    else:
        begin, end = int(match[1]), min(int(match[2]) if match[2] else size - 1, size - 1)
    if begin > end or begin >= size:
        raise ValueError(header)
    return begin, min(end - begin + 1, MOST_BYTES)


def router(basemap: Basemap | None) -> Router:
    """The routes of the base map that is set up, or of none."""

    @get("/v1/basemap", sync_to_thread=False, tags=["map"])
    def read_basemap() -> OfferedBasemap:
        """The ground that the map is drawn on: where its tiles are, their schema, datum and source."""
        return OfferedBasemap(None if basemap is None else basemap.described)

    @get("/basemap/{name:str}", include_in_schema=False, opt=OPEN | OWN)
    async def read_archive(request: HttpRequest, name: FromPath[str]) -> Response[bytes] | Stream:
        """A part of the archive; its name changes with its content, so that what is held stays true."""
        file = basemap and basemap.file
        if not file or name != f"{file.etag}.pmtiles":
            raise NotFoundException(f"no file {name}")
        return await _answer(file, request)

    return Router("/", route_handlers=[read_basemap, read_archive])


async def _answer(file: BasemapFile, request: HttpRequest) -> Response[bytes] | Stream:
    etag = f'"{file.etag}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
    }
    if etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers, media_type=MEDIA)
    fresh = request.headers.get("if-range", etag) == etag
    try:
        wanted = asked_range(request.headers.get("range") if fresh else None, file.size)
    except ValueError:
        headers["Content-Range"] = f"bytes */{file.size}"
        return Response(b"", status_code=416, headers=headers, media_type=MEDIA)
    if wanted is None:
        return Stream(_pieces(file), headers=headers | {"Content-Length": str(file.size)}, media_type=MEDIA)
    begin, length = wanted
    body = await anyio.to_thread.run_sync(partial(file.read, begin, length))
    headers["Content-Range"] = f"bytes {begin}-{begin + len(body) - 1}/{file.size}"
    return Response(body, status_code=206, headers=headers, media_type=MEDIA)


async def _pieces(file: BasemapFile) -> AsyncIterator[bytes]:
    for begin in range(0, file.size, PIECE_BYTES):
        yield await anyio.to_thread.run_sync(partial(file.read, begin, PIECE_BYTES))
