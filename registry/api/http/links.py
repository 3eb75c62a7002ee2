"""Links from one answer to the next."""

from urllib.parse import quote, urlencode

from registry.api.http.request import HttpRequest

PATH_SAFE = "/:@!$&'()*+,;=~-._"
GEOJSON = "application/geo+json"
JSON = "application/json"


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


def next_link(request: HttpRequest, cursor: str, media: str = GEOJSON) -> dict[str, str]:
    """Where the answer goes on: the same question with a cursor."""
    query = urlencode({**dict(request.query_params.items()), "cursor": cursor})
    return {"rel": "next", "type": media, "href": str(request.url.with_replacements(query=query))}
