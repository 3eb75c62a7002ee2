"""What an answer about a set says of rows that fail conditions or leave them open, as columns of JSON.

The rows have `id`, `distance_m`, and the names of the conditions as `failing` and `unknown`.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by

from registry.domain.completeness import SEVERAL

NONE: sa.ColumnElement[int] = sa.literal_column("0")


def excluded(rows: Any) -> Any:
    """How many each condition alone excludes, and the nearest of them; `several` by more than one."""
    count = sa.func.cardinality(rows.c.failing)
    name = sa.case((count == 1, rows.c.failing[1]), else_=sa.literal_column(f"'{SEVERAL}'"))
    each = sa.select(name.label("name"), rows.c.id, rows.c.distance_m).where(count > NONE).subquery("each")
    order = aggregate_order_by(each.c.id, each.c.distance_m.asc().nulls_last())
    nearest: Any = sa.func.array_agg(order, type_=sa.ARRAY(sa.Uuid))
    groups = sa.select(
        each.c.name,
        sa.func.count().label("n"),
        nearest[1].label("id"),
        sa.func.min(each.c.distance_m).label("distance_m"),
    ).group_by(each.c.name)
    return as_json(groups, "e")


def not_stated(rows: Any) -> Any:
    """How many leave each condition open and fail none."""
    name = sa.func.unnest(rows.c.unknown).label("name")
    each = sa.select(name).where(sa.func.cardinality(rows.c.failing) == NONE).subquery("each")
    return as_json(sa.select(each.c.name, sa.func.count().label("n")).group_by(each.c.name), "s")


def as_json(rows: sa.Select[Any], name: str) -> Any:
    """The rows as one JSON array; NULL for none."""
    whole: Any = sa.func.json_agg(sa.literal_column(name), type_=sa.JSON)
    return sa.select(whole).select_from(rows.subquery(name)).scalar_subquery()
