"""Responses of the OGC API: the same content as JSON or HTML, with an ETag and a Link header."""

import hashlib
from typing import Any

import msgspec
from litestar import Response

from registry.api.http.request import HttpRequest
from registry.api.ogc.links import Links
from registry.api.ogc.negotiation import HTML, MediaTypes, negotiate
from registry.api.ogc.pages import page

VARY = "Accept, Accept-Encoding, Authorization"
LINK_HEADER = 8
"""The most links in a Link header."""
Content = dict[str, Any]


async def negotiated_response(
    request: HttpRequest, offered: MediaTypes, content: Content, title: str
) -> Response[bytes]:
    """The content with its own links first, in the negotiated media type."""
    form = negotiate(request, offered)
    content = {**content, "links": [*Links(request).own(offered, form), *content.get("links", [])]}
    if form == "html":
        return respond(request, await page(content, title), HTML)
    return respond(request, msgspec.json.encode(content), offered[form], link_header(content["links"]))


def respond(
    request: HttpRequest,
    body: bytes,
    media: str,
    headers: dict[str, str] | None = None,
    validated: memoryview | None = None,
    etag: str | None = None,
) -> Response[bytes]:
    """The body with `etag`, or with a hash of its content as one; 304 when the client has it."""
    etag = etag or f'W/"{hashlib.sha256(validated or body).hexdigest()[:24]}"'
    all_headers = {"ETag": etag, "Vary": VARY, "Cache-Control": "no-cache", **(headers or {})}
    if matches(request.headers.get("if-none-match"), etag):
        return Response(b"", status_code=304, headers=all_headers, media_type=media)
    return Response(body, headers=all_headers, media_type=media)


def matches(condition: str | None, etag: str) -> bool:
    """Whether an If-None-Match header names the validator, by weak comparison (RFC 9110, 13.1.2)."""
    if condition is None:
        return False
    bare = etag.removeprefix("W/")
    return condition.strip() == "*" or bare in (
        part.strip().removeprefix("W/") for part in condition.split(",")
    )


def link_header(links: list[dict[str, Any]]) -> dict[str, str]:
    """The first links as a Link header (RFC 8288)."""
    kept = [link for link in links if not link.get("templated")][:LINK_HEADER]
    return {
        "Link": ", ".join(f'<{link["href"]}>; rel="{link["rel"]}"; type="{link["type"]}"' for link in kept)
    }
