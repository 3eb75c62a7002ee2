"""Which watch points cover a spot, and for which nobody can tell."""

from litestar import get, post
from litestar.datastructures import State
from litestar.params import JSONBody

from registry.api.http.dependencies import ReaderDep, SightDep
from registry.api.http.links import GEOJSON, linked, next_link, self_link
from registry.api.http.params import Cursor, Limit, SightRuleParam, SmokeHeightParam
from registry.api.http.request import HttpRequest
from registry.api.v1.proximity.params import ConditionsDep, OriginBody, OriginDep
from registry.domain.cursor import decode_distance, encode_cursor
from registry.domain.terrain.watched import SightRule, demand_height
from registry.services.proximity.answer import question_of
from registry.services.proximity.covering import Covering, covering


class CoveringBody(OriginBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The question as a body."""

    sight: SightRule = "radius"
    """Whether watch points reach as far as their radius, or see over the terrain."""
    smoke_height_m: float | None = None
    """How high smoke has risen when it is to be seen, in metres; with sight=terrain."""


@get("/covering", media_type=GEOJSON)
async def find_covering(
    request: HttpRequest,
    state: State,
    reader: ReaderDep,
    sight: SightDep,
    conditions: ConditionsDep,
    origin: OriginDep,
    cursor: Cursor = None,
    limit: Limit = 1000,
    line_of_sight: SightRuleParam = "radius",
    smoke_height_m: SmokeHeightParam = None,
) -> Covering:
    """The watch points that reach or see the spot, nearest first, in pages; what cannot be tested."""
    question = question_of(conditions, sight, state.settings.stale_after_days)
    after = decode_distance(cursor)
    over = demand_height(line_of_sight, smoke_height_m)
    page = await covering(reader, sight, question, origin, limit=limit, after=after, smoke_height_m=over)
    links = [self_link(request)]
    if page.next_page is not None:
        links.append(next_link(request, encode_cursor(page.next_page)))
    return linked(page.answer, *links)


@post("/covering", media_type=GEOJSON, status_code=200)
async def ask_covering(
    request: HttpRequest, state: State, reader: ReaderDep, sight: SightDep, data: JSONBody[CoveringBody]
) -> Covering:
    """The watch points that reach any origin: for a drawn one, the disc that holds all of it."""
    question = question_of(data.where, sight, state.settings.stale_after_days)
    over = demand_height(data.sight, data.smoke_height_m)
    page = await covering(reader, sight, question, data.origin, smoke_height_m=over)
    return linked(page.answer, self_link(request))
