"""Proximity over HTTP: nearest and within, by query string or by body."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.params import JSONBody
from msgspec import Meta

from registry.api.http import params
from registry.api.http.dependencies import ReaderDep, SightDep
from registry.api.http.links import GEOJSON, next_link, self_link
from registry.api.http.request import HttpRequest
from registry.api.v1.proximity import params as asking
from registry.api.v1.proximity.params import ConditionsDep, OriginDep
from registry.domain.access.sight import Sight
from registry.domain.conditions import Conditions, Filter, filter_of
from registry.domain.proximity.origin import Origin, Start
from registry.domain.proximity.ranking import Detour, Paces, Rank, Ranking, SpeedKmh, ranking
from registry.domain.records.resource import Kind
from registry.domain.search import DistancePage, decode_distance_page, encode_cursor
from registry.domain.values import Metres, ShortText
from registry.services.proximity import start as starting
from registry.services.proximity.hits import Near, check_place, describing, hit, left_out
from registry.store.database.pool import Reader
from registry.store.proximity import within as proximity
from registry.store.proximity.knn_columns import MOST_COUNTED, Hits
from registry.store.proximity.nearest import nearest

FAR_M = 50_000.0
"""How far left-out records are looked for when nothing else bounds the question."""


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A proximity question as a body, for origins that do not fit into a query string."""

    origin: Origin
    where: Conditions = Conditions()
    explain: bool = False


class NearestQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The k nearest."""

    k: Annotated[int, Meta(ge=1, le=1000)] = 10
    max_m: Metres | None = None
    rank: Rank = "distance"
    speed_kmh: SpeedKmh | None = None
    detour: Detour | None = None
    pace_source: ShortText | None = None


class WithinQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What lies inside, or at most radius_m away."""

    radius_m: Metres = 0.0
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1000


class Answering(msgspec.Struct, frozen=True):
    """Everything but the hits that an answer is made of."""

    reader: Reader
    sight: Sight
    wanted: Filter
    start: Start
    order: Ranking
    now: datetime
    stale_days: float
    explain: bool


def kinds_of(wanted: Filter) -> tuple[Kind, ...]:
    """The kinds a question is about; none means all."""
    return wanted.kinds or ((wanted.kind,) if wanted.kind else ())


async def answer(ask: Answering, found: Hits, bound_m: float, links: list[dict[str, str]]) -> Near:
    """The hits as features, with what was left out of them and why."""
    await check_place(ask.reader, ask.wanted, found.rows)
    within = proximity.SearchBound(ask.wanted, bound_m, found.scanned)
    with_ = await describing(
        ask.reader, ask.start, ask.order, ask.wanted, ask.now, ask.stale_days, found.rows
    )
    return Near(
        [hit(row, with_) for row in found.rows],
        links,
        origin=ask.start.described,
        ranked_by=ask.order.rank,
        unlocated=min(found.unlocated, MOST_COUNTED),
        more_unlocated=found.unlocated > MOST_COUNTED,
        left_out=await left_out(ask.reader, ask.sight, ask.start, within, explain=ask.explain),
    )


async def answer_nearest(ask: Answering, k: int, max_m: float | None, links: list[dict[str, str]]) -> Near:
    """The k nearest."""
    found = await nearest(ask.reader, ask.sight, ask.wanted, ask.start, k=k, max_m=max_m, ranking=ask.order)
    bound_m = FAR_M if max_m is None else max_m
    if len(found.rows) == k:
        bound_m = max(ask.start.distance_m(row["distance_m"]) for row in found.rows)
    return await answer(ask, found, bound_m, links)


