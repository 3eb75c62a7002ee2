"""Asking the past: the same statement, reading what was recorded at an instant instead of what is now."""

import re
from functools import lru_cache

from registry.store.database.query import Query
from registry.store.records.resource_row import COLUMNS
from registry.store.schema.records import MADE

NOW = ", ".join([*COLUMNS, *MADE])
THEN = ", ".join([*COLUMNS, *(f"{how} AS {name}" for name, (_, how) in MADE.items())])
"""What was worked out of a position is worked out again: as the indexes of the past have it."""
_RECORDED = (
    "(SELECT @now FROM (SELECT @now, 'infinity'::timestamptz AS superseded_at FROM @present"
    " UNION ALL SELECT @then, superseded_at FROM resource_past) AS recorded"
    " WHERE updated_at <= @at AND superseded_at > @at)"
)
_RECORDED = _RECORDED.replace("@now", NOW).replace("@then", THEN)
"""The conditions stand outside: only a union of plain selections is read in the order of its indexes."""
_TABLE = re.compile(r"(\b(?:FROM|JOIN)\s+|,\s*)resource(?:\s+AS\s+(\w+))?(?=\s|\)|,|$)")


@lru_cache(maxsize=2048)
def as_recorded(query: Query) -> str:
    """The text of `query` with the table of resources replaced by what was recorded at one more argument.

    One replacement serves every statement, so that no question can forget it: what was current then is the
    present row if it is old enough, else the past version whose time holds the instant.
    """
    recorded = _RECORDED.replace("@at", f"${len(query.names) + 1}::timestamptz")
    text = _TABLE.sub(lambda found: f"{found[1]}{recorded} AS {found[2] or 'resource'}", query.text)
    return text.replace("@present", "resource")
