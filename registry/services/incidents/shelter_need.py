"""Which open shelters around an incident or a spot together hold so many persons."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec import UNSET, Raw, UnsetType, structs

from registry.domain.access.sight import Sight
from registry.domain.completeness import Excluded, Exclusion, SetAnswer, unlisted_at_most, why_none
from registry.domain.conditions import Conditions
from registry.domain.incidents.cordon import CordonInForce
from registry.domain.incidents.hours import Opening
from registry.domain.incidents.shelter_need import Room, ShelterPlan, plan_shelters
from registry.domain.plans.provision import Words
from registry.domain.proximity.figures import hit, is_certain
from registry.domain.proximity.origin import Start
from registry.domain.proximity.undecided import nearest_excluded
from registry.services.completeness import completeness_of
from registry.services.incidents.cordons_near import cordons_of
from registry.services.proximity.answer import ResourceQuestion, hit_context, question_of
from registry.services.proximity.openings import opening_figures, openings_of
from registry.services.proximity.situation import coded
from registry.services.proximity.undecided import doubt_of
from registry.store.database.pool import Reader, Row
from registry.store.proximity.undecided import SearchBound
from registry.store.proximity.within import within_distance

MOST_SHELTERS = 5_000


class ShelterNeed(SetAnswer, frozen=True, kw_only=True):
    """The plan, with the shelters it uses nearest first; `complete` is false beyond 5,000 of them."""

    plan: ShelterPlan
    features: list[Raw]
    origin: Mapping[str, Any]
    radius_m: float
    complete: bool
    cordons: list[CordonInForce]
    """Cordons in force in which or behind which some of them lie."""
    none: Words | UnsetType = UNSET


def shelter_question(sight: Sight, hazard: str | None, stale_after_days: float) -> ResourceQuestion:
    """Open shelters with room for at least one, for the hazard where one is given."""
    hazards = None if hazard is None else (coded(hazard),)
    conditions = Conditions(kind="shelter", opening="open", free_persons=1, hazards_any=hazards)
    return question_of(conditions, sight, stale_after_days)


async def shelter_need(
    reader: Reader, sight: Sight, question: ResourceQuestion, start: Start, persons: int, radius_m: float
) -> ShelterNeed:
    """The shelters within the radius that together hold the persons, and what is not known of them.

    One that its hours shut now is left out, unless somebody reported within 12 hours that it is open.
    """
    found = await within_distance(
        reader, sight, question.filter, start, radius_m=radius_m, limit=MOST_SHELTERS + 1
    )
    openings = await openings_of(reader, found, question.asked_at)
    rows = [row for row in found if not _is_shut(row, openings)]
    doubt = await doubt_of(reader, sight, start, SearchBound(question.filter, radius_m))
    listing = await completeness_of(reader, sight, question.filter)
    unlisted = doubt.undecided.count > 0 or unlisted_at_most(listing) != 0 or len(found) > MOST_SHELTERS
    context = hit_context(question, start, bound_m=radius_m)
    plan = plan_shelters(persons, [_room(row, openings, start, radius_m) for row in rows], unlisted=unlisted)
    by_id = {row["id"]: row for row in rows}
    cordons = await cordons_of(reader, sight, start, [by_id[one.shelter] for one in plan.placings])
    answer = ShelterNeed(
        plan=plan,
        features=[
            hit(
                by_id[one.shelter],
                context,
                takes_persons=one.takes_persons,
                takes_min_persons=one.takes_min_persons,
                **cordons.figures(by_id[one.shelter]),
                **opening_figures(openings, by_id[one.shelter]),
            )
            for one in plan.placings
        ],
        origin=start.described,
        radius_m=radius_m,
        complete=len(found) <= MOST_SHELTERS,
        cordons=cordons.in_force,
        completeness=listing,
        undecided=doubt.undecided,
        excluded=doubt.excluded | _shut_by_hours(found, openings, start),
    )
    return answer if answer.features else structs.replace(answer, none=why_none(answer))


def _is_shut(row: Row, openings: Mapping[UUID, Opening]) -> bool:
    return row["id"] in openings and openings[row["id"]].state == "closed"


def _shut_by_hours(rows: Sequence[Row], openings: Mapping[UUID, Opening], start: Start) -> Excluded:
    """The shelters that their hours shut now, and how many have hours that nobody can evaluate."""
    shut = [row for row in rows if _is_shut(row, openings)]
    vague = sum(one.state == "unknown" for one in openings.values())
    if not shut and not vague:
        return {}
    nearest = nearest_excluded(shut[0], start) if shut else None
    return {"hours": Exclusion(not_stated=vague, otherwise=len(shut), nearest=nearest)}


def _room(row: Row, openings: Mapping[UUID, Opening], start: Start, radius_m: float) -> Room:
    """The free places of a hit; one whose occupancy nobody counted may be full.

    One whose hours nobody can evaluate may be shut.
    """
    vague = row["id"] in openings and openings[row["id"]].state == "unknown"
    known, room = bool(row["occupancy_known"]) and not vague, int(row["room"] or 0)
    counted = dict(row) | {"occupancy_known": True}
    return Room(
        shelter=row["id"],
        distance_m=start.distance_m(row["distance_m"]),
        free_min_persons=room if known else 0,
        free_max_persons=room,
        certain=is_certain(counted, start, radius_m),
    )
