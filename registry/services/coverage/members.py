"""Count which places of a level have at least one resource of a kind: set coverage."""

from datetime import UTC, datetime

from msgspec import structs

from registry.domain.access.sight import Sight
from registry.domain.completeness import Completeness, SetAnswer
from registry.domain.conditions import Filter
from registry.domain.coverage.set_coverage import Membership, membership
from registry.services.completeness import completeness_of
from registry.services.coverage.inputs import request_sight
from registry.services.coverage.requests import MembersRequest, conditions_of
from registry.store.coverage import areas, members
from registry.store.database.pool import Reader

MOST_UNITS = 20_000


async def count_members(reader: Reader, sight: Sight, request: MembersRequest) -> Membership:
    """The share of places that have a resource, and the names of those that have none.

    NotFound for an unknown place; InvalidQuery where the place has none of that level.
    """
    sight = request_sight(request, sight)
    conditions = conditions_of(request.kind, request.filter, sight.as_of or datetime.now(UTC))
    async with reader.snapshot() as snapshot:
        name = await areas.place_name(snapshot, request.place)
        listing = await completeness_of(snapshot, sight, structs.replace(conditions, place=request.place))
        units = await members.find(
            snapshot,
            sight,
            conditions,
            under=request.place,
            level=request.level,
            complete=await _complete_places(snapshot, sight, conditions, request.place, listing),
            limit=MOST_UNITS,
        )
        codes = [state.unit.code for state in units]
        candidates, undecided = await members.uncertain(
            snapshot, sight, conditions, under=request.place, units=codes
        )
        excluded = await members.excluded(snapshot, sight, conditions, under=request.place)
    rest = SetAnswer(completeness=listing, undecided=undecided, excluded=excluded)
    return membership(units, candidates, name, request.level, rest)


async def _complete_places(
    reader: Reader, sight: Sight, conditions: Filter, place: str, listing: Completeness
) -> list[str]:
    """The places whose lists are declared complete for all that is asked."""
    if listing.state == "complete":
        return [place]
    declared = {one.place for one in listing.declared if one.place is not None}
    return [
        code
        for code in sorted(declared)
        if (await completeness_of(reader, sight, structs.replace(conditions, place=code))).state == "complete"
    ]
