"""The recorded past: the resources as they were at an instant, with the columns of the present table.

How secret a record is, is a fact of today. So the past has the stricter visibility of then and now.
"""

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.visitors import ExternallyTraversible

from registry.domain.access.sight import STRICTEST_FIRST
from registry.store.schema.changes import resource_past
from registry.store.schema.records import MADE, resource

INSTANT: sa.BindParameter[Any] = sa.bindparam("sight_as_of", type_=sa.TIMESTAMP(timezone=True))
NAMED = re.compile(rf"\b{resource.name}\b")
VERSIONS = "versions"
"""The name of the union of present rows and past versions, inside the recorded past."""
CLASSIFICATION = "classification"
"""The name of the present rows from which the recorded past takes visibility and place as they are today."""
OF_PAST = ("visibility_then", "visibility_now", "place_now")
"""The columns that the recorded past has beside those of the present table."""


def _of_past_version(name: str) -> sa.ColumnElement[Any]:
    """A column of a past version; what is computed from a position is spelled as the indexes spell it."""
    return sa.literal_column(MADE[name][1]).label(name) if name in MADE else resource_past.c[name]


def _recorded() -> sa.Subquery:
    names = [column.name for column in resource.columns]
    never: sa.Label[Any] = sa.literal_column("'infinity'::timestamptz").label("superseded_at")
    present = sa.select(*resource.columns, never)
    past = sa.select(*map(_of_past_version, names), resource_past.c.superseded_at)
    versions = sa.union_all(present, past).subquery(VERSIONS)
    today = resource.alias(CLASSIFICATION)
    columns = {name: versions.c[name] for name in names}
    columns["visibility"] = stricter(versions.c.visibility, today.c.visibility).label("visibility")
    beside = (versions.c.visibility, today.c.visibility, today.c.place)
    # Keep WHERE and the join outside the UNION ALL: PostgreSQL builds a Merge Append over simple subselects.
    current = (
        sa.select(*columns.values(), *(one.label(name) for one, name in zip(beside, OF_PAST, strict=True)))
        .select_from(
            versions.join(today, sa.and_(today.c.realm == versions.c.realm, today.c.id == versions.c.id))
        )
        .where(versions.c.updated_at <= INSTANT, versions.c.superseded_at > INSTANT)
    )
    return current.subquery(resource.name)


def stricter(one: sa.ColumnElement[str], other: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """The stricter of two visibilities."""
    names: list[sa.ColumnElement[str]] = [sa.literal_column(f"'{name}'") for name in STRICTEST_FIRST]
    restricted, internal, public = names
    return sa.case(
        (sa.or_(one == restricted, other == restricted), restricted),
        (sa.or_(one == internal, other == internal), internal),
        else_=public,
    )


RECORDED = _recorded()
"""Present rows that are old enough, and past versions whose time holds the instant `sight_as_of`."""


def reads_present(statement: ExternallyTraversible) -> bool:
    """Whether a statement names the table of present resources outside the recorded past."""
    done: set[int] = set()
    pending = [statement]
    while pending:
        node = pending.pop()
        if id(node) in done or (isinstance(node, sa.FromClause) and _is_of_past(node)):
            continue
        if node is resource or (isinstance(node, sa.TextClause) and NAMED.search(node.text)):
            return True
        done.add(id(node))
        pending.extend(node.get_children())
    return False


def _is_of_past(node: sa.FromClause) -> bool:
    return getattr(node, "name", None) in (VERSIONS, CLASSIFICATION)
