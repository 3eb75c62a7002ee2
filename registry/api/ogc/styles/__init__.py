"""MapLibre styles of the tiles: one for the dataset, and one for each collection that has tiles."""

from typing import Any

import msgspec
from litestar import Response
from litestar.params import FromPath

from registry.api.http.request import HttpRequest
from registry.api.ogc import tilesets
from registry.api.ogc.landing import TITLE
from registry.api.ogc.links import Links, about
from registry.api.ogc.negotiation import HTML, PLAIN, STYLE, negotiate
from registry.api.ogc.pages import page
from registry.api.ogc.response import negotiated_response, respond
from registry.api.ogc.routes import plain
from registry.domain.errors import NotFound
from registry.domain.ogc.catalogue import COLLECTIONS
from registry.domain.ogc.style import SOURCE, style_layers
from registry.store.ogc.tiles import CLUSTERS

WHOLE = "registry"
"""The style of the dataset."""
FORMS = {"json": STYLE, "html": HTML}
STYLES: dict[str, tuple[str, ...]] = {WHOLE: tilesets.DRAWN, **{name: (name,) for name in tilesets.DRAWN}}
"""By the identity of the style, the collections that it draws."""


@plain("/styles")
async def list_styles(request: HttpRequest) -> Response[bytes]:
    """The styles, the one of the dataset first."""
    links = Links(request)
    listed = [
        {
            "id": name,
            "title": _title(name),
            "links": [links.to("stylesheet", f"/styles/{name}", STYLE, _title(name))],
        }
        for name in STYLES
    ]
    content = {"default": WHOLE, "styles": listed, "links": about(links)}
    return await negotiated_response(request, PLAIN, content, "Styles · 样式")


@plain("/styles/{style_id:str}")
async def read_style(request: HttpRequest, style_id: FromPath[str]) -> Response[bytes]:
    """A MapLibre style: the tiles of the dataset or of one collection as the registry's map colours them."""
    if style_id not in STYLES:
        raise NotFound("style", style_id)
    links, form = Links(request), negotiate(request, FORMS)
    base = "/tiles" if style_id == WHOLE else f"/collections/{style_id}/tiles"
    source = {
        "type": "vector",
        "tiles": [tilesets.xyz(links, base)],
        "minzoom": 0,
        "maxzoom": tilesets.LAST_ZOOM,
    }
    style: dict[str, Any] = {
        "version": 8,
        "name": _title(style_id),
        "sources": {SOURCE: source},
        "layers": style_layers((COLLECTIONS[name] for name in STYLES[style_id]), CLUSTERS),
    }
    if form == "html":
        shown = style | {"links": [*links.own(FORMS, form), *about(links)]}
        return respond(request, await page(shown, _title(style_id)), HTML)
    return respond(request, msgspec.json.encode(style), STYLE)


def _title(name: str) -> str:
    return TITLE if name == WHOLE else COLLECTIONS[name].title


HANDLERS = [list_styles, read_style]
