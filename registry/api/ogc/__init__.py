"""The OGC face: API Features and Tiles over the same records, sight and statements as everything else."""

import re
from datetime import datetime
from typing import Any

from litestar import Request, Router

from registry.api import strict
from registry.api.ogc import collections, items, landing, matrices, tiles, writes
from registry.api.ogc.parameters import EXERCISE, SIGHT
from registry.domain.errors import InvalidQuery


async def before(request: Request[Any, Any, Any]) -> None:
    """What every request passes, and what is shared by resources that no sight is made for."""
    await strict.before_request(request)
    exercise, as_of = (request.query_params.get(name) for name in SIGHT)
    if exercise is not None and not (len(exercise) <= 40 and re.search(EXERCISE, exercise)):
        raise InvalidQuery("exercise is a short name of small letters, digits and hyphens", field="exercise")
    if as_of is not None:
        instant(as_of)


def instant(text: str) -> None:
    """Refuse what is no RFC 3339 instant."""
    try:
        known = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidQuery("as_of is an RFC 3339 instant", field="as_of") from error
    if known.tzinfo is None or len(text) < 11:
        raise InvalidQuery("as_of is an instant with a time zone", field="as_of")


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
