"""A question about resources as a value, and what every answer about nearness is made of."""

from collections.abc import Sequence, Sized
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import structs

from registry.domain.access.sight import Sight
from registry.domain.conditions import Conditions, Filter, filter_of
from registry.domain.errors import InvalidQuery, NotFound
from registry.domain.geojson import FeatureCollection
from registry.domain.proximity.figures import HitContext, hit, mm, unknown_values
from registry.domain.proximity.origin import Start
from registry.domain.proximity.ranking import Ranking
from registry.domain.records.resource import Kind
from registry.store.database.pool import Reader, Row
from registry.store.filters import has_open_condition
from registry.store.places import places
from registry.store.proximity import within
from registry.store.proximity.knn_columns import MOST_COUNTED, Hits
from registry.store.proximity.within import SearchBound

BY_DISTANCE = Ranking()


class ResourceQuestion(msgspec.Struct, frozen=True):
    """Which resources, and when; a record is stale that was verified longer ago than `stale_after`.

    With `explain` the undecided records are listed, not only counted.
    """

    filter: Filter
    asked_at: datetime
    stale_after: timedelta
    explain: bool = False


def question_of(
    conditions: Conditions, sight: Sight, stale_after_days: float, *, explain: bool = False
) -> ResourceQuestion:
    """The question at the instant of the sight, or now."""
    at = sight.as_of or datetime.now(UTC)
    stale_after = timedelta(days=stale_after_days)
    return ResourceQuestion(filter_of(conditions, at), at, stale_after, explain)


class Near(FeatureCollection, frozen=True, kw_only=True, tag="FeatureCollection"):
    """Hits in order; `unlocated` counts records that meet the conditions but have no position, up to 50.

    `left_out` counts the undecided records within a distance by the value that is unknown.
    """

    origin: dict[str, Any]
    ranked_by: str
    unlocated: int
    more_unlocated: bool = False
    left_out: dict[str, Any] = msgspec.field(default_factory=dict)


async def near(
    reader: Reader, sight: Sight, question: ResourceQuestion, ranking: Ranking, start: Start, hits: Hits,
    bound_m: float,
) -> Near:  # fmt: skip
    """The hits as features, with counts of the undecided records up to `bound_m`."""
    await require_place(reader, question.filter, hits.rows)
    context = hit_context(question, start, ranking)
    left_out: dict[str, Any] = {}
    if has_undecided(question):
        bound = SearchBound(question.filter, bound_m, hits.scanned)
        left_out = await undecided(reader, sight, start, bound, explain=question.explain)
    return Near(
        [hit(row, context) for row in hits.rows],
        origin=start.described,
        ranked_by=ranking.rank,
        unlocated=min(hits.unlocated, MOST_COUNTED),
        more_unlocated=hits.unlocated > MOST_COUNTED,
        left_out=left_out,
    )


def has_undecided(question: ResourceQuestion) -> bool:
    """Whether undecided records have to be read: an unknown value may matter, or they are to be listed."""
    return question.explain or has_open_condition(question.filter)


async def require_place(reader: Reader, wanted: Filter, hits: Sized) -> None:
    """NotFound when nothing was found under a place that does not exist: its code may be mistyped."""
    code = wanted.place
    if code is not None and not hits and not await places.ancestors(reader, code):
        raise NotFound("place", code)


def hit_context(question: ResourceQuestion, start: Start, ranking: Ranking = BY_DISTANCE) -> HitContext:
    """What the hits of one answer share."""
    conditions = conditions_of(question.filter)
    return HitContext(start, ranking, conditions, question.asked_at, question.stale_after)


def of_kind(wanted: Filter, kind: Kind, detail: str) -> Filter:
    """The filter narrowed to one kind; InvalidQuery with this detail when it names another."""
    if wanted.kind not in (None, kind) or wanted.kinds not in (None, (kind,)):
        raise InvalidQuery(detail, field="kind")
    return structs.replace(wanted, kind=kind, kinds=None)


def conditions_of(wanted: Filter) -> dict[str, Any]:
    """The conditions of a question by name, as an answer repeats them."""
    return {name: value for name, value in wanted.given().items() if name != "valid_at"}


async def undecided(
    reader: Reader, sight: Sight, start: Start, bound: SearchBound, *, explain: bool
) -> dict[str, Any]:
    """How many records each unknown value leaves undecided; with `explain` they are also listed."""
    (rows,) = await within.find_undecided(reader, sight, [bound], start)
    counts = undecided_counts(rows, bound.bound_m)
    if explain:
        names = unknown_values(rows)
        listed = [_listed(row, [name for name in names if row[name]], start) for row in rows[:MOST_COUNTED]]
        unlocated = await within.unlocated(reader, sight, bound.wanted)
        counts["listed"] = listed + [_listed(row, ["no_location"]) for row in unlocated[:MOST_COUNTED]]
    return counts


def undecided_counts(rows: Sequence[Row], bound_m: float) -> dict[str, Any]:
    """How many of the records each unknown value leaves undecided, and how far they were searched."""
    if not rows:
        return {}
    return unknown_values(rows) | {"within_m": mm(bound_m), "more": len(rows) > MOST_COUNTED}


def _listed(row: Row, reasons: list[str], start: Start | None = None) -> dict[str, Any]:
    name = {"zh": row["name_zh"], "en": row["name_en"]}
    listed: dict[str, Any] = {"id": str(row["id"]), "kind": row["kind"], "name": name, "reasons": reasons}
    if start is not None:
        listed["distance_m"] = mm(start.distance_m(row["distance_m"]))
    return listed
