"""The past of a resource over HTTP."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Router, get
from litestar.params import FromPath

from registry.api.http import params
from registry.api.http.dependencies import ActorDep, ReaderDep, SightDep
from registry.domain.access.actor import require
from registry.domain.errors import NotFound
from registry.store.records import history, resources
from registry.store.sync import hash_chain

INTERNAL = ("actor", "via", "request_id", "device_at")


def _raw(text: str | None) -> msgspec.Raw | None:
    return None if text is None else msgspec.Raw(text.encode())


@get("/{identity:uuid}/history")
async def read_history(
    identity: FromPath[UUID], reader: ReaderDep, sight: SightDep, actor: ActorDep, limit: params.Limit = 100
) -> dict[str, Any]:
    """Every change of a resource, latest first, with what it was before and after."""
    if await resources.get(reader, sight, identity) is None:
        raise NotFound("resource", identity)
    told = []
    for row in await history.changes(reader, sight, identity, limit):
        shown = {name: row[name] for name in ("version", "verb", "at", "reason")}
        if actor.is_at_least("viewer"):
            shown |= {name: row[name] for name in INTERNAL}
        told.append(shown | {"before": _raw(row["before"]), "after": _raw(row["after"])})
    return {"changes": told}


@get("/digest")
async def read_digest(reader: ReaderDep, actor: ActorDep) -> dict[str, Any]:
    """The newest seal of the change log: keep it elsewhere, and a rewritten history is found."""
    require(actor, "planner")
    last = await hash_chain.head(reader)
    told = {"seal": last.n, "changes": last.changes, "hash": last.hash.hex(), "sealed_at": last.sealed_at}
    return told | {"unsealed": await hash_chain.unsealed(reader, last)}


HANDLERS = (read_history,)
router = Router("/v1/history", route_handlers=[read_digest], tags=["history"])
