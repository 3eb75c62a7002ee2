"""Which open shelters around an incident or a spot together hold so many persons."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, Raw, UnsetType, structs

from registry.domain.access.sight import Sight
from registry.domain.completeness import SetAnswer, unlisted_at_most, why_none
from registry.domain.conditions import Conditions
from registry.domain.incidents.cordon import CordonInForce
from registry.domain.incidents.shelter_need import Room, ShelterPlan, plan_shelters
from registry.domain.plans.provision import Words
from registry.domain.proximity.figures import hit, is_certain
from registry.domain.proximity.origin import Start
from registry.services.completeness import completeness_of
from registry.services.incidents.cordons_near import cordons_of
from registry.services.proximity.answer import ResourceQuestion, hit_context, question_of
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
    """The shelters within the radius that together hold the persons, and what is not known of them."""
    rows = await within_distance(
        reader, sight, question.filter, start, radius_m=radius_m, limit=MOST_SHELTERS + 1
    )
    doubt = await doubt_of(reader, sight, start, SearchBound(question.filter, radius_m))
    listing = await completeness_of(reader, sight, question.filter)
    unlisted = doubt.undecided.count > 0 or unlisted_at_most(listing) != 0 or len(rows) > MOST_SHELTERS
    context = hit_context(question, start, bound_m=radius_m)
    plan = plan_shelters(persons, [_room(row, start, radius_m) for row in rows], unlisted=unlisted)
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
            )
            for one in plan.placings
        ],
        origin=start.described,
        radius_m=radius_m,
        complete=len(rows) <= MOST_SHELTERS,
        cordons=cordons.in_force,
        completeness=listing,
        undecided=doubt.undecided,
        excluded=doubt.excluded,
    )
    return answer if answer.features else structs.replace(answer, none=why_none(answer))


def _room(row: Row, start: Start, radius_m: float) -> Room:
    """The free places of a hit; one whose occupancy nobody counted may be full."""
    known, room = bool(row["occupancy_known"]), int(row["room"] or 0)
    counted = dict(row) | {"occupancy_known": True}
    return Room(
        shelter=row["id"],
        distance_m=start.distance_m(row["distance_m"]),
        free_min_persons=room if known else 0,
        free_max_persons=room,
        certain=is_certain(counted, start, radius_m),
    )
