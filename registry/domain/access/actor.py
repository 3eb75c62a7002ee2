"""Actors: a role and the places it holds for, and what each may do."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal

from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.errors import Forbidden, Unauthenticated
from registry.domain.records.resource import Visibility

Role = Literal["public", "viewer", "field", "planner", "admin"]
RANK: dict[Role, int] = {"public": 0, "viewer": 1, "field": 2, "planner": 3, "admin": 4}
CLEARANCE: dict[Role, Visibility] = {
    "public": "public",
    "viewer": "internal",
    "field": "internal",
    "planner": "restricted",
    "admin": "restricted",
}


class Actor(Struct, frozen=True, kw_only=True):
    """A person or machine with a role; `places` are the roots of its scope, None for everywhere."""

    id: str
    role: Role
    places: tuple[str, ...] | None = None

    def is_at_least(self, role: Role) -> bool:
        """Whether this role includes `role`."""
        return RANK[self.role] >= RANK[role]


ANYONE = Actor(id="anonymous", role="public")
SYSTEM = Actor(id="system", role="admin")


def sight_of(actor: Actor, exercise: str | None = None, as_of: datetime | None = None) -> Sight:
    """The sight of an actor: by its role; `field` also sees the restricted records of its own places."""
    scope = actor.places or () if actor.role == "field" else ()
    return Sight(exercise=exercise, clearance=CLEARANCE[actor.role], scope=scope, as_of=as_of)


def require(actor: Actor, role: Role) -> None:
    """Forbidden unless the role is at least `role`; Unauthenticated without a credential."""
    if actor.role == "public":
        raise Unauthenticated(
            f"no credential was sent; this needs one with the role {role}",
            zh=f"没有发送凭据；此处需要角色 {role} 的凭据",
        )
    if not actor.is_at_least(role):
        raise Forbidden(
            f"this needs the role {role}; yours is {actor.role}",
            zh=f"此处需要角色 {role}；你的角色是 {actor.role}",
        )


def require_place(actor: Actor, role: Role, ancestors: Collection[str]) -> None:
    """Forbidden unless the actor has `role` and one of its places holds the record.

    `ancestors` are the record's own place and all above it. A record without a place is only for actors
    whose scope is everywhere.
    """
    require(actor, role)
    if actor.places is not None and not set(actor.places) & set(ancestors):
        raise Forbidden(
            "this record is outside the places your role holds for", zh="该记录不在你的角色所辖的地方"
        )
