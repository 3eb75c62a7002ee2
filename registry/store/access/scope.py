"""Write scope: sets what one transaction may write; row security refuses the rest."""

import sqlalchemy as sa

from registry.domain.access.actor import Actor
from registry.store.database.pool import Writer
from registry.store.database.query import Query

BIND = Query(
    sa.text(
        "SELECT set_config('registry.scope', :scope, true),"
        " set_config('registry.mass_change_limit', :mass_change_limit, true)"
    )
)
EVERYWHERE = "*"


def scope_of(actor: Actor) -> str:
    """The places under which an actor may write, as the policies read them; empty for nowhere."""
    if not actor.is_at_least("field"):
        return ""
    return EVERYWHERE if actor.places is None else " ".join(actor.places)


async def bind(writer: Writer, actor: Actor, mass_change_limit: int = 0) -> None:
    """Bind the rest of the transaction to the places of `actor` and to the limit on mass changes."""
    await writer.run(BIND, {"scope": scope_of(actor), "mass_change_limit": str(mass_change_limit)})
