"""The nearest resources, and those within a distance, by query string or by body."""

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.params import JSONBody
from msgspec import Meta

from registry.api.http.dependencies import ReaderDep, SightDep
from registry.api.http.links import GEOJSON, linked, next_link, self_link
from registry.api.http.params import Cursor, K, Limit, MaxM, RadiusM
from registry.api.http.request import HttpRequest
from registry.api.v1.proximity.params import (
    ByParam,
    ConditionsDep,
    DetourParam,
    MaxMinutesParam,
    OriginDep,
    PaceSource,
    RankParam,
    RoadBody,
    SpeedParam,
)
from registry.domain.cursor import decode_distance, encode_cursor
from registry.domain.proximity.ranking import Detour, Rank, SpeedKmh, stated_paces
from registry.domain.roads.answer import by_minutes, demand_by_distance
from registry.domain.values import Metres, ShortText
from registry.services.proximity.answer import Near, question_of
from registry.services.proximity.nearest import nearest
from registry.services.proximity.within import within
from registry.services.roads.near_by_minutes import nearest_by_minutes, within_minutes


class NearestBody(RoadBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The k nearest."""

    k: Annotated[int, Meta(ge=1, le=1000)] = 10
    max_m: Metres | None = None
    rank: Rank = "distance"
    """What the order follows: distance as recorded, greatest distance, or arrival."""
    speed_kmh: SpeedKmh | None = None
    detour: Detour | None = None
    pace_source: ShortText | None = None


class WithinBody(RoadBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What lies inside, or at most radius_m away."""

    radius_m: Metres = 0.0
    """How far beyond the origin, in metres; 0 for inside only."""
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1000


class Within(Near, frozen=True, kw_only=True, tag="FeatureCollection"):
    """What lies within a shape; `complete` is false when there is more than the limit."""

    complete: bool


@get("/nearest", media_type=GEOJSON)
async def find_nearest(
    request: HttpRequest,
    state: State,
    reader: ReaderDep,
    sight: SightDep,
    conditions: ConditionsDep,
    origin: OriginDep,
    k: K = 10,
    max_m: MaxM = None,
    rank: RankParam = "distance",
    speed_kmh: SpeedParam = None,
    detour: DetourParam = None,
    pace_source: PaceSource = None,
    by: ByParam = "distance",
    max_minutes: MaxMinutesParam = None,
) -> Near:
    """The k nearest resources in service, nearest first by geodesic distance, or in minutes by road."""
    question = question_of(conditions, sight, state.settings.stale_after_days)
    if (road := by_minutes(by, max_minutes)) is not None:
        demand_by_distance(max_m=max_m, rank=None if rank == "distance" else rank, speed_kmh=speed_kmh)
        near = await nearest_by_minutes(reader, sight, question, origin, state.roads, road, k=k)
        return linked(near, self_link(request))
    paces = stated_paces(state.paces, speed_kmh, detour, pace_source)
    near = await nearest(reader, sight, question, origin, k=k, max_m=max_m, rank=rank, paces=paces)
    return linked(near, self_link(request))


@post("/nearest", media_type=GEOJSON, status_code=200)
async def ask_nearest(
    request: HttpRequest, state: State, reader: ReaderDep, sight: SightDep, data: JSONBody[NearestBody]
) -> Near:
    """The k nearest resources to a point, an uncertain spot, an area, a place, a line or a chainage.

    By minutes the resources drive to the origin; a drawn one counts as the disc that holds it.
    """
    question = question_of(data.where, sight, state.settings.stale_after_days)
    if (road := data.by_road()) is not None:
        rank = None if data.rank == "distance" else data.rank
        demand_by_distance(max_m=data.max_m, rank=rank, speed_kmh=data.speed_kmh)
        near = await nearest_by_minutes(reader, sight, question, data.origin, state.roads, road, k=data.k)
        return linked(near, self_link(request))
    paces = stated_paces(state.paces, data.speed_kmh, data.detour, data.pace_source)
    near = await nearest(
        reader, sight, question, data.origin, k=data.k, max_m=data.max_m, rank=data.rank, paces=paces
    )
    return linked(near, self_link(request))


@get("/within", media_type=GEOJSON)
async def find_within(
    request: HttpRequest,
    state: State,
    reader: ReaderDep,
    sight: SightDep,
    conditions: ConditionsDep,
    origin: OriginDep,
    radius_m: RadiusM,
    cursor: Cursor = None,
    limit: Limit = 1000,
) -> Near:
    """Every resource in service at most radius_m away, nearest first, in pages."""
    question = question_of(conditions, sight, state.settings.stale_after_days)
    after = decode_distance(cursor)
    page = await within(reader, sight, question, origin, radius_m=radius_m, limit=limit, after=after)
    links = [self_link(request)]
    if page.next_page is not None:
        links.append(next_link(request, encode_cursor(page.next_page)))
    return linked(page.near, *links)


@post("/within", media_type=GEOJSON, status_code=200)
async def ask_within(
    request: HttpRequest, state: State, reader: ReaderDep, sight: SightDep, data: JSONBody[WithinBody]
) -> Within:
    """Everything inside an area or corridor, within radius_m of its edge, or within minutes by road."""
    question = question_of(data.where, sight, state.settings.stale_after_days)
    if (road := data.by_road()) is not None:
        demand_by_distance(radius_m=data.radius_m or None)
        near, is_whole = await within_minutes(
            reader, sight, question, data.origin, state.roads, road, limit=data.limit
        )
    else:
        page = await within(reader, sight, question, data.origin, radius_m=data.radius_m, limit=data.limit)
        near, is_whole = page.near, page.next_page is None
    return Within(**msgspec.structs.asdict(linked(near, self_link(request))), complete=is_whole)
