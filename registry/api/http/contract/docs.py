"""The API documentation and the page of problem types; every asset is served from here."""

from pathlib import Path
from typing import Any

import swagger_ui
from litestar import Litestar, MediaType, get
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, SwaggerRenderPlugin
from litestar.static_files import create_static_files_router

from registry import __version__
from registry.api.http import problems
from registry.api.http.contract import openapi as describing
from registry.api.http.request import HttpRequest
from registry.templates import render

ASSETS = "/docs/assets"
FAVICON = '<link rel="icon" href="data:,">'


def _whole(app: Litestar, generated: dict[str, Any]) -> dict[str, Any]:
    """The whole OpenAPI document, completed once."""
    if "document" not in app.state:
        app.state.document = describing.complete(app, generated)
    document: dict[str, Any] = app.state.document
    return document


class _Json(JsonRenderPlugin):
    """The document as it is served."""

    def render(self, request: HttpRequest, openapi_schema: dict[str, Any]) -> bytes:
        """The whole document as JSON."""
        return super().render(request, _whole(request.app, openapi_schema))


class _Page(SwaggerRenderPlugin):
    """The document for people."""

    def render(self, request: HttpRequest, openapi_schema: dict[str, Any]) -> bytes:
        """The whole document as a page."""
        return super().render(request, _whole(request.app, openapi_schema))


def openapi() -> OpenAPIConfig:
    """Swagger UI at /docs and the OpenAPI document at /docs/openapi.json."""
    page = _Page(
        js_url=f"{ASSETS}/swagger-ui-bundle.js",
        css_url=f"{ASSETS}/swagger-ui.css",
        standalone_preset_js_url=f"{ASSETS}/swagger-ui-standalone-preset.js",
        path=["/"],
        favicon=FAVICON,
    )
    return OpenAPIConfig(
        title="Emergency-preparedness resource registry",
        version=__version__,
        description="Proximity and coverage of rescue teams, shelters, fire-watch points and supply depots.",
        path="/docs",
        render_plugins=[page, _Json(path="/openapi.json")],
    )


def assets() -> Any:
    """The files that the documentation page needs."""
    return create_static_files_router(
        path=ASSETS,
        directories=[Path(swagger_ui.__file__).parent / "static"],
        include_in_schema=False,
        name="docs-assets",
    )


@get("/docs/problems", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=False)
def read_problems() -> str:
    """What each problem type means: where the `type` of an error leads."""
    described = [
        {
            "slug": problems.slug_of(kind),
            "status": problems.status_of(kind),
            "meaning": (kind.__doc__ or "").strip(),
        }
        for kind in problems.kinds()
    ]
    return render("problems.html", problems=described)
