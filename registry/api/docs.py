"""API documentation whose every asset is served from here."""

from pathlib import Path
from typing import Any

import swagger_ui
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, SwaggerRenderPlugin
from litestar.static_files import create_static_files_router

from registry import __version__

ASSETS = "/docs/assets"
FAVICON = '<link rel="icon" href="data:,">'


def openapi() -> OpenAPIConfig:
    """Swagger UI at /docs and the OpenAPI document at /docs/openapi.json."""
    page = SwaggerRenderPlugin(
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
        render_plugins=[page, JsonRenderPlugin(path="/openapi.json")],
    )


def assets() -> Any:
    """The files that the documentation page needs."""
    return create_static_files_router(
        path=ASSETS,
        directories=[Path(swagger_ui.__file__).parent / "static"],
        include_in_schema=False,
        name="docs-assets",
    )
