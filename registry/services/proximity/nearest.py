"""The k nearest resources to an origin."""

from collections.abc import Mapping

from registry.domain.access.sight import Sight
from registry.domain.proximity.figures import greatest_m
from registry.domain.proximity.origin import Origin, Start
from registry.domain.proximity.ranking import Pace, Rank, Ranking, ranking
from registry.domain.records.resource import Kind
from registry.services.proximity.answer import Near, ResourceQuestion, hit_context, near
from registry.services.proximity.start import start_of
from registry.services.proximity.undecided import Doubt, doubt_among, doubt_of
from registry.store.database.one_view import from_one_view
from registry.store.database.pool import Reader
from registry.store.filters import is_broad
from registry.store.proximity import nearest as knn
from registry.store.proximity.knn_columns import Hits
from registry.store.proximity.undecided import SearchBound


async def nearest(
    reader: Reader, sight: Sight, question: ResourceQuestion, origin: Origin, *, k: int,
    max_m: float | None = None, rank: Rank = "distance", paces: Mapping[Kind, Pace] | None = None,
) -> Near:  # fmt: skip
    """The k nearest resources, none beyond `max_m`, in the order of `rank`; `arrival` needs paces."""

    async def answer(reader: Reader) -> Near:
        start = await start_of(reader, origin)
        order = ranking(rank, start.margin_m, paces or {}, question.filter)
        hits = await knn.nearest(reader, sight, question.filter, start, k=k, max_m=max_m, ranking=order)
        doubt = await _doubt(reader, sight, question, start, order, hits, k, max_m)
        return await near(reader, sight, question, hit_context(question, start, order, max_m), hits, doubt)

    simple = origin.lon is not None and rank == "distance" and is_broad(question.filter)
    return await from_one_view(reader, answer, several=not simple)


async def _doubt(
    reader: Reader, sight: Sight, question: ResourceQuestion, start: Start, order: Ranking, hits: Hits,
    k: int, max_m: float | None,
) -> Doubt:  # fmt: skip
    if hits.possible is not None:
        return await doubt_among(reader, start, hits.possible)
    bound = search_bound(question, start, hits, k, max_m)
    if order.rank != "distance":
        bound = bound._replace(inside_m=None, scanned=None, hits=tuple(row["id"] for row in hits.rows))
    return await doubt_of(reader, sight, start, bound)


def search_bound(
    question: ResourceQuestion, start: Start, hits: Hits, k: int, max_m: float | None
) -> SearchBound:
    """How far a record may be that is among the first k, by the hits in the order of their distance."""
    if len(hits.rows) < k:
        return SearchBound(question.filter, max_m)
    reach_m = max(greatest_m(row, start) for row in hits.rows)
    inside_m = start.distance_m(hits.rows[-1]["distance_m"])
    bound_m = reach_m if max_m is None else min(reach_m, max_m)
    return SearchBound(question.filter, bound_m, inside_m, hits.scanned)
