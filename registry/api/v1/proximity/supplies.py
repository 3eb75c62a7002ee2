"""Which depots together can give what an incident needs."""

from typing import Annotated

from litestar import post
from litestar.datastructures import State
from litestar.params import JSONBody
from msgspec import Meta

from registry.api.http.dependencies import ReaderDep, SightDep
from registry.api.v1.proximity.params import OriginBody
from registry.domain.proximity.supplies import Need
from registry.domain.values import Metres
from registry.services.proximity.answer import question_of
from registry.services.proximity.supplies import Supplies, supplies


class SuppliesBody(OriginBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is needed, where."""

    items: Annotated[list[Need], Meta(min_length=1, max_length=100)]
    max_m: Metres | None = None


@post("/supplies", status_code=200)
async def ask_supplies(
    state: State, reader: ReaderDep, sight: SightDep, data: JSONBody[SuppliesBody]
) -> Supplies:
    """The depots in service that together hold the items, by tier and distance; the shortfall is stated."""
    question = question_of(data.where, sight, state.settings.stale_after_days)
    return await supplies(reader, sight, question, data.origin, data.items, data.max_m)