@get("/nearest", media_type=GEOJSON)
async def find_nearest(
    request: HttpRequest,
    state: State,
    reader: ReaderDep,
    sight: SightDep,
    conditions: ConditionsDep,
    origin: OriginDep,
    k: params.K = 10,
    max_m: params.MaxM = None,
    rank: asking.RankParam = "distance",
    explain: asking.Explain = False,
    speed_kmh: asking.SpeedParam = None,
    detour: asking.DetourParam = None,
    pace_source: asking.PaceSource = None,
) -> Near:
    """The k nearest resources in service, nearest first by geodesic distance."""
    now = sight.as_of or datetime.now(UTC)
    wanted = filter_of(conditions, now)
    start = await starting.start_of(reader, origin)
    paces: Paces = asking.paces(state.paces, (speed_kmh, detour, pace_source))
    order = ranking(rank, start.margin_m, paces, kinds_of(wanted))
    stale_days = state.settings.stale_after_days
    ask = Answering(reader, sight, wanted, start, order, now, stale_days, explain)
    return await answer_nearest(ask, k, max_m, [self_link(request)])


@post("/nearest", media_type=GEOJSON, status_code=200)
async def ask_nearest(
    request: HttpRequest,
    state: State,
    reader: ReaderDep,
    sight: SightDep,
    data: JSONBody[NearestQuestion],
) -> Near:
    """The k nearest resources to a point, an uncertain spot, an area, a place, a line or a chainage."""
    paces: Paces = asking.paces(state.paces, (data.speed_kmh, data.detour, data.pace_source))
    async with reader.snapshot(one_plan=True) as snapshot:
        ask = await prepared(snapshot, sight, data, state.settings.stale_after_days)
        order = ranking(data.rank, ask.start.margin_m, paces, kinds_of(ask.wanted))
        ask = msgspec.structs.replace(ask, order=order)
        return await answer_nearest(ask, data.k, data.max_m, [self_link(request)])


async def prepared(reader: Reader, sight: Sight, data: Question, stale_days: float) -> Answering:
    """A body's question by distance, made ready to be answered."""
    now = sight.as_of or datetime.now(UTC)
    wanted = filter_of(data.where, now)
    start = await starting.start_of(reader, data.origin)
    order = Ranking(margin_m=start.margin_m)
    return Answering(reader, sight, wanted, start, order, now, stale_days, data.explain)


@get("/within", media_type=GEOJSON)
async def find_within(
    request: HttpRequest,
    state: State,
    reader: ReaderDep,
    sight: SightDep,
    conditions: ConditionsDep,
    origin: OriginDep,
    radius_m: params.RadiusM,
    cursor: params.Cursor = None,
    limit: params.Limit = 1000,
    explain: asking.Explain = False,
) -> Near:
    """Every resource in service at most radius_m away, nearest first, in pages."""
    now = sight.as_of or datetime.now(UTC)
    wanted = filter_of(conditions, now)
    start = await starting.start_of(reader, origin)
    after = decode_distance_page(cursor)
    found = await proximity.within_distance(
        reader, sight, wanted, start, radius_m=radius_m, after=after, limit=limit + 1
    )
    links = [self_link(request)]
    if len(found.rows) > limit:
        last = found.rows[limit - 1]
        links.append(
            next_link(request, encode_cursor(DistancePage(last.get("sql_m", last["distance_m"]), last["id"])))
        )
    stale_days = state.settings.stale_after_days
    order = Ranking(margin_m=start.margin_m)
    ask = Answering(reader, sight, wanted, start, order, now, stale_days, explain)
    return await answer(ask, Hits(found.rows[:limit], found.unlocated), radius_m, links)


class Within(Near, frozen=True, kw_only=True, tag="FeatureCollection"):
    """What lies within a shape; `complete` is false when there is more than the limit."""

    complete: bool


@post("/within", media_type=GEOJSON, status_code=200)
async def ask_within(
    request: HttpRequest,
    state: State,
    reader: ReaderDep,
    sight: SightDep,
    data: JSONBody[WithinQuestion],
) -> Within:
    """Everything inside an area or corridor, or within radius_m of its edge, nearest first."""
    async with reader.snapshot(one_plan=True) as snapshot:
        ask = await prepared(snapshot, sight, data, state.settings.stale_after_days)
        found = await proximity.within_distance(
            snapshot, sight, ask.wanted, ask.start, radius_m=data.radius_m, limit=data.limit + 1
        )
        kept = Hits(found.rows[: data.limit], found.unlocated)
        near = await answer(ask, kept, data.radius_m, [self_link(request)])
        return Within(**msgspec.structs.asdict(near), complete=len(found.rows) <= data.limit)
