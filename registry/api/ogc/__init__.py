"""OGC API Features, Tiles and Processes, over the same records, sight and statements as /v1."""

from litestar import Response, Router

from registry.api.http import request_validation
from registry.api.http.request import HttpRequest
from registry.api.ogc import collections, items, landing, parameters, processes, styles, tiles, writes


async def check_request(request: HttpRequest) -> Response[None] | None:
    """The checks of every request, and each parameter against its declaration."""
    response = await request_validation.before_request(request)
    for name, value in request.query_params.items():
        parameters.check(name, value)
    return response


router = Router(
    "/ogc",
    before_request=check_request,
    route_handlers=[
        *writes.OFFERS,
        *landing.HANDLERS,
        *collections.HANDLERS,
        *items.HANDLERS,
        *tiles.HANDLERS,
        *writes.HANDLERS,
        *styles.HANDLERS,
        processes.router,
    ],
    tags=["ogc"],
)
