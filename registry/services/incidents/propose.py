"""Propose units for an incident: the fittest of the nearest, each with arrival, telephones and cordons."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, structs

from registry.domain.access.sight import Sight
from registry.domain.completeness import SetAnswer, why_none
from registry.domain.conditions import Conditions
from registry.domain.incidents.cordon import Cordon
from registry.domain.plans.provision import Words
from registry.domain.proximity.figures import distances, hit
from registry.domain.proximity.fitness import Fitness, fitness_of
from registry.domain.proximity.hazard import specialties_for
from registry.domain.proximity.origin import Start
from registry.domain.proximity.ranking import Pace, Paces
from registry.services.completeness import completeness_of
from registry.services.incidents.cordons_near import CordonsOfAnswer, cordons_around, cordons_of
from registry.services.incidents.dispatch import CommittedTo, where_committed
from registry.services.incidents.start import read_incident, start_of_incident
from registry.services.proximity.answer import hit_context, question_of
from registry.services.proximity.nearest import search_bound
from registry.services.proximity.undecided import doubt_of
from registry.store.database.pool import Reader, Row
from registry.store.proximity.nearest import nearest_of_each
from registry.store.records import contacts


class Arrival(Struct, frozen=True, kw_only=True):
    """When a unit may be there, in minutes: an estimate over the straight line, at least and at most."""

    minutes: float
    minutes_min: float
    minutes_max: float
    speed_kmh: float
    detour: float
    source: str


class Proposal(SetAnswer, frozen=True, kw_only=True):
    """The units in the order of fitness: readiness, specialty, personnel where asked, then nearness.

    `arrival` of a unit is None where no pace is configured.
    """

    incident: UUID
    order: Words
    """The rule that the order follows, in words."""
    features: list[Raw]
    cordons: list[Cordon]
    origin: Mapping[str, Any]
    none: Words | UnsetType = UNSET


ORDER = Words(
    "先看备勤状态（可用、不明、休班、已派、不可用），再看专业、人数是否足够，最后看距离",
    "readiness first (available, unknown, off duty, committed, unavailable), then specialty, then enough"
    " personnel, then distance",
)


class _Members(Struct):
    personnel: int | None = None


class _Feature(Struct):
    properties: _Members


_DECODER = msgspec.json.Decoder(_Feature)


async def propose(
    reader: Reader,
    sight: Sight,
    identity: UUID,
    *,
    k: int,
    personnel: int | None,
    max_m: float | None,
    paces: Paces,
    stale_after_days: float,
) -> Proposal:
    """The k fittest of the nearest units for an incident's hazard, with what could not be decided."""
    async with reader.snapshot() as snapshot:
        incident = await read_incident(snapshot, sight, identity)
        start = await start_of_incident(snapshot, incident)
        specialties = specialties_for(incident.hazard)
        conditions = Conditions(kind="rescue_team", specialties_any=specialties)
        question = question_of(conditions, sight, stale_after_days)
        ready = question_of(structs.replace(conditions, readiness="available"), sight, stale_after_days)
        filters = [question.filter, ready.filter]
        nearest, available = await nearest_of_each(snapshot, sight, filters, start, k=k, max_m=max_m)
        bound = search_bound(question, start, nearest, k, max_m)
        doubt = await doubt_of(snapshot, sight, start, bound)
        rows = {row["id"]: row for row in [*nearest.rows, *available.rows]}
        fit = {key: fitness_of(row["feature"], specialties) for key, row in rows.items()}
        ranked = sorted(rows.values(), key=lambda row: _rank(row, fit[row["id"]], personnel))[:k]
        ids = [row["id"] for row in ranked]
        numbers = await contacts.telephones(snapshot, sight, ids)
        held = await where_committed(snapshot, sight, ids)
        cordons = await cordons_around(snapshot, sight, start)
        related = await cordons_of(snapshot, sight, start, ranked)
        context = hit_context(question, start, bound_m=max_m)
        answer = Proposal(
            incident=identity,
            order=ORDER,
            features=[
                hit(
                    row,
                    context,
                    fitness=fit[row["id"]],
                    telephones=numbers.get(row["id"], []),
                    **_beside(row, start, held, paces, related),
                )
                for row in ranked
            ],
            cordons=cordons,
            origin=start.described,
            completeness=await completeness_of(snapshot, sight, question.filter),
            undecided=doubt.undecided,
            excluded=doubt.excluded,
        )
    return answer if answer.features else structs.replace(answer, none=why_none(answer))


def _rank(row: Row, fitness: Fitness, personnel: int | None) -> tuple[Any, ...]:
    """Fitness before metres; a team whose personnel nobody stated comes after those that are enough."""
    stated = _DECODER.decode(row["feature"]).properties.personnel
    short = personnel is not None and (stated is None or stated < personnel)
    return *fitness.rank, short, row["distance_m"], str(row["id"])


def _beside(
    row: Row, start: Start, held: Mapping[UUID, CommittedTo], paces: Paces, cordons: CordonsOfAnswer
) -> dict[str, object]:
    figures: dict[str, object] = {"arrival": arrival(row, start, paces.get("rescue_team"))}
    if row["id"] in held:
        figures["committed_to"] = held[row["id"]]
    return figures | cordons.figures(row)


def arrival(row: Row, start: Start, pace: Pace | None) -> Arrival | None:
    """The estimated arrival of a hit, with the interval that the uncertain positions allow."""
    if pace is None:
        return None
    figures, each = distances(row, start), pace.seconds_per_m() / 60
    minutes = {name: round(figures[f"distance{name}_m"] * each, 2) for name in ("", "_min", "_max")}
    return Arrival(
        minutes=minutes[""],
        minutes_min=minutes["_min"],
        minutes_max=minutes["_max"],
        speed_kmh=pace.speed_kmh,
        detour=pace.detour,
        source=pace.source,
    )
