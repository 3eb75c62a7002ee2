"""Everything about an alarm: places, watch points, help, rules and whom to call, as of one instant."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, structs

from registry.domain.access.sight import Sight
from registry.domain.completeness import SetAnswer, why_none
from registry.domain.conditions import OWN_SCHEME, CodedText, Conditions, Filter, filter_of
from registry.domain.incidents.cordon import CordonInForce
from registry.domain.plans.call_list import CallList
from registry.domain.plans.provision import Words
from registry.domain.proximity.figures import HitContext, hit
from registry.domain.proximity.fitness import fitness_of
from registry.domain.proximity.hazard import specialties_for
from registry.domain.proximity.origin import Origin, Start, as_spot
from registry.domain.records.resource import Tier
from registry.domain.values import CodeOf, Count, Metres
from registry.services.completeness import completeness_of
from registry.services.incidents.cordons_near import cordons_of
from registry.services.plans.call_list import list_responsible
from registry.services.proximity.answer import ResourceQuestion, hit_context, question_of
from registry.services.proximity.covering import WATCH_POINT, evaluate_watch_points, features
from registry.services.proximity.nearest import search_bound
from registry.services.proximity.openings import opening_figures, openings_of
from registry.services.proximity.rules import LocalRules, rules_at
from registry.services.proximity.start import start_of
from registry.services.proximity.undecided import Doubt, doubt_of_each
from registry.store.database.pool import Reader, Row
from registry.store.places import places
from registry.store.proximity.nearest import nearest_of_each
from registry.store.records import contacts
from registry.store.records.contacts import Telephones

MOST_PLACES = 60
"""Limit on places that hold a part of the origin; those that hold all of it are few."""
TIERS: tuple[Tier, ...] = ("community", "town", "district")
"""Tiers of depots, from the first resort to the last."""


class Alarm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where something happens, and what; `k` of each kind of help, `persons` to shelter."""

    origin: Origin
    """Where it happens."""
    hazard: Annotated[CodedText | None, CodeOf(("hazard",))] = None
    k: Annotated[int, Meta(ge=1, le=50)] = 3
    """How many of each kind of help."""
    persons: Count = 1
    """How many persons need shelter."""
    max_m: Metres | None = None


class SituationHelp(SetAnswer, frozen=True, kw_only=True):
    """One kind of help, nearest first; `none` says why there is nothing."""

    asked: Mapping[str, Any]
    features: list[msgspec.Raw]
    none: Words | msgspec.UnsetType = msgspec.UNSET


class SituationCovering(SetAnswer, frozen=True, kw_only=True):
    """The watch points that cover the spot, or the disc that holds a drawn origin."""

    disc: dict[str, float] | None
    features: list[msgspec.Raw]
    none: Words | msgspec.UnsetType = msgspec.UNSET


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What is known around the alarm, all of it at `as_of`; `more_places`: only the smallest are listed."""

    as_of: datetime
    origin: dict[str, Any]
    hazard: str | None
    places: list[dict[str, Any]]
    """The places that hold the spot, smallest first."""
    more_places: bool
    responsible: CallList
    rules: LocalRules
    covering: SituationCovering
    teams: SituationHelp
    shelters: SituationHelp
    depots: dict[str, SituationHelp]
    checkpoints: SituationHelp
    partners: SituationHelp
    cordons: list[CordonInForce]
    """Cordons in force in which or behind which the spot or some of the help lies."""


async def situation(reader: Reader, sight: Sight, alarm: Alarm, stale_after_days: float) -> Situation:
    """Places, watch points, teams, shelters, depots by tier, checkpoints and partners around an alarm."""
    question = question_of(Conditions(kind=WATCH_POINT), sight, stale_after_days)
    async with reader.snapshot(one_plan=True) as snapshot:
        start = await start_of(snapshot, alarm.origin)
        chain, more_places = await chain_of(snapshot, start, (sight.as_of or datetime.now(UTC)).date())
        smallest = next((place["code"] for place in chain if place["holds_all"]), "")
        helps, cordons = await _help(snapshot, sight, alarm, start, question)
        teams, shelters, checkpoints, partners, *depots = helps
        return Situation(
            as_of=question.asked_at,
            origin=start.described,
            hazard=alarm.hazard,
            places=chain,
            more_places=more_places,
            responsible=await list_responsible(snapshot, sight, smallest, alarm.hazard),
            rules=await rules_at(snapshot, start),
            covering=await _covering(snapshot, sight, question, as_spot(start)),
            teams=teams,
            shelters=shelters,
            depots=dict(zip(TIERS, depots, strict=True)),
            checkpoints=checkpoints,
            partners=partners,
            cordons=cordons,
        )


def _kinds_of_help(alarm: Alarm) -> list[Conditions]:
    """Teams of the right specialty, open shelters with room, checkpoints, partners, depots by tier.

    The last are the available ones of these teams, so that busy teams that are nearer do not hide them.
    """
    hazards = None if alarm.hazard is None else (coded(alarm.hazard),)
    specialties = specialties_for(alarm.hazard)
    return [
        Conditions(kind="rescue_team", specialties_any=specialties),
        Conditions(kind="shelter", opening="open", free_persons=alarm.persons, hazards_any=hazards),
        Conditions(kind="fire_watch_point", form="checkpoint"),
        Conditions(partners="only"),
        *(Conditions(kind="supply_depot", tier=tier, partners="exclude") for tier in TIERS),
        Conditions(kind="rescue_team", specialties_any=specialties, readiness="available"),
    ]


def coded(code: str) -> str:
    """A code with its scheme; the registry's own when it names none."""
    return code if ":" in code else f"{OWN_SCHEME}:{code}"


