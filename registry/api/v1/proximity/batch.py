"""The nearest k to each of many incidents."""

from typing import Annotated

from litestar import post
from litestar.datastructures import State
from litestar.params import JSONBody
from msgspec import Meta

from registry.api.http.dependencies import ReaderDep, SightDep
from registry.api.v1.proximity.params import RoadMembers
from registry.domain.conditions import Conditions
from registry.domain.proximity.origin import Origin
from registry.domain.roads.answer import demand_by_distance
from registry.domain.values import Metres
from registry.services.proximity.assign import Assignments, assign
from registry.services.roads.assign_by_minutes import assign_by_minutes


class Batch(RoadMembers, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Many spots, one question."""

    origins: Annotated[list[Origin], Meta(min_length=1, max_length=1000)]
    where: Conditions = Conditions()
    k: Annotated[int, Meta(ge=1, le=50)] = 1
    max_m: Metres | None = None
    features: bool = True
    """Whether to send the records too, or only their identities."""


@post("/batch", status_code=200)
async def ask_batch(state: State, reader: ReaderDep, sight: SightDep, data: JSONBody[Batch]) -> Assignments:
    """The k nearest resources in service to each of up to 1,000 spots, or of 100 by minutes."""
    if (road := data.by_road()) is not None:
        demand_by_distance(max_m=data.max_m)
        return await assign_by_minutes(
            reader, sight, data.where, data.origins, state.roads, road, k=data.k, with_features=data.features
        )
    return await assign(
        reader, sight, data.where, data.origins, k=data.k, max_m=data.max_m, with_features=data.features
    )
