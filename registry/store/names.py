"""Search in names."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa


def keyed(search_key: Any, pattern: Any, *, brief: bool) -> sa.ColumnElement[bool]:
    """Whether a search key matches the LIKE pattern of a folded question; `brief` as in `named`."""
    column = search_key + sa.literal_column("''") if brief else search_key
    found: sa.ColumnElement[bool] = column.like(pattern, escape="\\")
    return found


def named(names: Iterable[Any], pattern: Any, *, brief: bool) -> sa.ColumnElement[bool]:
    """Whether one of the names matches the LIKE pattern, in any case.

    A `brief` pattern has under three characters, and so no trigram. The GIN index would be scanned in full,
    which takes twice as long as to scan the table. So we compare with lower(name), which no index matches.
    """
    if brief:
        return sa.or_(*(sa.func.lower(name).like(sa.func.lower(pattern), escape="\\") for name in names))
    return sa.or_(*(name.ilike(pattern, escape="\\") for name in names))
