"""Whether the database is the one this release needs."""

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


class Health(NamedTuple):
    """The revision of the schema, and whether the database accepts writes."""

    revision: str
    writable: bool


async def look(reader: Reader) -> Health:
    """Read the state of the database."""
    row = await reader.row(LOOK, {})
    return Health("none", False) if row is None else Health(row["revision"], row["writable"])
