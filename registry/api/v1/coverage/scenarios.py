"""Saved scenarios over HTTP: keep one under a name, list, read, forget."""

import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.params import FromPath, JSONBody

from registry.api.http.dependencies import ActorDep, IdempotencyDep, ReaderDep, WriterDep
from registry.api.http.idempotency import rendered, stating
from registry.api.http.links import JSON
from registry.api.v1.coverage.body import ScenarioBody
from registry.domain.access.actor import Actor, require
from registry.domain.coverage.scenario import Scenario
from registry.domain.coverage.tasks import NamedScenario
from registry.domain.errors import NotFound
from registry.domain.identity import new_id
from registry.domain.values import Name
from registry.store.access.idempotency import StoredResponse
from registry.store.coverage import scenarios
from registry.store.database.pool import Reader, Writer

MOST = 1000


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario that was kept."""

    id: str
    name: dict[str, str | None]
    owner: str
    note: str | None
    created_at: Any
    changes: dict[str, Any]


class SavedList(msgspec.Struct, frozen=True):
    """The latest scenarios."""

    scenarios: list[Saved]


def describe(row: Mapping[str, Any]) -> Saved:
    """A row as the scenario it keeps."""
    name = {"zh": row["name_zh"], "en": row["name_en"]}
    plain = {key: row[key] for key in ("owner", "note", "created_at", "changes")}
    return Saved(id=str(row["id"]), name=name, **plain)


async def saved_scenario(reader: Reader, actor: Actor, identity: str) -> Scenario:
    """The changes of a saved scenario."""
    require(actor, "viewer")
    return msgspec.convert((await _existing(reader, identity))["changes"], Scenario)


async def named_scenario(reader: Reader, actor: Actor, identity: str) -> NamedScenario:
    """A saved scenario under its name, for a comparison."""
    require(actor, "viewer")
    row = await _existing(reader, identity)
    return NamedScenario(
        str(row["id"]), Name(row["name_zh"], row["name_en"]), msgspec.convert(row["changes"], Scenario)
    )


async def _existing(reader: Reader, identity: str | UUID) -> Mapping[str, Any]:
    try:
        row = await scenarios.get(reader, UUID(str(identity)))
    except ValueError:
        row = None
    if row is None:
        raise NotFound("scenario", identity)
    return row


@post(responses=stating(201, Saved))
async def save_scenario(
    writer: WriterDep, actor: ActorDep, once: IdempotencyDep, data: JSONBody[ScenarioBody]
) -> Response[bytes]:
    """Keep a scenario under a name."""
    return await once(lambda: _save(writer, actor, data), JSON)


async def _save(writer: Writer, actor: Actor, data: ScenarioBody) -> StoredResponse:
    require(actor, "planner")
    values = {"name_zh": data.name.zh, "name_en": data.name.en, "owner": actor.id, "note": data.note}
    changes = msgspec.to_builtins(data.changes)
    identity = new_id(time.time_ns() // 1_000_000)
    row = await scenarios.insert(writer, values | {"id": identity, "changes": changes})
    return rendered(describe(row or {}), 201)


@get()
async def list_scenarios(reader: ReaderDep, actor: ActorDep) -> SavedList:
    """The latest scenarios."""
    require(actor, "viewer")
    return SavedList([describe(row) for row in await scenarios.find(reader, MOST)])


@get("/{identity:uuid}")
async def read_scenario(reader: ReaderDep, actor: ActorDep, identity: FromPath[UUID]) -> Saved:
    """One scenario."""
    require(actor, "viewer")
    return describe(await _existing(reader, identity))


@delete("/{identity:uuid}")
async def forget_scenario(writer: WriterDep, actor: ActorDep, identity: FromPath[UUID]) -> None:
    """Forget a scenario."""
    require(actor, "planner")
    await _existing(writer, identity)
    await scenarios.retire(writer, identity)


router = Router(
    "/v1/coverage/scenarios",
    route_handlers=[save_scenario, list_scenarios, read_scenario, forget_scenario],
    tags=["coverage"],
)
