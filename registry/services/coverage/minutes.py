"""How many minutes by road the first resource is from each point of demand."""

import asyncio

from registry.domain.access.sight import Sight
from registry.domain.coverage.measure import study_area_of
from registry.domain.coverage.undecided import undecided
from registry.domain.roads.answer import ByMinutes
from registry.domain.roads.reached_demand import ReachedDemand, reach_demand
from registry.services.coverage.inputs import read_inputs, request_sight
from registry.services.coverage.requests import CoverageRequest, MinutesRequest
from registry.services.roads.current_roads import CurrentRoads
from registry.services.roads.traffic import roads_of
from registry.store.database.pool import Reader

LEAST_M = 1.0


async def measure_minutes(
    reader: Reader, sight: Sight, roads: CurrentRoads, request: MinutesRequest
) -> ReachedDemand:
    """Which demand is reached within the limit; resources farther in a straight line cannot reach it."""
    by = ByMinutes(
        max_minutes=request.max_minutes,
        vehicle=request.vehicle,
        condition=request.condition,
        closures=request.closures,
    )
    async with reader.snapshot() as snapshot:
        used = await roads_of(snapshot, request_sight(request, sight), roads, by)
        fastest = used.search.network.head.fastest_m_per_s
        reach_m = max(LEAST_M, request.search_minutes * 60 * fastest)
        inputs = await read_inputs(snapshot, sight, _coverage_request(request, reach_m))
    doubt = await asyncio.to_thread(lambda: undecided(study_area_of(inputs), inputs.watchers))
    return await asyncio.to_thread(
        reach_demand,
        used.search,
        used.traffic,
        inputs,
        doubt,
        used.used([], more=False),
        request.max_minutes,
        request.limit,
    )


def _coverage_request(request: MinutesRequest, reach_m: float) -> CoverageRequest:
    """The same question in terms of coverage: how far somebody drives who is fastest all the way."""
    return CoverageRequest(
        kind=request.kind,
        filter=request.filter,
        place=request.place,
        area=request.area,
        demand=request.demand,
        radius_m=reach_m,
        reason="how far the first resource is looked for",
        as_of=request.as_of,
        exercise=request.exercise,
    )
