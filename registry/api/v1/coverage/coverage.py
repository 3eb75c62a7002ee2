"""Coverage over HTTP: how much, where not, how often, what if, where next, who has none."""

from typing import Annotated

import msgspec
from litestar import Response, Router, get, post
from litestar.di import Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, QueryParameter

from registry.api.http import params
from registry.api.http.dependencies import ReaderDep, SightDep
from registry.api.v1.coverage.body import (
    Ask,
    CompareAsk,
    CriticalityAsk,
    DepthAsk,
    DistanceAsk,
    GapsAsk,
    MembersAsk,
    ScenarioAsk,
    SitingAsk,
)
from registry.api.v1.coverage.jobs import AnalystDep, StatusInfo, analyst
from registry.api.v1.coverage.scenarios import named_scenario, saved_scenario
from registry.domain.coverage import analyses, distance_to_nearest, measure, tasks
from registry.domain.coverage.scenario import Scenario
from registry.domain.coverage.set_coverage import Membership, membership
from registry.domain.coverage.siting import placement
from registry.domain.errors import InvalidQuery
from registry.domain.geojson import Area
from registry.domain.geometry import wkb
from registry.domain.records.resource import Kind
from registry.domain.search import Filter
from registry.services.coverage import inputs
from registry.store.coverage import areas, members

MOST_UNITS = 20_000
POLYGON: msgspec.json.Decoder[Area] = msgspec.json.Decoder(Area)

KindAsked = Annotated[Kind, QueryParameter(name="kind", description="The kind whose coverage is asked.")]
AreaParam = Annotated[
    str | None,
    QueryParameter(name="area", max_length=8000, description="GeoJSON Polygon or MultiPolygon, WGS 84."),
]
StatedRadius = Annotated[
    float | None,
    QueryParameter(gt=0, le=500_000, description="Radius in metres in place of every record's own."),
]
Reason = Annotated[
    str | None, QueryParameter(min_length=3, max_length=400, description="Why that radius: a source or rule.")
]


def answers(kind: type[msgspec.Struct]) -> dict[int, ResponseSpec]:
    """At once the answer, or the job that works on it."""
    return {
        200: ResponseSpec(data_container=kind, generate_examples=False),
        202: ResponseSpec(data_container=StatusInfo, generate_examples=False, description="A job."),
    }


def decode_area(text: str) -> Area:
    """GeoJSON text as a bounded polygon."""
    try:
        return POLYGON.decode(text)
    except msgspec.MsgspecError as error:
        raise InvalidQuery(f"area is not a GeoJSON polygon: {error}", field="area") from error


@get(responses=answers(measure.CoverageAnswer))
async def measure_coverage(
    reader: ReaderDep,
    sight: SightDep,
    analyst: AnalystDep,
    kind: KindAsked,
    place: params.PlaceParam = None,
    area: AreaParam = None,
    lifecycle: params.LifecycleParam = None,
    radius_m: StatedRadius = None,
    reason: Reason = None,
) -> Response[bytes]:
    """How much of a place or polygon a kind covers: lower, nominal, upper, and what could not be tested."""
    polygon = None if area is None else decode_area(area)
    ask = Ask(
        kind=kind,
        place=place,
        area=polygon,
        radius_m=radius_m,
        reason=reason,
        filter=Filter(lifecycle=lifecycle or "in_service"),
    )
    asked = await inputs.gather(reader, sight, ask)
    return await analyst(tasks.MeasureTask(inputs=asked))


@post(status_code=200, responses=answers(measure.CoverageAnswer))
async def ask_coverage(
    reader: ReaderDep, sight: SightDep, analyst: AnalystDep, data: JSONBody[Ask]
) -> Response[bytes]:
    """How much is covered, of the area and of the demand, at least `min_depth` times, now or what if."""
    asked = await inputs.gather(reader, inputs.looking(data, sight), data)
    return await analyst(tasks.MeasureTask(inputs=asked))


@post("/gaps", status_code=200, responses=answers(analyses.GapsAnswer))
async def find_gaps(
    reader: ReaderDep, sight: SightDep, analyst: AnalystDep, data: JSONBody[GapsAsk]
) -> Response[bytes]:
    """Where the area is not covered: polygons by place, largest first."""
    asked = await inputs.gather(reader, inputs.looking(data, sight), data)
    task = tasks.GapsTask(inputs=asked, bound=data.bound, sliver_m2=data.sliver_m2, limit=data.limit)
    return await analyst(task)