async def _help(
    reader: Reader, sight: Sight, alarm: Alarm, start: Start, question: ResourceQuestion
) -> tuple[list[SituationHelp], list[CordonInForce]]:
    """The nearest help of every kind, and the cordons that concern it.

    Teams are the fittest of the nearest, and of the nearest available ones.
    """
    questions = [
        structs.replace(question, filter=filter_of(conditions, question.asked_at))
        for conditions in _kinds_of_help(alarm)
    ]
    filters = [one.filter for one in questions]
    *every, available = await nearest_of_each(reader, sight, filters, start, k=alarm.k, max_m=alarm.max_m)
    questions.pop()
    bounds = [
        search_bound(one, start, hits, alarm.k, alarm.max_m)
        for one, hits in zip(questions, every, strict=True)
    ]
    doubts = await doubt_of_each(reader, sight, start, bounds)
    every[0] = every[0]._replace(rows=_fittest([*every[0].rows, *available.rows], alarm))
    found = [row for hits in every for row in hits.rows]
    numbers = await contacts.telephones(reader, sight, [row["id"] for row in found])
    cordons = await cordons_of(reader, sight, start, found)
    openings = await openings_of(reader, found, question.asked_at)
    described = []
    for one, hits, doubt in zip(questions, every, doubts, strict=True):
        context = hit_context(one, start, bound_m=alarm.max_m)
        features = [
            hit(
                row,
                context,
                **_to_call(row, numbers, alarm),
                **cordons.figures(row),
                **opening_figures(openings, row),
            )
            for row in hits.rows
        ]
        described.append(await _described(reader, sight, one.filter, context, features, doubt))
    return described, cordons.in_force


def _fittest(rows: Sequence[Row], alarm: Alarm) -> list[Row]:
    """The k fittest teams, and of equally fit ones the nearest."""
    specialties = specialties_for(alarm.hazard)
    teams = {row["id"]: row for row in rows}.values()
    ranked = sorted(teams, key=lambda row: (fitness_of(row["feature"], specialties).rank, row["distance_m"]))
    return ranked[: alarm.k]


async def _described(
    reader: Reader,
    sight: Sight,
    wanted: Filter,
    context: HitContext,
    features: list[msgspec.Raw],
    doubt: Doubt,
) -> SituationHelp:
    answer = SituationHelp(
        asked=context.conditions,
        features=features,
        completeness=await completeness_of(reader, sight, wanted),
        undecided=doubt.undecided,
        excluded=doubt.excluded,
    )
    return answer if answer.features else structs.replace(answer, none=why_none(answer))


def _to_call(row: Row, numbers: Telephones, alarm: Alarm) -> dict[str, object]:
    """The telephones of a record, and how fit a team is."""
    figures: dict[str, object] = {"telephones": numbers.get(row["id"], [])}
    if row["kind"] == "rescue_team":
        figures["fitness"] = fitness_of(row["feature"], specialties_for(alarm.hazard))
    return figures


async def _covering(
    reader: Reader, sight: Sight, question: ResourceQuestion, spot: Start
) -> SituationCovering:
    tested = await evaluate_watch_points(reader, sight, question.filter, spot)
    cordons = await cordons_of(reader, sight, spot, [row for row, _ in tested.covering])
    answer = SituationCovering(
        disc=spot.described.get("disc"),
        features=features(question, spot, tested, cordons),
        completeness=tested.completeness,
        undecided=tested.undecided,
        excluded=tested.excluded,
    )
    return answer if answer.features else structs.replace(answer, none=why_none(answer))


async def chain_of(reader: Reader, start: Start, on: date) -> tuple[list[dict[str, Any]], bool]:
    """The places that hold the origin or a part of it, smallest first, and whether there are more."""
    if start.shape is not None:
        rows = await places.touched(reader, start.shape, MOST_PLACES, on)
    elif start.uncertain:
        rows = await places.around(reader, start.lon, start.lat, start.margin_m, MOST_PLACES, on)
    else:
        rows = await places.containing(reader, start.lon, start.lat, on)
    listed = [
        {
            "code": row["code"],
            "level": row["level"],
            "name": {"zh": row["name_zh"], "en": row["name_en"]},
            "assumed_extent": row["extent_basis"] != "boundary",
            "partner": row["partner"],
            "holds_all": bool(row.get("holds_all", True)),
        }
        for row in rows
    ]
    return listed, any(row.get("found", 0) > len(rows) for row in rows)
