"""Prepare an analysis: read what a request needs and make the task that answers it."""

from msgspec import structs

from registry.domain.access.actor import Actor
from registry.domain.access.sight import Sight
from registry.domain.coverage.addition import Scenario
from registry.domain.coverage.tasks import (
    CompareTask,
    CriticalityTask,
    DepthTask,
    DistanceTask,
    GapsTask,
    MeasureTask,
    NamedScenario,
    ScenarioTask,
    SitingTask,
    Task,
)
from registry.domain.errors import InvalidQuery
from registry.domain.geometry import wkb
from registry.services.coverage.inputs import read_candidates, read_changes, read_inputs
from registry.services.coverage.requests import (
    CompareRequest,
    CoverageRequest,
    CriticalityRequest,
    DepthRequest,
    DistanceRequest,
    GapsRequest,
    ScenarioRequest,
    SitingRequest,
)
from registry.services.coverage.saved_scenarios import saved_scenario
from registry.store.database.pool import Reader


async def prepare_task(
    reader: Reader, actor: Actor, sight: Sight, request: CoverageRequest | DistanceRequest
) -> Task:
    """The task that answers a request, with all its data read from one snapshot.

    InvalidQuery for a request that cannot be answered; NotFound for an unknown place or saved scenario.
    """
    async with reader.snapshot() as snapshot:
        match request:
            case ScenarioRequest():
                return await _prepare_scenario(snapshot, actor, sight, request)
            case CompareRequest():
                return await _prepare_comparison(snapshot, actor, sight, request)
            case SitingRequest():
                return await _prepare_siting(snapshot, sight, request)
            case DistanceRequest():
                inputs = await read_inputs(snapshot, sight, _coverage_request(request))
                return DistanceTask(inputs=inputs, limit=request.limit)
        inputs = await read_inputs(snapshot, sight, request)
    match request:
        case GapsRequest(bound=bound, sliver_m2=sliver_m2, limit=limit):
            return GapsTask(inputs=inputs, bound=bound, sliver_m2=sliver_m2, limit=limit)
        case DepthRequest(bound=bound, levels=levels, draw=draw):
            return DepthTask(inputs=inputs, bound=bound, levels=levels, draw=draw)
        case CriticalityRequest(limit=limit):
            return CriticalityTask(inputs=inputs, limit=limit)
    return MeasureTask(inputs=inputs)


async def _prepare_scenario(
    reader: Reader, actor: Actor, sight: Sight, request: ScenarioRequest
) -> ScenarioTask:
    if (request.scenario is None) == (request.saved is None):
        raise InvalidQuery("give either scenario or saved", field="scenario")
    if request.saved is not None:
        saved = await saved_scenario(reader, actor, request.saved)
        request = structs.replace(request, scenario=saved.changes)
    return ScenarioTask(inputs=await read_inputs(reader, sight, request))


async def _prepare_comparison(
    reader: Reader, actor: Actor, sight: Sight, request: CompareRequest
) -> CompareTask:
    """The inputs hold every watcher that any of the scenarios names."""
    saved = [await saved_scenario(reader, actor, identity) for identity in request.scenarios]
    changed = Scenario(
        move=[move for one in saved for move in one.changes.move],
        remove=[removed for one in saved for removed in one.changes.remove],
    )
    inputs = await read_inputs(reader, sight, structs.replace(request, scenario=changed))
    scenarios = [
        NamedScenario(str(one.id), one.name, await read_changes(reader, sight, request, one.changes))
        for one in saved
    ]
    return CompareTask(inputs=structs.replace(inputs, scenario=None), scenarios=scenarios)


async def _prepare_siting(reader: Reader, sight: Sight, request: SitingRequest) -> SitingTask:
    return SitingTask(
        inputs=await read_inputs(reader, sight, request),
        how=request.siting,
        candidates=await read_candidates(reader, request.candidates, request),
        forbidden=[wkb(zone, "forbidden") for zone in request.forbidden],
    )


def _coverage_request(request: DistanceRequest) -> CoverageRequest:
    """The same question in terms of coverage: the search distance takes the place of every radius."""
    return CoverageRequest(
        kind=request.kind,
        filter=request.filter,
        place=request.place,
        area=request.area,
        demand=request.demand,
        radius_m=request.search_m,
        reason="how far the nearest resource is looked for",
        as_of=request.as_of,
        exercise=request.exercise,
    )
