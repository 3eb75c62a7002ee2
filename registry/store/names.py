"""Search in names by their folded keys."""

from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from registry.domain.search_key import SEPARATOR

Way = Literal["trigrams", "grams", "scan"]
"""How keys are found: by three characters or by one or two of the pattern in an index, or row by row."""
GRAMS = ARRAY(sa.BigInteger)
PARTS = {"name_zh": 1, "name_en": 2}
"""Which part of a search key holds a folded name."""


def keyed(search_key: Any, pattern: Any, way: Way = "trigrams", grams: Any = None) -> sa.ColumnElement[bool]:
    """Whether a search key matches the LIKE pattern of a folded question, which has these grams.

    A pattern of one or two characters has no trigram: the trigram index would be scanned in full, which takes
    twice as long as to scan the table. The concatenation keeps the planner from that.
    """
    if way == "trigrams":
        return _matches(search_key, pattern)
    scanned = _matches(search_key + sa.literal_column("''"), pattern)
    return scanned if way == "scan" else sa.and_(gram_column(search_key).contains(grams), scanned)


def gram_column(search_key: Any) -> sa.ColumnElement[Any]:
    """The single characters and pairs of a search key, which have an index."""
    return sa.func.registry_grams(search_key, type_=GRAMS)


def _matches(text: Any, pattern: Any) -> sa.ColumnElement[bool]:
    found: sa.ColumnElement[bool] = text.like(pattern, escape="\\")
    return found


def folded_name(search_key: Any, name: str) -> sa.ColumnElement[str]:
    """The folded name in a search key; NULL where there is none."""
    part = sa.func.split_part(
        search_key, sa.literal_column(f"'{SEPARATOR}'"), sa.literal_column(str(PARTS[name]))
    )
    return sa.func.nullif(part, sa.literal_column("''"), type_=sa.Text)
