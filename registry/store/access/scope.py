"""What one transaction may write: told to the database, which refuses the rest by row security."""

import sqlalchemy as sa

from registry.domain.access.actor import Actor
from registry.store.database.pool import Writer
from registry.store.database.query import Query

HOLD = Query(
    sa.text(
        "SELECT set_config('registry.scope', :scope, true),"
        " set_config('registry.mass_change_limit', :mass_change_limit, true)"
    )
)
EVERYWHERE = "*"


def scope_of(actor: Actor) -> str:
    """The places an actor may write under, as the policies read them; empty for nowhere."""
    if not actor.is_at_least("field"):
        return ""
    return " ".join(actor.places) or EVERYWHERE


async def hold(writer: Writer, actor: Actor, mass_change_limit: int = 0) -> None:
    """Bind the rest of this transaction to the places of `actor` and to the limit on mass changes."""
    await writer.run(HOLD, {"scope": scope_of(actor), "mass_change_limit": str(mass_change_limit)})
