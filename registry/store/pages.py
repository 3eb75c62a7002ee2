"""Parts of statements that return a page of rows."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa


def materialized(rows: Any, name: str) -> Any:
    """The rows as a CTE that is computed once, however often it is used."""
    return rows.cte(name).prefix_with("MATERIALIZED")


def few_or_many(read: Any, many: Any, ordered: Callable[[Any], Any], most: int) -> tuple[Any, Any]:
    """A page of the rows of `read`, and their number, counted up to one more than `most`.

    Up to `most` rows are read once, counted and sorted. When there are more, `many`, which selects the same
    rows, is read in order until the page is full.
    """
    hits = materialized(read.limit(most + 1), "hit")
    number = sa.select(sa.func.count().label("n")).select_from(hits).cte("number")
    total = sa.select(number.c.n).scalar_subquery()
    bound: Any = sa.literal_column(str(most))
    parts = (ordered(sa.select(hits).where(total <= bound)), ordered(many.where(total > bound)))
    return materialized(sa.union_all(*(sa.select(part.subquery()) for part in parts)), "page"), total


def full_or_else(first: Any, otherwise: Callable[[Callable[[Any], Any]], Any]) -> Any:
    """The page in `first` when it is full, and what `otherwise` makes when it is not.

    `otherwise` gets a function that keeps a selection from being read when the page is full.
    """
    peek = materialized(first, "peek")
    number = sa.select(sa.func.count().label("n")).select_from(peek).cte("peeked")
    count: Any = sa.select(number.c.n).scalar_subquery()
    limit: Any = sa.bindparam("limit")
    rest = otherwise(lambda rows: rows.where(count < limit))
    return sa.union_all(sa.select(peek).where(count >= limit), sa.select(rest)).cte("found")


def looked_up(kept: Any, row: sa.Select[Any]) -> sa.Select[Any]:
    """The row for each of the rows in `kept`; the conditions of `row` select one.

    They are looked up one by one: a join with the recorded past would read all of it.
    """
    each = row.limit(sa.literal_column("1")).lateral("each")
    return sa.select(*each.c).select_from(kept.join(each, sa.true()))
