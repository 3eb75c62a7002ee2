"""Links of a response to itself and to the next page."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from registry.api.http.request import HttpRequest
from registry.domain.completeness import FeatureSetAnswer
from registry.domain.cursor import CodeCursor, decode_code, encode_cursor
from registry.domain.errors import CursorExpired
from registry.domain.geojson import FeatureCollection

PATH_SAFE = "/:@!$&'()*+,;=~-._"
GEOJSON = "application/geo+json"
JSON = "application/json"
T = TypeVar("T")
C = TypeVar("C", bound=FeatureCollection | FeatureSetAnswer)


def linked(answer: C, *links: dict[str, str]) -> C:
    """The answer with its links."""
    return msgspec.structs.replace(answer, links=[*links])


def self_link(request: HttpRequest, media: str = GEOJSON) -> dict[str, str]:
    """Where this answer came from, put together by hand: Litestar's URL is slow to build."""
    scope = request.scope
    query = scope["query_string"].decode("latin-1")
    host = request.headers.get("host", "")
    path = quote(scope["root_path"] + scope["path"], safe=PATH_SAFE)
    return {
        "rel": "self",
        "type": media,
        "href": f"{scope['scheme']}://{host}{path}{'?' if query else ''}{query}",
    }


def page_links(
    request: HttpRequest, kind: Callable[[Any], msgspec.Struct], last: Any, media: str = GEOJSON
) -> list[dict[str, str]]:
    """The link of a page to itself, and to the next by a cursor of this kind; at the end `last` is None."""
    links = [self_link(request, media)]
    if last is not None:
        links.append(next_link(request, encode_cursor(kind(last)), media))
    return links


def page_of(
    request: HttpRequest, items: Sequence[T], key: Callable[[T], str], cursor: str | None, limit: int
) -> tuple[list[T], list[dict[str, str]]]:
    """A page of a short list that was read whole, in its order, and the links of the page.

    CursorExpired when the item that the page starts after is no longer in the list.
    """
    start, after = 0, decode_code(cursor)
    if after is not None:
        keys = [key(item) for item in items]
        if after not in keys:
            raise CursorExpired(
                "the item that this page starts after is gone; begin again",
                zh="该页起始处的条目已不存在，请从头读取",
            )
        start = keys.index(after) + 1
    page = list(items[start : start + limit])
    goes_on = start + limit < len(items)
    return page, page_links(request, CodeCursor, key(page[-1]) if goes_on else None, JSON)


def next_link(request: HttpRequest, cursor: str, media: str = GEOJSON) -> dict[str, str]:
    """Where the answer goes on: the same question with a cursor."""
    query = urlencode({**dict(request.query_params.items()), "cursor": cursor})
    return {"rel": "next", "type": media, "href": str(request.url.with_replacements(query=query))}
