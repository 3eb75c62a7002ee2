"""The k nearest resources to each of many spots."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType, structs

from registry.domain.access.sight import Sight
from registry.domain.completeness import (
    Excluded,
    SetAnswer,
    Undecided,
    UndecidedRecord,
    why_none,
)
from registry.domain.conditions import Conditions, Filter, filter_of
from registry.domain.errors import InvalidQuery
from registry.domain.plans.provision import Words
from registry.domain.proximity.edges import joined
from registry.domain.proximity.figures import distances, greatest_m, is_certain
from registry.domain.proximity.origin import Origin, Start, form_of, start_of_spot
from registry.domain.proximity.undecided import describe_undecided, first_of, may_be_within, places_of
from registry.domain.roads.answer import RoadsUsed, UnknownTime
from registry.services.completeness import completeness_of
from registry.services.proximity.answer import require_place
from registry.services.proximity.undecided import doubt_of
from registry.store.database.pool import Reader, Row
from registry.store.filters import is_broad
from registry.store.proximity import batches
from registry.store.proximity.batches import MayBeNearer
from registry.store.proximity.nearest import nearest
from registry.store.proximity.possible import Extents, extents
from registry.store.proximity.undecided import SearchBound


class Assignment(msgspec.Struct, frozen=True):
    """The answer for one origin: its number from 0, its hits nearest first, and who may be nearer.

    `undecided` lists up to five identities; `more_undecided` says that there are more.
    """

    origin: int
    """Number of the origin in the question, from 0."""
    hits: list[dict[str, Any]]
    undecided: list[str]
    more_undecided: bool
    unknown: list[UnknownTime] | UnsetType = UNSET
    """By minutes: records near enough without a time by road, the nearest 50."""


class Assignments(SetAnswer, frozen=True, kw_only=True):
    """Answers in the order of the origins; each resource is once in `features`.

    `undecided` names what is undecided of any origin, with its distances from that origin. `excluded` counts
    what conditions keep out up to the farthest hit of any origin.
    """

    answers: list[Assignment]
    features: list[msgspec.Raw]
    none: Words | UnsetType = UNSET
    roads: RoadsUsed | UnsetType = UNSET
    """The roads that minutes are counted on, of an answer in minutes."""


async def assign(
    reader: Reader, sight: Sight, conditions: Conditions, origins: Sequence[Origin], *, k: int,
    max_m: float | None, with_features: bool = True,
) -> Assignments:  # fmt: skip
    """The k nearest resources to each spot, none beyond `max_m`; InvalidQuery for any other origin."""
    wanted = filter_of(conditions, sight.as_of or datetime.now(UTC))
    starts = starts_of(origins)
    async with reader.snapshot(one_plan=True) as snapshot:
        batch = await batches.nearest(snapshot, sight, wanted, starts, k=k, max_m=max_m)
        every = [
            rows
            if rows is not None
            else (await nearest(snapshot, sight, wanted, start, k=k, max_m=max_m)).rows
            for rows, start in zip(batch, starts, strict=True)
        ]
        ids = sorted({row["id"] for rows in every for row in rows})
        await require_place(snapshot, wanted, ids)
        features = await batches.features(snapshot, sight, ids) if ids and with_features else []
        bounds = [_bound_m(rows, start, k, max_m) for rows, start in zip(every, starts, strict=True)]
        reaches = [
            None if bound is None else bound + start.margin_m
            for bound, start in zip(bounds, starts, strict=True)
        ]
        possible = await batches.may_be_nearer(snapshot, sight, wanted, starts, reaches, every)
        known = await extents(snapshot, places_of([row for one in possible for row in one.rows]))
        named = [_named(*each, known) for each in zip(possible, starts, bounds, strict=True)]
        answer = Assignments(
            answers=[
                _assignment(number, *each, max_m)
                for number, each in enumerate(zip(every, starts, named, strict=True))
            ],
            features=[msgspec.Raw(row["feature"]) for row in features],
            completeness=await completeness_of(snapshot, sight, wanted),
            undecided=_of_any(named),
            excluded=await excluded_of_any(snapshot, sight, wanted, starts, bounds),
        )
    return answer if ids else structs.replace(answer, none=why_none(answer))


def starts_of(origins: Sequence[Origin]) -> list[Start]:
    """The spots of a batch; InvalidQuery for any other origin."""
    return [_start(number, origin) for number, origin in enumerate(origins)]


def _start(number: int, origin: Origin) -> Start:
    if form_of(origin) != "lon":
        raise InvalidQuery("a batch is asked from spots: give lon and lat", field=f"origins[{number}]")
    return start_of_spot(origin)


def _bound_m(hits: Sequence[Row], start: Start, k: int, max_m: float | None) -> float | None:
    """How far a record may be that is among the first k."""
    if len(hits) < k:
        return max_m
    reach_m = max(greatest_m(row, start) for row in hits)
    return reach_m if max_m is None else min(reach_m, max_m)


class _Named(NamedTuple):
    """The undecided records of one spot that its answer names, and whether there are more of them."""

    records: list[UndecidedRecord]
    more: bool


def _named(possible: MayBeNearer, start: Start, bound_m: float | None, known: Extents) -> _Named:
    """The records that may be within the bound of one spot."""
    records = [describe_undecided(row, start, known, bound_m=bound_m) for row in possible.rows]
    within = [record for record in records if may_be_within(record, bound_m)]
    more = possible.more or len(within) > batches.MOST_OF_EACH
    return _Named(within[: batches.MOST_OF_EACH], more)


def _of_any(named: Sequence[_Named]) -> Undecided:
    """What is undecided of any spot, each record with its distances from the spot that it may be nearest."""
    every = sorted(
        (record for one in named for record in one.records),
        key=lambda record: -(record.distance_min_m or 0.0),
    )
    unique = [*{record.id: record for record in every}.values()]
    return first_of(unique, more=any(one.more for one in named))


def _assignment(
    number: int, hits: Sequence[Row], start: Start, named: _Named, max_m: float | None
) -> Assignment:
    return Assignment(
        number,
        [_hit(row, start, max_m) for row in hits],
        [record.id for record in named.records],
        named.more,
    )


def _hit(row: Row, start: Start, max_m: float | None) -> dict[str, Any]:
    certain = {"certain": is_certain(row, start, max_m)}
    return {"id": str(row["id"]), "kind": row["kind"]} | distances(row, start) | certain


async def excluded_of_any(
    reader: Reader, sight: Sight, wanted: Filter, starts: Sequence[Start], bounds: Sequence[float | None]
) -> Excluded:
    """What conditions keep out up to the farthest bound of any spot."""
    if is_broad(wanted):
        return {}
    spots = Start(shape=joined((None, start.lon, start.lat, start.margin_m) for start in starts))
    known = [bound for bound in bounds if bound is not None]
    bound_m = max(known) if len(known) == len(bounds) else None
    return (await doubt_of(reader, sight, spots, SearchBound(wanted, bound_m))).excluded
