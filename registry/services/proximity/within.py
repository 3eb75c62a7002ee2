"""The resources within a distance of an origin, or inside it."""

from typing import NamedTuple

from registry.domain.access.sight import Sight
from registry.domain.cursor import DistanceCursor
from registry.domain.proximity.origin import Origin
from registry.domain.proximity.ranking import Ranking
from registry.services.proximity.answer import Near, ResourceQuestion, has_undecided, near
from registry.services.proximity.start import start_of
from registry.store.database.one_view import from_one_view
from registry.store.database.pool import Reader
from registry.store.proximity.knn_columns import Hits
from registry.store.proximity.within import within_distance


class NearPage(NamedTuple):
    """One page of hits, and where the next one starts when there are more."""

    near: Near
    next_page: DistanceCursor | None


async def within(
    reader: Reader, sight: Sight, question: ResourceQuestion, origin: Origin, *, radius_m: float, limit: int,
    after: DistanceCursor | None = None,
) -> NearPage:  # fmt: skip
    """The first `limit` resources at most `radius_m` from the edge of the origin, nearest first."""

    async def answer(reader: Reader) -> NearPage:
        start = await start_of(reader, origin)
        hits = await within_distance(
            reader, sight, question.filter, start, radius_m=radius_m, after=after, limit=limit + 1
        )
        page = Hits(hits.rows[:limit], hits.unlocated)
        order = Ranking(margin_m=start.margin_m)
        found = await near(reader, sight, question, order, start, page, radius_m)
        return NearPage(found, _next_page(hits, limit))

    return await from_one_view(reader, answer, several=has_undecided(question))


def _next_page(hits: Hits, limit: int) -> DistanceCursor | None:
    """Where the next page starts: after the distance that the statement ordered by, not the measured one."""
    if len(hits.rows) <= limit:
        return None
    last = hits.rows[limit - 1]
    return DistanceCursor(last.get("sql_m", last["distance_m"]), last["id"])
