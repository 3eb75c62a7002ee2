"""Pages of what comes in no order."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa


def once(rows: Any, name: str) -> Any:
    """These rows, read once however often they are asked for."""
    return rows.cte(name).prefix_with("MATERIALIZED")


def few_or_many(read: Any, many: Any, ordered: Callable[[Any], Any], most: int) -> tuple[Any, Any]:
    """A page of the rows of `read`, and how many rows there are, counted up to one more than `most`.

    They are read once to be counted and put in order; when they are too many, those of `many`, the same
    ones, are read in order until the page is full.
    """
    hits = once(read.limit(most + 1), "hit")
    number = sa.select(sa.func.count().label("n")).select_from(hits).cte("number")
    total = sa.select(number.c.n).scalar_subquery()
    bound: Any = sa.literal_column(str(most))
    parts = (ordered(sa.select(hits).where(total <= bound)), ordered(many.where(total > bound)))
    return once(sa.union_all(*(sa.select(part.subquery()) for part in parts)), "page"), total


def looked_up(kept: Any, row: sa.Select[Any]) -> sa.Select[Any]:
    """The row for each of those that are kept; its conditions name one of them.

    They are looked up one by one: joined with what was recorded at an instant, all of that would be read.
    """
    each = row.limit(sa.literal_column("1")).lateral("each")
    return sa.select(*each.c).select_from(kept.join(each, sa.true()))
