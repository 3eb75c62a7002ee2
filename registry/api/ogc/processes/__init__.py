"""OGC API - Processes, Part 1: questions of /v1 that a generic client can find, describe and execute."""

from litestar import Router

from registry.api.ogc.processes import describe, exceptions, execute, jobs

router = Router(
    "/",
    route_handlers=[*describe.HANDLERS, *execute.HANDLERS, *jobs.HANDLERS],
    exception_handlers=exceptions.HANDLERS,
)
