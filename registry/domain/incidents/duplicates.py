"""Reports that may be of one incident: near in place and time, of the same hazard. A person joins them."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from msgspec import Struct

from registry.domain.incidents.incident import Incident, IncidentState
from registry.domain.plans.near_entry import Measured
from registry.domain.proximity.figures import mm
from registry.domain.proximity.hazard import related
from registry.domain.values import Name

SAME_M = 1_000.0
"""Two reports that may lie within so many metres of each other may be of one incident; our own choice."""
SAME_WITHIN = timedelta(hours=6)
"""Reports farther apart in time are not proposed; our own choice."""


class PossibleDouble(Struct, frozen=True, kw_only=True):
    """An incident that another report may be of, how near it may be, and how long before it was reported."""

    id: UUID
    name: Name | None
    hazard: str
    state: IncidentState
    """State of that incident."""
    relation: str
    """How the hazards relate: `named` is the same one."""
    distance_m: float | None
    distance_min_m: float | None
    distance_max_m: float | None
    apart_s: int


def possible_doubles(incident: Incident, near: Sequence[Measured]) -> list[PossibleDouble]:
    """The open incidents that may be the same, the nearest in place first."""
    codes = related(incident.hazard)
    found = []
    for one in near:
        other = one.entry
        if not isinstance(other, Incident) or other.id == incident.id or other.state == "closed":
            continue
        relation = codes.get(other.hazard)
        apart = abs(other.reported_at - incident.reported_at)
        if relation is None or apart > SAME_WITHIN or (one.interval.min_m or 0.0) > SAME_M:
            continue
        found.append(
            PossibleDouble(
                id=other.id,
                name=other.name,
                hazard=other.hazard,
                state=other.state,
                relation=relation,
                distance_m=mm(one.distance_m),
                distance_min_m=mm(one.interval.min_m),
                distance_max_m=mm(one.interval.max_m),
                apart_s=round(apart.total_seconds()),
            )
        )
    return sorted(found, key=lambda one: (one.relation != "named", one.distance_min_m or 0.0, one.apart_s))
