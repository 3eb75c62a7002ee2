"""Content negotiation: `f=` wins over Accept; the default is JSON."""

from litestar.exceptions import HTTPException

from registry.api.http.request import HttpRequest
from registry.domain.errors import InvalidQuery

JSON = "application/json"
GEOJSON = "application/geo+json"
SCHEMA = "application/schema+json"
HTML = "text/html"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
STYLE = "application/vnd.mapbox.style+json"
MVT = "application/vnd.mapbox-vector-tile"

MediaTypes = dict[str, str]
"""Offered media types by their name in `f`, the default first."""
PLAIN: MediaTypes = {"json": JSON, "html": HTML}
FEATURES: MediaTypes = {"json": GEOJSON, "html": HTML}
SCHEMAS: MediaTypes = {"json": SCHEMA, "html": HTML}


class NotAcceptable(HTTPException):
    """No offered media type is acceptable to the client."""

    status_code = 406


def negotiate(request: HttpRequest, offered: MediaTypes) -> str:
    """The name of the media type of the response."""
    name = request.query_params.get("f")
    if name is not None:
        if name not in offered:
            raise InvalidQuery(f"f is one of {', '.join(offered)}", field="f")
        return str(name)
    accept = request.headers.get("accept")
    return preferred(accept, offered) if accept else next(iter(offered))


def preferred(accept: str, offered: MediaTypes) -> str:
    """The offered media type that an Accept header prefers (RFC 9110, 12.5.1); the first one of a tie."""
    ranges = [_range(part) for part in accept.split(",") if part.strip()]
    best, best_quality = None, 0.0
    for name, media in offered.items():
        quality = max((_match(kind, quality, media) for kind, quality in ranges), default=(0, 0.0))[1]
        if quality > best_quality:
            best, best_quality = name, quality
    if best is None:
        raise NotAcceptable(detail=f"offered here: {', '.join(offered.values())}")
    return best


def _range(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip() for piece in part.split(";"))
    for parameter in parameters:
        if parameter.lower().startswith("q="):
            try:
                return kind.lower(), max(0.0, min(1.0, float(parameter[2:])))
            except ValueError:
                return kind.lower(), 0.0
    return kind.lower(), 1.0


def _match(kind: str, quality: float, media: str) -> tuple[int, float]:
    """How exactly a media range names a media type, and its quality."""
    bare = media.split(";")[0]
    if kind == bare or (kind == JSON and bare.endswith("+json")):
        return 3, quality
    if kind == f"{bare.split('/')[0]}/*":
        return 2, quality
    return (1, quality) if kind == "*/*" else (0, 0.0)
