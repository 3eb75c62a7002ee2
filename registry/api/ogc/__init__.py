"""The OGC face: API Features and Tiles over the same records, sight and statements as everything else."""

from litestar import Router

from registry.api.ogc import collections, items, landing, matrices, tiles, writes

router = Router(
    "/ogc",
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
