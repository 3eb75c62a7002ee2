"""A question about resources as a value, and what every answer about nearness is made of."""

from collections.abc import Mapping, Sized
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType, structs

from registry.domain.access.sight import Sight
from registry.domain.completeness import FeatureSetAnswer, why_none
from registry.domain.conditions import Conditions, Filter, filter_of
from registry.domain.errors import InvalidQuery, NotFound
from registry.domain.incidents.cordon import CordonInForce
from registry.domain.proximity.figures import HitContext, hit
from registry.domain.proximity.origin import Start
from registry.domain.proximity.ranking import Ranking
from registry.domain.records.resource import Kind
from registry.domain.roads.answer import RoadsUsed
from registry.services.completeness import completeness_of
from registry.services.incidents.cordons_near import cordons_of
from registry.services.proximity.openings import opening_figures, openings_of
from registry.services.proximity.undecided import Doubt
from registry.store.database.moment import moment
from registry.store.database.pool import Reader
from registry.store.places import places
from registry.store.proximity.knn_columns import Hits

BY_DISTANCE = Ranking()
NOTHING_MORE: Mapping[UUID, Mapping[str, Any]] = {}


class ResourceQuestion(msgspec.Struct, frozen=True):
    """Which resources, and when; a record is stale that was verified longer ago than `stale_after`."""

    filter: Filter
    asked_at: datetime
    stale_after: timedelta


def question_of(conditions: Conditions, sight: Sight, stale_after_days: float) -> ResourceQuestion:
    """The question at the instant of the sight, or now."""
    at = sight.as_of or datetime.now(UTC)
    return ResourceQuestion(filter_of(conditions, at), at, timedelta(days=stale_after_days))


class Near(FeatureSetAnswer, frozen=True, kw_only=True, tag="FeatureCollection"):
    """Hits in order. A hit is `certain` that belongs wherever it may be."""

    origin: Mapping[str, Any]
    ranked_by: str
    cordons: list[CordonInForce] | UnsetType = UNSET
    """Cordons in force in which or behind which some of it lies."""
    roads: RoadsUsed | UnsetType = UNSET
    """The roads that minutes are counted on, of an answer in minutes."""


async def near(
    reader: Reader, sight: Sight, question: ResourceQuestion, context: HitContext, hits: Hits, doubt: Doubt,
    more: Mapping[UUID, Mapping[str, Any]] = NOTHING_MORE,
) -> Near:  # fmt: skip
    """The hits as features, with what could not be decided and how complete the list is.

    `more` are further figures of hits, by identity.
    """
    await require_place(reader, question.filter, hits.rows)
    at = await moment(reader) if hits.possible is None else hits.possible.moment
    cordons = await cordons_of(reader, sight, context.start, hits.rows, at)
    openings = await openings_of(reader, hits.rows, question.asked_at)
    answer = Near(
        features=[
            hit(
                row,
                context,
                **cordons.figures(row),
                **opening_figures(openings, row),
                **more.get(row["id"], {}),
            )
            for row in hits.rows
        ],
        origin=context.start.described,
        ranked_by=context.ranking.rank,
        completeness=await completeness_of(reader, sight, question.filter, at),
        undecided=doubt.undecided,
        excluded=doubt.excluded,
        cordons=cordons.in_force or UNSET,
    )
    return answer if answer.features else structs.replace(answer, none=why_none(answer))


async def require_place(reader: Reader, wanted: Filter, hits: Sized) -> None:
    """NotFound when nothing was found under a place that does not exist: its code may be mistyped."""
    code = wanted.place
    if code is not None and not hits and not await places.ancestors(reader, code):
        raise NotFound("place", code)


def hit_context(
    question: ResourceQuestion, start: Start, ranking: Ranking = BY_DISTANCE, bound_m: float | None = None
) -> HitContext:
    """What the hits of one answer share; they belong for certain within `bound_m`."""
    conditions = conditions_of(question.filter)
    return HitContext(start, ranking, conditions, question.asked_at, question.stale_after, bound_m)


def of_kind(wanted: Filter, kind: Kind, detail: str) -> Filter:
    """The filter narrowed to one kind; InvalidQuery with this detail when it names another."""
    if wanted.kind not in (None, kind) or wanted.kinds not in (None, (kind,)):
        raise InvalidQuery(detail, field="kind")
    return structs.replace(wanted, kind=kind, kinds=None)


def conditions_of(wanted: Filter) -> dict[str, Any]:
    """The conditions of a question by name, as an answer repeats them."""
    return {name: value for name, value in wanted.given().items() if name != "valid_at"}
