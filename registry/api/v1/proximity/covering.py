"""Which watch points cover a spot, and for which nobody can tell."""

from litestar import get, post
from litestar.datastructures import State
from litestar.params import JSONBody

from registry.api.http.dependencies import ReaderDep, SightDep
from registry.api.http.links import GEOJSON, linked, self_link
from registry.api.http.request import HttpRequest
from registry.api.v1.proximity.params import ConditionsDep, OriginBody, OriginDep
from registry.services.proximity.answer import question_of
from registry.services.proximity.covering import Covering, covering


@get("/covering", media_type=GEOJSON)
async def find_covering(
    request: HttpRequest,
    state: State,
    reader: ReaderDep,
    sight: SightDep,
    conditions: ConditionsDep,
    origin: OriginDep,
) -> Covering:
    """The watch points whose own radius reaches the spot, and the names of those that could not be tested."""
    question = question_of(conditions, sight, state.settings.stale_after_days)
    return linked(await covering(reader, sight, question, origin), self_link(request))


@post("/covering", media_type=GEOJSON, status_code=200)
async def ask_covering(
    request: HttpRequest, state: State, reader: ReaderDep, sight: SightDep, data: JSONBody[OriginBody]
) -> Covering:
    """The watch points that reach any origin: for a drawn one, the disc that holds all of it."""
    question = question_of(data.where, sight, state.settings.stale_after_days)
    return linked(await covering(reader, sight, question, data.origin), self_link(request))
