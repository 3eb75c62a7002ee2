"""Coverage over HTTP: ratio, gaps, depth, criticality, scenarios, siting, distance, members."""

from typing import Annotated

import msgspec
from litestar import Response, Router, get, post
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, QueryParameter

from registry.api.http import params
from registry.api.http.dependencies import ReaderDep, SightDep
from registry.api.v1.coverage.jobs import AnalysisDep, JobStatusInfo, analysis
from registry.domain.conditions import ListConditions
from registry.domain.coverage import analyses
from registry.domain.coverage.distance_to_nearest import NearestDistances
from registry.domain.coverage.measure import CoverageAnswer
from registry.domain.coverage.set_coverage import Membership
from registry.domain.coverage.siting.placement import SitingPlan
from registry.domain.errors import InvalidQuery
from registry.domain.geojson import Area
from registry.domain.records.resource import Kind
from registry.domain.roads.reached_demand import ReachedDemand
from registry.services.coverage.members import count_members
from registry.services.coverage.minutes import measure_minutes
from registry.services.coverage.requests import (
    CompareRequest,
    CoverageRequest,
    CriticalityRequest,
    DepthRequest,
    DistanceRequest,
    GapsRequest,
    MembersRequest,
    MinutesRequest,
    ScenarioRequest,
    SitingRequest,
)

POLYGON: msgspec.json.Decoder[Area] = msgspec.json.Decoder(Area)

KindParam = Annotated[Kind, QueryParameter(name="kind", description="The kind whose coverage is asked.")]
AreaParam = Annotated[
    str | None,
    QueryParameter(name="area", max_length=8000, description="GeoJSON Polygon or MultiPolygon, WGS 84."),
]
RadiusParam = Annotated[
    float | None,
    QueryParameter(
        name="radius_m", gt=0, le=500_000, description="Radius in metres in place of every record's own."
    ),
]
ReasonParam = Annotated[
    str | None,
    QueryParameter(
        name="reason", min_length=3, max_length=400, description="Why that radius: a source or rule."
    ),
]


def answers(kind: type[msgspec.Struct]) -> dict[int, ResponseSpec]:
    """For the documentation: the answer at once, or the job that works on it."""
    return {
        200: ResponseSpec(data_container=kind, generate_examples=False),
        202: ResponseSpec(data_container=JobStatusInfo, generate_examples=False, description="A job."),
    }


def decode_area(text: str) -> Area:
    """GeoJSON text as a bounded polygon."""
    try:
        return POLYGON.decode(text)
    except msgspec.MsgspecError as error:
        raise InvalidQuery(f"area is not a GeoJSON polygon: {error}", field="area") from error


@get(responses=answers(CoverageAnswer))
async def measure_coverage(
    analysis: AnalysisDep,
    kind: KindParam,
    place: params.PlaceParam = None,
    area: AreaParam = None,
    lifecycle: params.LifecycleParam = None,
    radius_m: RadiusParam = None,
    reason: ReasonParam = None,
    line_of_sight: params.SightRuleParam = "radius",
    smoke_height_m: params.SmokeHeightParam = None,
) -> Response[bytes]:
    """How much of a place or polygon a kind covers: lower, nominal, upper, and what could not be tested."""
    request = CoverageRequest(
        kind=kind,
        place=place,
        area=None if area is None else decode_area(area),
        radius_m=radius_m,
        reason=reason,
        filter=ListConditions(lifecycle=lifecycle),
        sight=line_of_sight,
        smoke_height_m=smoke_height_m,
    )
    return await analysis.respond(request)


@post(status_code=200, responses=answers(CoverageAnswer))
async def ask_coverage(analysis: AnalysisDep, data: JSONBody[CoverageRequest]) -> Response[bytes]:
    """How much of the area and the demand is covered at least `min_depth` times, now or in a scenario."""
    return await analysis.respond(data)


@post("/gaps", status_code=200, responses=answers(analyses.GapsAnswer))
async def find_gaps(analysis: AnalysisDep, data: JSONBody[GapsRequest]) -> Response[bytes]:
    """Where the area is not covered: polygons by place, largest first."""
    return await analysis.respond(data)


@post("/depth", status_code=200, responses=answers(analyses.DepthAnswer))
async def find_depth(analysis: AnalysisDep, data: JSONBody[DepthRequest]) -> Response[bytes]:
    """How much is covered at least once, twice, …"""
    return await analysis.respond(data)


@post("/criticality", status_code=200, responses=answers(analyses.CriticalityAnswer))
async def find_criticality(analysis: AnalysisDep, data: JSONBody[CriticalityRequest]) -> Response[bytes]:
    """For every resource what only it covers: the ground and demand lost when it fails."""
    return await analysis.respond(data)


@post("/scenario", status_code=200, responses=answers(analyses.ScenarioAnswer))
async def try_scenario(analysis: AnalysisDep, data: JSONBody[ScenarioRequest]) -> Response[bytes]:
    """What additions, moves and removals would change. Nothing is stored."""
    return await analysis.respond(data)


@post("/siting", status_code=200, responses=answers(SitingPlan))
async def find_sites(analysis: AnalysisDep, data: JSONBody[SitingRequest]) -> Response[bytes]:
    """Where to place more: maximal covering or set covering, with a bound on how good the choice is."""
    return await analysis.respond(data)


@post("/distance", status_code=200, responses=answers(NearestDistances))
async def measure_distance(analysis: AnalysisDep, data: JSONBody[DistanceRequest]) -> Response[bytes]:
    """How far each point of demand is from the nearest resource: percentiles, and the farthest by name."""
    return await analysis.respond(data)


@post("/minutes", status_code=200)
async def measure_travel(
    state: State, reader: ReaderDep, sight: SightDep, data: JSONBody[MinutesRequest]
) -> ReachedDemand:
    """Which points of demand the first resource reaches in so many minutes by road, and which it does not."""
    return await measure_minutes(reader, sight, state.roads, data)


@post("/compare", status_code=200, responses=answers(analyses.Comparison))
async def compare_scenarios(analysis: AnalysisDep, data: JSONBody[CompareRequest]) -> Response[bytes]:
    """Saved scenarios beside the present, the one that covers most first."""
    return await analysis.respond(data)


@post("/members", status_code=200)
async def find_members(reader: ReaderDep, sight: SightDep, data: JSONBody[MembersRequest]) -> Membership:
    """Which places of a level have a resource and which have none, with the denominator named."""
    return await count_members(reader, sight, data)


router = Router(
    "/v1/coverage",
    route_handlers=[
        measure_coverage,
        ask_coverage,
        find_gaps,
        find_depth,
        find_criticality,
        try_scenario,
        find_sites,
        measure_distance,
        measure_travel,
        compare_scenarios,
        find_members,
    ],
    tags=["coverage"],
    dependencies={"analysis": Provide(analysis, sync_to_thread=False)},
    opt={"cost": 20},
)
