"""The past of a resource and what was observed of it, over HTTP."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Router, get
from litestar.params import FromPath
from msgspec import Struct

from registry.api.http import params
from registry.api.http.dependencies import ActorDep, ReaderDep, SightDep
from registry.domain.access.actor import require
from registry.services.records import read
from registry.services.records.read import PastChange
from registry.store.sync import hash_chain

INTERNAL = {"realm", "resource_id"}


class PastChanges(Struct, frozen=True):
    """Changes of a resource, latest first."""

    changes: list[PastChange]


class Observations(Struct, frozen=True):
    """What was reported of a resource, latest first: each with its time, its source and the values."""

    observations: list[dict[str, Any]]


class HistoryDigest(Struct, frozen=True, kw_only=True):
    """The newest seal, and how many changes it does not hold yet; `hash` is in hexadecimal."""

    seal: int
    changes: int
    """How many changes the seal holds."""
    hash: str
    sealed_at: datetime | None
    unsealed: int


@get("/{identity:uuid}/history")
async def read_history(
    identity: FromPath[UUID],
    reader: ReaderDep,
    sight: SightDep,
    actor: ActorDep,
    limit: params.Limit = 100,
) -> PastChanges:
    """Every change of a resource, latest first, with what it was before and after."""
    return PastChanges(await read.read_history(reader, sight, actor, identity, limit))


@get("/{identity:uuid}/observations")
async def list_observations(
    identity: FromPath[UUID],
    reader: ReaderDep,
    sight: SightDep,
    actor: ActorDep,
    limit: params.Limit = 100,
) -> Observations:
    """What was reported of a resource, latest first."""
    rows = await read.read_observations(reader, sight, actor, identity, limit)
    return Observations([{n: v for n, v in row.items() if n not in INTERNAL} for row in rows])


@get("/digest")
async def read_history_digest(reader: ReaderDep, actor: ActorDep) -> HistoryDigest:
    """The newest seal of the change log: keep it elsewhere, and a rewritten history is found."""
    require(actor, "planner")
    last = await hash_chain.head(reader)
    return HistoryDigest(
        seal=last.n,
        changes=last.changes,
        hash=last.hash.hex(),
        sealed_at=last.sealed_at,
        unsealed=await hash_chain.unsealed(reader, last),
    )


HANDLERS = (read_history, list_observations)
router = Router("/v1/history", route_handlers=[read_history_digest], tags=["history"])
