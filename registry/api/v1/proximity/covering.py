"""Which watch points cover a spot, and for which nobody can tell."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.params import JSONBody

from registry.api.http.dependencies import ReaderDep, SightDep
from registry.api.http.links import GEOJSON, self_link
from registry.api.http.request import HttpRequest
from registry.api.v1.proximity import params
from registry.api.v1.proximity.nearest import FAR_M, Question
from registry.api.v1.proximity.params import ConditionsDep, OriginDep
from registry.domain.access.sight import Sight
from registry.domain.conditions import Conditions, filter_of
from registry.domain.errors import InvalidQuery
from registry.domain.geojson import FeatureCollection
from registry.domain.proximity.origin import Origin, as_spot
from registry.domain.proximity.ranking import Ranking
from registry.services.proximity import start as starting
from registry.services.proximity.hits import check_place, describing, hit, left_out
from registry.services.proximity.watching import WATCHER, UntestedList, judged
from registry.store.database.pool import Reader
from registry.store.proximity.within import SearchBound


class Covering(FeatureCollection, frozen=True, kw_only=True, tag="FeatureCollection"):
    """Watch points whose radius reaches the spot, nearest first; an empty list is an answer.

    A drawn origin is somewhere in the disc that holds all of it.
    """

    origin: dict[str, Any]
    untested: UntestedList
    ruled_out: int
    assumed_extent: list[str]
    left_out: dict[str, Any]


@get("/covering", media_type=GEOJSON)
async def find_covering(
    request: HttpRequest,
    state: State,
    reader: ReaderDep,
    sight: SightDep,
    conditions: ConditionsDep,
    origin: OriginDep,
    explain: params.Explain = False,
) -> Covering:
    """The watch points whose own radius reaches the spot, and the names of those that could not be tested."""
    links = [self_link(request)]
    async with reader.snapshot(one_plan=True) as snapshot:
        return await covered(
            snapshot, sight, conditions, origin, state.settings.stale_after_days, links, explain
        )


@post("/covering", media_type=GEOJSON, status_code=200)
async def ask_covering(
    request: HttpRequest,
    state: State,
    reader: ReaderDep,
    sight: SightDep,
    data: JSONBody[Question],
) -> Covering:
    """The watch points that reach any origin: for a drawn one, the disc that holds all of it."""
    links = [self_link(request)]
    async with reader.snapshot(one_plan=True) as snapshot:
        return await covered(
            snapshot, sight, data.where, data.origin, state.settings.stale_after_days, links, data.explain
        )


async def covered(
    reader: Reader,
    sight: Sight,
    conditions: Conditions,
    origin: Origin,
    stale_days: float,
    links: list[dict[str, str]],
    explain: bool = False,
) -> Covering:
    """The answer for watch points that meet the conditions."""
    now = sight.as_of or datetime.now(UTC)
    wanted = filter_of(conditions, now)
    if wanted.kind not in (None, WATCHER) or wanted.kinds not in (None, (WATCHER,)):
        raise InvalidQuery("only fire watch points cover a spot", field="kind")
    wanted = msgspec.structs.replace(wanted, kind=WATCHER, kinds=None)
    start = as_spot(await starting.start_of(reader, origin))
    found = await judged(reader, sight, wanted, start)
    await check_place(reader, wanted, found.sure)
    rows = [row for row, _ in found.sure]
    with_ = await describing(reader, start, Ranking(), wanted, now, stale_days, rows)
    return Covering(
        [hit(row, with_, certain=certain) for row, certain in found.sure],
        links,
        origin=start.described,
        untested=found.untested,
        ruled_out=found.ruled_out,
        assumed_extent=found.assumed_extent,
        left_out=await left_out(reader, sight, start, SearchBound(wanted, FAR_M), explain=explain),
    )
