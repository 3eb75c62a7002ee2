"""Which form an answer takes: `f=` wins over Accept, and JSON is for everybody who does not say."""

from litestar.exceptions import HTTPException

from registry.api.http.request import HttpRequest
from registry.domain.errors import InvalidQuery

JSON = "application/json"
GEOJSON = "application/geo+json"
SCHEMA = "application/schema+json"
HTML = "text/html"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
MVT = "application/vnd.mapbox-vector-tile"

Forms = dict[str, str]
"""Offered forms by their name in `f`, the default first, with their media types."""
PLAIN: Forms = {"json": JSON, "html": HTML}
FEATURES: Forms = {"json": GEOJSON, "html": HTML}
SCHEMAS: Forms = {"json": SCHEMA, "html": HTML}


class NotAcceptable(HTTPException):
    """None of the forms that the client accepts is offered here."""

    status_code = 406


def chosen(request: HttpRequest, offered: Forms) -> str:
    """The name of the form to answer in."""
    asked = request.query_params.get("f")
    if asked is not None:
        if asked not in offered:
            raise InvalidQuery(f"f is one of {', '.join(offered)}", field="f")
        return str(asked)
    accept = request.headers.get("accept")
    return preferred(accept, offered) if accept else next(iter(offered))


def preferred(accept: str, offered: Forms) -> str:
    """The offered form that an Accept header likes best (RFC 9110, 12.5.1); ties go to the earlier offer."""
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
    """How exactly a media range names a media type, and how much it likes it."""
    bare = media.split(";")[0]
    if kind == bare or (kind == JSON and bare.endswith("+json")):
        return 3, quality
    if kind == f"{bare.split('/')[0]}/*":
        return 2, quality
    return (1, quality) if kind == "*/*" else (0, 0.0)
