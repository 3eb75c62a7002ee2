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
