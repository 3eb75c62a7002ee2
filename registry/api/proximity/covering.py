"""Which watch points cover a spot, and for which nobody can tell."""

from typing import Any

import msgspec
from litestar import Request, get
from litestar.datastructures import State
from litestar.di import NamedDependency

from registry.api.links import GEOJSON, self_link
from registry.api.provide import Asks, Sees
from registry.api.proximity import starting
from registry.api.proximity.asking import Asked
from registry.api.proximity.hits import describing, hit
from registry.api.proximity.watching import WATCHER, UntestedList, judged
from registry.domain.errors import InvalidQuery
from registry.domain.geojson import FeatureCollection
from registry.domain.ranking import Ranking
from registry.domain.sight import Sight
from registry.store import origins
from registry.store.pool import Reader


class Covering(FeatureCollection, frozen=True, kw_only=True, tag="FeatureCollection"):
    """Watch points whose radius reaches the spot, nearest first; an empty list is an answer."""

    origin: dict[str, Any]
    untested: UntestedList
    ruled_out: int
    assumed_extent: list[str]


@get("/covering", media_type=GEOJSON)
async def find_covering(
    request: Request[Any, Any, Any], state: State, reader: Asks, sight: Sees, asked: NamedDependency[Asked]
) -> Covering:
    """The watch points whose own radius reaches the spot, and the names of those that could not be tested."""
    if asked.wanted.kind not in (None, WATCHER) or asked.wanted.kinds not in (None, (WATCHER,)):
        raise InvalidQuery("only fire watch points cover a spot", field="kind")
    wanted = msgspec.structs.replace(asked.wanted, kind=WATCHER, kinds=None)
    question = msgspec.structs.replace(asked, wanted=wanted)
    async with reader.snapshot(one_plan=True) as snapshot:
        links = [self_link(request)]
        return await covered(snapshot, sight, question, state.settings.stale_after_days, links)


async def covered(
    reader: Reader, sight: Sight, asked: Asked, stale_days: float, links: list[dict[str, str]]
) -> Covering:
    """The answer for watch points that meet the conditions."""
    start = origins.only_spot(await starting.start(reader, asked.origin))
    found = await judged(reader, sight, asked.wanted, start)
    rows = [row for row, _ in found.sure]
    with_ = await describing(reader, start, Ranking(), asked.wanted, asked.now, stale_days, rows)
    return Covering(
        [hit(row, with_, certain=certain) for row, certain in found.sure],
        links,
        origin=start.said,
        untested=found.untested,
        ruled_out=found.ruled_out,
        assumed_extent=found.assumed_extent,
    )