@post("/depth", status_code=200, responses=answers(analyses.DepthAnswer))
async def find_depth(
    reader: ReaderDep, sight: SightDep, analyst: AnalystDep, data: JSONBody[DepthAsk]
) -> Response[bytes]:
    """How much is covered at least once, twice, …"""
    asked = await inputs.gather(reader, inputs.looking(data, sight), data)
    task = tasks.DepthTask(inputs=asked, bound=data.bound, levels=data.levels, draw=data.draw)
    return await analyst(task)


@post("/criticality", status_code=200, responses=answers(analyses.CriticalityAnswer))
async def find_criticality(
    reader: ReaderDep, sight: SightDep, analyst: AnalystDep, data: JSONBody[CriticalityAsk]
) -> Response[bytes]:
    """For every resource what only it covers: the ground and demand lost when it fails."""
    asked = await inputs.gather(reader, inputs.looking(data, sight), data)
    task = tasks.CriticalityTask(inputs=asked, bound=data.bound, limit=data.limit)
    return await analyst(task)


@post("/scenario", status_code=200, responses=answers(analyses.ScenarioAnswer))
async def try_scenario(
    reader: ReaderDep, sight: SightDep, analyst: AnalystDep, data: JSONBody[ScenarioAsk]
) -> Response[bytes]:
    """What additions, moves and removals would change, without storing them."""
    if (data.scenario is None) == (data.saved is None):
        raise InvalidQuery("give either scenario or saved", field="scenario")
    if data.saved is not None:
        data = msgspec.structs.replace(data, scenario=await saved_scenario(reader, analyst.actor, data.saved))
    asked = await inputs.gather(reader, inputs.looking(data, sight), data)
    return await analyst(tasks.ScenarioTask(inputs=asked))


@post("/siting", status_code=200, responses=answers(placement.SitingPlan))
async def find_sites(
    reader: ReaderDep, sight: SightDep, analyst: AnalystDep, data: JSONBody[SitingAsk]
) -> Response[bytes]:
    """Where to put more: maximal covering or set covering, with the proof of how good the choice is."""
    asked = await inputs.gather(reader, inputs.looking(data, sight), data)
    area = await inputs.ground(reader, data)
    task = tasks.SitingTask(
        inputs=asked,
        how=data.siting,
        candidates=await inputs.candidates(reader, data.candidates, data, area),
        forbidden=[wkb(zone, "forbidden") for zone in data.forbidden],
    )
    return await analyst(task)


@post("/distance", status_code=200, responses=answers(distance_to_nearest.NearestDistances))
async def measure_distance(
    reader: ReaderDep, sight: SightDep, analyst: AnalystDep, data: JSONBody[DistanceAsk]
) -> Response[bytes]:
    """How far each point of demand is from the nearest resource: percentiles, and the farthest by name."""
    ask = Ask(
        kind=data.kind,
        filter=data.filter,
        place=data.place,
        area=data.area,
        demand=data.demand,
        radius_m=data.search_m,
        reason="how far the nearest resource is looked for",
        as_of=data.as_of,
        exercise=data.exercise,
    )
    asked = await inputs.gather(reader, inputs.looking(ask, sight), ask)
    return await analyst(tasks.DistanceTask(inputs=asked, limit=data.limit))


@post("/compare", status_code=200, responses=answers(analyses.Comparison))
async def compare_scenarios(
    reader: ReaderDep, sight: SightDep, analyst: AnalystDep, data: JSONBody[CompareAsk]
) -> Response[bytes]:
    """Saved scenarios beside the present, the one that covers most first."""
    named = [await named_scenario(reader, analyst.actor, identity) for identity in data.scenarios]
    everything = Scenario(
        move=[move for one in named for move in one.changes.move],
        remove=[gone for one in named for gone in one.changes.remove],
    )
    ask = msgspec.structs.replace(data, scenario=everything)
    asked = await inputs.gather(reader, inputs.looking(ask, sight), ask)
    asked = msgspec.structs.replace(asked, scenario=None)
    return await analyst(tasks.CompareTask(inputs=asked, scenarios=named))


@post("/members", status_code=200)
async def find_members(reader: ReaderDep, sight: SightDep, data: JSONBody[MembersAsk]) -> Membership:
    """Which places of a level have a resource and which have none, with the denominator named."""
    ask = Ask(kind=data.kind, filter=data.filter, exercise=data.exercise, as_of=data.as_of)
    seen = inputs.looking(ask, sight)
    async with reader.snapshot() as snapshot:
        name = await areas.name_of(snapshot, data.place)
        rows = await members.find(
            snapshot, seen, ask.wanted(), under=data.place, level=data.level, limit=MOST_UNITS
        )
    return membership(rows, name, data.level)


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
        compare_scenarios,
        find_members,
    ],
    tags=["coverage"],
    dependencies={"analyst": Provide(analyst, sync_to_thread=False)},
    opt={"cost": 20},
)
