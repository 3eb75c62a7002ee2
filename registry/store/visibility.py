"""The one place that decides which rows a question sees and which geometry it measures with."""

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.records.resource import Visibility
from registry.store.as_of import RECORDED
from registry.store.database.read_trace import noted
from registry.store.schema.records import LIVE, Columns, geography, place_within, resource

PUBLIC: sa.ColumnElement[str] = sa.literal_column("'public'")


class Shape(Struct, frozen=True):
    """What of a sight selects the text of a statement; everything else of it is a bound value."""

    live: bool = True
    clearance: Visibility = "public"
    scoped: bool = False
    past: bool = False


class View(NamedTuple):
    """What a statement reads: a table, which of its rows are visible, and the columns for their position.

    To the public the position of an internal record is a grid cell, with the uncertainty of that cell.
    The table is the recorded past when the shape asks for it: take every column of a resource from here.
    """

    form: Shape
    table: sa.FromClause
    seen: sa.ColumnElement[bool]
    geom: sa.ColumnElement[Any]
    cell: sa.ColumnElement[int]
    spot: sa.ColumnElement[Any]
    geog: sa.ColumnElement[Any]
    uncertainty_m: sa.ColumnElement[float]
    quality: sa.ColumnElement[str]
    feature: sa.ColumnElement[str]
    seen_at: sa.ColumnElement[datetime]
    """Time of the last reported position of a mobile team; NULL when the registered location is used."""

    @property
    def c(self) -> Columns:
        """The columns of the table."""
        return self.table.c

    def over(self, rows: sa.FromClause) -> "View":
        """The same columns, read from a selection of this view's rows."""
        return _view(self.form, rows)

    def shows_footprint(self) -> sa.ColumnElement[bool]:
        """Whether a record's own footprint and sector may be used: they would locate an internal one."""
        return self.c.visibility == PUBLIC if self.form.clearance == "public" else sa.true()


def shape(sight: Sight) -> Shape:
    """The statement shape of `sight`."""
    scoped = bool(sight.scope) and sight.clearance == "internal"
    return Shape(sight.exercise is None, sight.clearance, scoped, sight.as_of is not None)


def binds(sight: Sight) -> dict[str, Any]:
    """The values that statements of this sight's shape expect."""
    return {"sight_realm": realm(sight), "sight_scope": list(sight.scope), "sight_as_of": sight.as_of}


def realm(sight: Sight) -> str:
    """The realm that `sight` looks into."""
    return sight.exercise or LIVE


@cache
def view(form: Shape) -> View:
    """The rows and columns that a question of this shape may use."""
    return _view(form, RECORDED if form.past else resource)


def _view(form: Shape, table: sa.FromClause) -> View:
    columns = table.c
    seen = sa.and_(*predicates(form, columns))
    if form.clearance == "public":
        geom = columns.public_geom
        feature: Any = sa.func.coalesce(columns.public_feature, columns.feature)
        blurred = sa.and_(columns.visibility != PUBLIC, geom.is_not(None))
        quality = sa.case((blurred, sa.literal_column("'approximate'")), else_=columns.quality)
        where = (geom, columns.public_cell, columns.public_spot, geography(geom))
        public = (*where, columns.public_uncertainty_m, quality)
        reported = sa.case((columns.visibility == PUBLIC, columns.seen_at))
        return View(form, table, seen, *public, feature, reported)
    where = (columns.geom, columns.cell, columns.spot, geography(columns.geom))
    return View(
        form, table, seen, *where, columns.uncertainty_m, columns.quality, columns.feature, columns.seen_at
    )


def predicates(form: Shape, columns: Columns, *, of_records: bool = True) -> list[sa.ColumnElement[bool]]:
    """The conditions of a sight, spelled as the partial indexes spell them.

    Of records, not of mere counts of them, they note for the audit that a restricted one was read. The realm
    of live questions is literal text, so that the planner sees one partition.
    """
    where: list[Any] = []
    then = columns.visibility_then if form.past else columns.visibility
    shown = then != sa.literal_column("'restricted'")
    if form.live:
        where.append(columns.realm == sa.literal_column(f"'{LIVE}'"))
    else:
        where.append(columns.realm == sa.bindparam("sight_realm"))
        where.append(columns.realm != sa.literal_column(f"'{LIVE}'"))
    if form.scoped:
        note = [sa.func.registry_notes(columns.visibility, type_=sa.Boolean)] if of_records else []
        where.append(sa.or_(shown, sa.and_(in_scope(columns.place), *note)))
    elif form.clearance != "restricted":
        where.append(shown)
    elif of_records:
        where.append(noted(columns.visibility))
    if form.past:
        where += _still_seen(form, columns)
    return where


def _still_seen(form: Shape, columns: Columns) -> list[sa.ColumnElement[bool]]:
    """The conditions on what a record of the past is today, beside what it was then.

    A public reading needs the public face of the version, which is made when a record becomes internal.
    """
    if form.clearance == "restricted":
        return []
    shown = columns.visibility_now != sa.literal_column("'restricted'")
    where: list[Any] = [sa.or_(shown, in_scope(columns.place_now)) if form.scoped else shown]
    if form.clearance == "public":
        where.append(sa.or_(columns.visibility == PUBLIC, columns.public_feature.is_not(None)))
    return where


def in_scope(place: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether a record's place lies under one of the places in the sight's scope."""
    roots = sa.any_(sa.bindparam("sight_scope", type_=sa.ARRAY(sa.Text)))
    under = sa.select(place_within.c.code).where(place_within.c.ancestor == roots)
    return place == sa.any_(sa.func.array(under.scalar_subquery()))
