"""The k nearest resources to an origin."""

from collections.abc import Mapping

from registry.domain.access.sight import Sight
from registry.domain.proximity.origin import Origin
from registry.domain.proximity.ranking import Pace, Rank, ranking
from registry.domain.records.resource import Kind
from registry.services.proximity.answer import Near, ResourceQuestion, has_undecided, near
from registry.services.proximity.start import start_of
from registry.store.database.one_view import from_one_view
from registry.store.database.pool import Reader
from registry.store.proximity import nearest as knn

FAR_M = 50_000.0
"""How far undecided records are searched for when neither `max_m` nor the hits bound the question."""


async def nearest(
    reader: Reader, sight: Sight, question: ResourceQuestion, origin: Origin, *, k: int,
    max_m: float | None = None, rank: Rank = "distance", paces: Mapping[Kind, Pace] | None = None,
) -> Near:  # fmt: skip
    """The k nearest resources, none beyond `max_m`, in the order of `rank`; `arrival` needs paces."""

    async def answer(reader: Reader) -> Near:
        start = await start_of(reader, origin)
        order = ranking(rank, start.margin_m, paces or {}, question.filter)
        hits = await knn.nearest(reader, sight, question.filter, start, k=k, max_m=max_m, ranking=order)
        bound_m = FAR_M if max_m is None else max_m
        if len(hits.rows) == k:
            bound_m = max(start.distance_m(row["distance_m"]) for row in hits.rows)
        return await near(reader, sight, question, order, start, hits, bound_m)

    return await from_one_view(reader, answer, several=has_undecided(question))
