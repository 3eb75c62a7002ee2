"""The recorded past: the resources as they were at an instant, with the columns of the present table."""

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.visitors import ExternallyTraversible

from registry.store.schema.changes import resource_past
from registry.store.schema.records import MADE, resource

INSTANT: sa.BindParameter[Any] = sa.bindparam("sight_as_of", type_=sa.TIMESTAMP(timezone=True))
NAMED = re.compile(rf"\b{resource.name}\b")
VERSIONS = "versions"
"""The name of the union of present rows and past versions, inside the recorded past."""


def _of_past_version(name: str) -> sa.ColumnElement[Any]:
    """A column of a past version; what is computed from a position is spelled as the indexes spell it."""
    return sa.literal_column(MADE[name][1]).label(name) if name in MADE else resource_past.c[name]


def _recorded() -> sa.Subquery:
    names = [column.name for column in resource.columns]
    never: sa.Label[Any] = sa.literal_column("'infinity'::timestamptz").label("superseded_at")
    present = sa.select(*resource.columns, never)
    past = sa.select(*map(_of_past_version, names), resource_past.c.superseded_at)
    versions = sa.union_all(present, past).subquery(VERSIONS)
    # Keep WHERE outside the UNION ALL: PostgreSQL builds a Merge Append only over simple subselects.
    current = sa.select(*(versions.c[name] for name in names)).where(
        versions.c.updated_at <= INSTANT, versions.c.superseded_at > INSTANT
    )
    return current.subquery(resource.name)


RECORDED = _recorded()
"""Present rows that are old enough, and past versions whose time holds the instant `sight_as_of`."""


def reads_present(statement: ExternallyTraversible) -> bool:
    """Whether a statement names the table of present resources outside the recorded past."""
    done: set[int] = set()
    pending = [statement]
    while pending:
        node = pending.pop()
        if id(node) in done or (isinstance(node, sa.Subquery) and node.name == VERSIONS):
            continue
        if node is resource or (isinstance(node, sa.TextClause) and NAMED.search(node.text)):
            return True
        done.add(id(node))
        pending.extend(node.get_children())
    return False
