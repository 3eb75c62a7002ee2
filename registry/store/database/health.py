"""What a health check asks of the database."""

from typing import NamedTuple

import sqlalchemy as sa

from registry.store.database.pool import Reader
from registry.store.database.query import Query

LOOK = Query(
    sa.text(
        "SELECT (SELECT version_num FROM alembic_version) AS revision,"
        " NOT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off' AS writable"
    )
)
WRITE = Query(sa.text("SELECT pg_current_xact_id()::text AS xid"))
"""Its commit is written to the log and synced, like that of any change; it needs no table."""


class DatabaseState(NamedTuple):
    """The revision of the schema, and whether the database accepts writes."""

    revision: str
    writable: bool


async def look(reader: Reader) -> DatabaseState:
    """Read the state of the database."""
    row = await reader.row(LOOK, {})
    return DatabaseState("none", False) if row is None else DatabaseState(row["revision"], row["writable"])


async def write(reader: Reader) -> None:
    """Commit something, so that a log that cannot be written is found."""
    async with reader.writer() as writer:
        await writer.row(WRITE, {})
