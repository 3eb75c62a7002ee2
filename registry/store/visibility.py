"""The one place that decides which rows a question sees and which geometry it measures with."""

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.records.resource import Visibility
from registry.store.schema.records import LIVE, geography, place_within, resource


class Shape(Struct, frozen=True):
    """The kinds of sight that need a statement of their own."""

    live: bool = True
    clearance: Visibility = "public"
    scoped: bool = False


class View(NamedTuple):
    """What a statement reads: its table, the rows it may know of, what stands for their place.

    To the public the place of an internal record is a grid cell, and how well it is known is that of a cell.
    """

    table: Any
    seen: sa.ColumnElement[bool]
    geom: sa.ColumnElement[Any]
    cell: sa.ColumnElement[int]
    spot: sa.ColumnElement[Any]
    geog: sa.ColumnElement[Any]
    uncertainty_m: sa.ColumnElement[float]
    quality: sa.ColumnElement[str]
    feature: sa.ColumnElement[str]
    seen_at: sa.ColumnElement[datetime]
    """When the position was reported that stands for what moves; null for what is measured from its home."""


def shape(sight: Sight) -> Shape:
    """The statement shape of `sight`."""
    scoped = bool(sight.scope) and sight.clearance == "internal"
    return Shape(sight.exercise is None, sight.clearance, scoped)


def binds(sight: Sight) -> dict[str, Any]:
    """The values that statements of this sight's shape expect."""
    return {"sight_realm": realm(sight), "sight_scope": list(sight.scope), "sight_as_of": sight.as_of}


def realm(sight: Sight) -> str:
    """The realm that `sight` looks into."""
    return sight.exercise or LIVE


@cache
def view(form: Shape) -> View:
    """The rows and columns that a question of this shape may use.

    The realm is literal text for live questions, so that the planner sees one partition; the visibility
    predicate is spelled as the partial indexes spell it.
    """
    table = resource
    columns = table.c
    seen = sa.and_(*_predicates(form))
    if form.clearance == "public":
        geom = columns.public_geom
        feature: Any = sa.func.coalesce(columns.public_feature, columns.feature)
        blurred = sa.and_(columns.visibility != sa.literal_column("'public'"), geom.is_not(None))
        quality = sa.case((blurred, sa.literal_column("'approximate'")), else_=columns.quality)
        where = (geom, columns.public_cell, columns.public_spot, geography(geom))
        public = (*where, columns.public_uncertainty_m, quality)
        reported = sa.case((columns.visibility == sa.literal_column("'public'"), columns.seen_at))
        return View(table, seen, *public, feature, reported)
    where = (columns.geom, columns.cell, columns.spot, geography(columns.geom))
    return View(table, seen, *where, columns.uncertainty_m, columns.quality, columns.feature, columns.seen_at)


def _predicates(form: Shape) -> list[sa.ColumnElement[bool]]:
    where: list[Any] = []
    shown = resource.c.visibility != sa.literal_column("'restricted'")
    if form.live:
        where.append(resource.c.realm == sa.literal_column(f"'{LIVE}'"))
    else:
        where.append(resource.c.realm == sa.bindparam("sight_realm"))
        where.append(resource.c.realm != sa.literal_column(f"'{LIVE}'"))
    if form.scoped:
        where.append(sa.or_(shown, in_scope(resource.c.place)))
    elif form.clearance != "restricted":
        where.append(shown)
    return where


def in_scope(place: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether a record's place lies under one of the places in the sight's scope."""
    roots = sa.any_(sa.bindparam("sight_scope", type_=sa.ARRAY(sa.Text)))
    under = sa.select(place_within.c.code).where(place_within.c.ancestor == roots)
    return place == sa.any_(sa.func.array(under.scalar_subquery()))
