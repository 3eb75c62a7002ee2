"""Parts of names."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa


def named(names: Iterable[Any], pattern: Any, *, brief: bool) -> sa.ColumnElement[bool]:
    """Whether one of the names is like the pattern, whatever the case.

    An index of trigrams can say nothing of a brief one, but when asked reads all of itself, twice as long as
    to read the names: so that is spelled as no index has it.
    """
    if brief:
        return sa.or_(*(sa.func.lower(name).like(sa.func.lower(pattern), escape="\\") for name in names))
    return sa.or_(*(name.ilike(pattern, escape="\\") for name in names))
