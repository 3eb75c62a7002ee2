"""The route of the jurisdiction: whose registry this is."""

from litestar import Response, Router, get

from registry.api.http.dependencies import ReaderDep
from registry.api.http.localized_response import localized
from registry.api.http.request import HttpRequest
from registry.services.places.jurisdiction import JurisdictionDescription, describe_jurisdiction


@get("/")
async def read_jurisdiction(request: HttpRequest, reader: ReaderDep) -> Response[JurisdictionDescription]:
    """The root place, languages and time zone of this registry, and the box that its map opens with."""
    return localized(request, await describe_jurisdiction(reader))


router = Router("/v1/jurisdiction", route_handlers=[read_jurisdiction], tags=["places"])
