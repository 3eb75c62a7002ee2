"""Count which places of a level have at least one resource of a kind: set coverage."""

from registry.domain.access.sight import Sight
from registry.domain.coverage.set_coverage import Membership, membership
from registry.services.coverage.inputs import request_sight
from registry.services.coverage.requests import CoverageRequest, MembersRequest
from registry.store.coverage import areas, members
from registry.store.database.pool import Reader

MOST_UNITS = 20_000


async def count_members(reader: Reader, sight: Sight, request: MembersRequest) -> Membership:
    """The share of places that have a resource, and the names of those that have none.

    NotFound for an unknown place; InvalidQuery where the place has none of that level.
    """
    conditions = CoverageRequest(kind=request.kind, filter=request.filter).conditions()
    async with reader.snapshot() as snapshot:
        name = await areas.place_name(snapshot, request.place)
        rows = await members.find(
            snapshot,
            request_sight(request, sight),
            conditions,
            under=request.place,
            level=request.level,
            limit=MOST_UNITS,
        )
    return membership(rows, name, request.level)
