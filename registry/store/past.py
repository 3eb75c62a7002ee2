"""Asking the past: the same statement, reading what was recorded at an instant instead of what is now."""

import re
from functools import lru_cache

from registry.store.query import Query
from registry.store.rows import COLUMNS
from registry.store.schema import MADE

PLACED = [f"{how} AS {name}" for name, (_, how) in MADE.items()]
_RECORDED = (
    "(SELECT @columns FROM @present WHERE updated_at <= @at"
    " UNION ALL SELECT @columns FROM resource_past WHERE updated_at <= @at AND superseded_at > @at)"
).replace("@columns", ", ".join([*COLUMNS, *PLACED]))
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
