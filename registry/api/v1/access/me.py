"""Who is asking, over HTTP: the role of the credential and the places it holds for."""

from litestar import Router, get
from msgspec import Struct

from registry.api.http.dependencies import ActorDep
from registry.domain.access.actor import Role


class Caller(Struct, frozen=True):
    """Whose credential a request carries; `places` are codes, None for everywhere, empty for nowhere."""

    id: str
    """The holder of the key or token; `anonymous` without one."""
    role: Role
    """What the holder may do: `public`, `viewer`, `field`, `planner` or `admin`."""
    places: tuple[str, ...] | None
    """Codes of the places that the role holds for; null for everywhere."""


@get("/")
async def read_caller(actor: ActorDep) -> Caller:
    """Whose credential this request carries, its role and its places; `public` without one."""
    return Caller(actor.id, actor.role, actor.places)


router = Router("/v1/me", route_handlers=[read_caller], tags=["access"])
