"""The one place that decides which rows a question sees and which geometry it measures with."""

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, cast

import sqlalchemy as sa
from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.records.location import PUBLIC_NAMES
from registry.domain.records.resource import Visibility
from registry.store.as_of import RECORDED
from registry.store.database.read_trace import noted
from registry.store.schema.records import LIVE, Columns, geography, place_within, resource

PUBLIC: sa.ColumnElement[str] = sa.literal_column("'public'")
UNNAMED = ("name_zh", "name_en")
TELLING = (
    "place", "partner_of", "candidate_places", "manager", "verified_by", "parent_depot", "search_key",
)  # fmt: skip
"""Columns that tell where a record is."""


class Shape(Struct, frozen=True):
    """What of a sight selects the text of a statement; everything else of it is a bound value."""

    live: bool = True
    clearance: Visibility = "public"
    scoped: bool = False
    past: bool = False


class PublicColumns:
    """The columns of records as the public may read them: what tells the place of an internal record is not.

    They are no columns of an index: conditions say `View.lies_in`.
    """

    def __init__(self, columns: Columns, quality: sa.ColumnElement[str]) -> None:
        self._columns, self._quality = columns, quality

    def __getitem__(self, name: str) -> Any:
        column = self._columns[name]
        if name == "quality":
            return self._quality.label(name)
        if name in UNNAMED:
            cases = [
                (self._columns.kind == _text(kind), _text(getattr(face, name.removeprefix("name_"))))
                for kind, face in PUBLIC_NAMES.items()
            ]
            return sa.case((self._is_public(), column), *cases).label(name)
        return sa.case((self._is_public(), column)).label(name) if name in TELLING else column

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(name) from error

    def get(self, name: str) -> Any:
        """The column, None when there is none."""
        return self[name] if name in self._columns else None

    def _is_public(self) -> sa.ColumnElement[bool]:
        return self._columns.visibility == PUBLIC


def _text(value: Any) -> sa.ColumnElement[str]:
    return sa.literal_column(f"'{value}'", sa.Text)


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
        """The columns as this sight may read them."""
        if self.form.clearance == "public":
            return cast("Columns", PublicColumns(self.table.c, self.quality))
        return self.table.c

    def over(self, rows: sa.FromClause) -> "View":
        """The same columns, read from a selection of this view's rows."""
        return _view(self.form, rows)

    def lies_in(self, codes: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """Whether a record is filed under one of these places; to the public an internal one is not."""
        filed: sa.ColumnElement[bool] = self.table.c.place == codes
        return filed if self.form.clearance != "public" else sa.and_(self.is_shown(), filed)

    def is_shown(self) -> sa.ColumnElement[bool]:
        """Whether this sight may read names and places of a record."""
        return self.table.c.visibility == PUBLIC if self.form.clearance == "public" else sa.true()

    def shows_footprint(self) -> sa.ColumnElement[bool]:
        """Whether a record's own footprint and sector may be used: they would locate an internal one."""
        return self.is_shown()


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
        blurred = sa.case((geom.is_(None), _text("unknown")), else_=_text("approximate"))
        quality = sa.case((columns.visibility == PUBLIC, columns.quality), else_=blurred)
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
