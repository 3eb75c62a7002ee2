"""Saved scenarios over HTTP: save, list, read and delete."""

from uuid import UUID

from litestar import Response, Router, delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from registry.api.http import params
from registry.api.http.dependencies import ActorDep, IdempotencyDep, ReaderDep, WriterDep
from registry.api.http.idempotency import rendered, stating
from registry.api.http.links import JSON, page_of
from registry.api.http.request import HttpRequest
from registry.domain.access.actor import Actor
from registry.services.coverage import saved_scenarios
from registry.services.coverage.requests import ScenarioDraft
from registry.services.coverage.saved_scenarios import SavedScenario
from registry.store.access.idempotency import StoredResponse
from registry.store.database.pool import Writer


class ScenarioList(Struct, frozen=True):
    """The latest scenarios."""

    scenarios: list[SavedScenario]
    links: list[dict[str, str]]


@post(responses=stating(201, SavedScenario))
async def save_scenario(
    writer: WriterDep, actor: ActorDep, once: IdempotencyDep, data: JSONBody[ScenarioDraft]
) -> Response[bytes]:
    """Save a scenario under a name."""
    return await once(lambda: _save(writer, actor, data), JSON)


async def _save(writer: Writer, actor: Actor, draft: ScenarioDraft) -> StoredResponse:
    return rendered(await saved_scenarios.keep_scenario(writer, actor, draft), 201)


@get()
async def list_scenarios(
    request: HttpRequest,
    reader: ReaderDep,
    actor: ActorDep,
    cursor: params.Cursor = None,
    limit: params.Limit = 1000,
) -> ScenarioList:
    """The latest scenarios, in pages."""
    listed = await saved_scenarios.latest_scenarios(reader, actor)
    return ScenarioList(*page_of(request, listed, lambda one: str(one.id), cursor, limit))


@get("/{identity:uuid}")
async def read_scenario(reader: ReaderDep, actor: ActorDep, identity: FromPath[UUID]) -> SavedScenario:
    """One scenario."""
    return await saved_scenarios.saved_scenario(reader, actor, identity)


@delete("/{identity:uuid}")
async def forget_scenario(writer: WriterDep, actor: ActorDep, identity: FromPath[UUID]) -> None:
    """Delete a scenario."""
    await saved_scenarios.remove_scenario(writer, actor, identity)


router = Router(
    "/v1/coverage/scenarios",
    route_handlers=[save_scenario, list_scenarios, read_scenario, forget_scenario],
    tags=["coverage"],
)
