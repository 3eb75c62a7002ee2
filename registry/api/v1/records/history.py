"""The past of a resource and what was observed of it, over HTTP."""

from typing import Any
from uuid import UUID

from litestar import Router, get
from litestar.params import FromPath

from registry.api.http import params
from registry.api.http.dependencies import ActorDep, ReaderDep, SightDep
from registry.domain.access.actor import require
from registry.services.records import read
from registry.store.sync import hash_chain

INTERNAL = {"realm", "resource_id"}


@get("/{identity:uuid}/history")
async def read_history(
    identity: FromPath[UUID],
    reader: ReaderDep,
    sight: SightDep,
    actor: ActorDep,
    limit: params.Limit = 100,
) -> dict[str, Any]:
    """Every change of a resource, latest first, with what it was before and after."""
    return {"changes": await read.read_history(reader, sight, actor, identity, limit)}


@get("/{identity:uuid}/observations")
async def list_observations(
    identity: FromPath[UUID],
    reader: ReaderDep,
    sight: SightDep,
    actor: ActorDep,
    limit: params.Limit = 100,
) -> dict[str, Any]:
    """What was reported of a resource, latest first."""
    rows = await read.read_observations(reader, sight, actor, identity, limit)
    return {"observations": [{n: v for n, v in row.items() if n not in INTERNAL} for row in rows]}


@get("/digest")
async def read_digest(reader: ReaderDep, actor: ActorDep) -> dict[str, Any]:
    """The newest seal of the change log: keep it elsewhere, and a rewritten history is found."""
    require(actor, "planner")
    last = await hash_chain.head(reader)
    seal = {"seal": last.n, "changes": last.changes, "hash": last.hash.hex(), "sealed_at": last.sealed_at}
    return seal | {"unsealed": await hash_chain.unsealed(reader, last)}


HANDLERS = (read_history, list_observations)
router = Router("/v1/history", route_handlers=[read_digest], tags=["history"])
