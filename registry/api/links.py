"""Links from one answer to the next."""

from typing import Any
from urllib.parse import urlencode

from litestar import Request

GEOJSON = "application/geo+json"


def self_link(request: Request[Any, Any, Any], media: str = GEOJSON) -> dict[str, str]:
    """Where this answer came from."""
    return {"rel": "self", "type": media, "href": str(request.url)}


def next_link(request: Request[Any, Any, Any], cursor: str, media: str = GEOJSON) -> dict[str, str]:
    """Where the answer goes on: the same question with a cursor."""
    query = urlencode({**dict(request.query_params.items()), "cursor": cursor})
    return {"rel": "next", "type": media, "href": str(request.url.with_replacements(query=query))}
