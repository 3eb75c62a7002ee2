"""SQL of warnings whose force may change with time."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from registry.domain.incidents.warning import StoredWarning, WarningForce
from registry.store.database.pool import Writer
from registry.store.database.query import Query
from registry.store.schema.plans import entry

MOST_WATCHED = 1_000
_FORCE = entry.c.body.op("->>")(sa.literal_column("'force'"))
LOCK_WATCHED = Query(
    sa.select(entry.c.body)
    .where(
        entry.c.register == sa.literal_column("'warning'"),
        sa.not_(entry.c.retired),
        sa.any_(sa.bindparam("forces", type_=sa.ARRAY(sa.Text))) == _FORCE,
    )
    .order_by(entry.c.updated_at.desc())
    .limit(sa.literal_column(str(MOST_WATCHED)))
    .with_for_update(skip_locked=True)
)


async def lock_watched(writer: Writer, forces: Sequence[WarningForce]) -> list[StoredWarning]:
    """The newest 1,000 warnings of these forces that nobody else holds, locked."""
    rows = await writer.rows(LOCK_WATCHED, {"forces": list(forces)})
    return [msgspec.convert(row["body"], StoredWarning) for row in rows]
