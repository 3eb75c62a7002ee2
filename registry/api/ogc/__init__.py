"""The OGC face: API Features and Tiles over the same records, sight and statements as everything else."""

from litestar import Response, Router

from registry.api.http import request_validation
from registry.api.http.request import HttpRequest
from registry.api.ogc import collections, items, landing, matrices, parameters, tiles, writes


async def before(request: HttpRequest) -> Response[None] | None:
    """Every request passes here first; its parameters are held against their description."""
    answered = await request_validation.before_request(request)
    for name, value in request.query_params.items():
        parameters.check(name, value)
    return answered


router = Router(
    "/ogc",
    before_request=before,
    route_handlers=[
        *writes.OFFERS,
        *landing.HANDLERS,
        *collections.HANDLERS,
        *items.HANDLERS,
        *tiles.HANDLERS,
        *matrices.HANDLERS,
        *writes.HANDLERS,
    ],
    tags=["ogc"],
)
