"""The resources within a distance of an origin, or inside it."""

from collections.abc import Sequence
from typing import NamedTuple

from registry.domain.access.sight import Sight
from registry.domain.cursor import DistanceCursor
from registry.domain.proximity.origin import Origin
from registry.domain.proximity.ranking import Ranking
from registry.services.proximity.answer import Near, ResourceQuestion, hit_context, near
from registry.services.proximity.start import start_of
from registry.services.proximity.undecided import doubt_of
from registry.store.database.pool import Reader, Row
from registry.store.proximity.knn_columns import Hits
from registry.store.proximity.undecided import SearchBound
from registry.store.proximity.within import within_distance


class NearPage(NamedTuple):
    """One page of hits, and where the next one starts when there are more."""

    near: Near
    next_page: DistanceCursor | None


async def within(
    reader: Reader, sight: Sight, question: ResourceQuestion, origin: Origin, *, radius_m: float, limit: int,
    after: DistanceCursor | None = None,
) -> NearPage:  # fmt: skip
    """The first `limit` resources at most `radius_m` from the edge of the origin, nearest first.

    What could not be decided is the same on every page.
    """
    async with reader.snapshot(one_plan=True) as snapshot:
        start = await start_of(snapshot, origin)
        rows = await within_distance(
            snapshot, sight, question.filter, start, radius_m=radius_m, after=after, limit=limit + 1
        )
        doubt = await doubt_of(snapshot, sight, start, SearchBound(question.filter, radius_m))
        context = hit_context(question, start, Ranking(margin_m=start.margin_m), radius_m)
        page = await near(snapshot, sight, question, context, Hits(rows[:limit]), doubt)
        return NearPage(page, _next_page(rows, limit))


def _next_page(rows: Sequence[Row], limit: int) -> DistanceCursor | None:
    """Where the next page starts: after the distance that the statement ordered by, not the measured one."""
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return DistanceCursor(last.get("sql_m", last["distance_m"]), last["id"])
