"""A collection's features in the database: find, get, count, extents."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.crs import DEFAULT, Crs
from registry.domain.ogc.cql import CqlFilter
from registry.domain.ogc.cql import FilterShape as Asked
from registry.domain.ogc.items import ItemsQuery, PageStart, SortKey
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, passed_on, statement
from registry.store.ogc import cql
from registry.store.ogc.sources import Source, source
from registry.store.pages import few_or_many, looked_up, once
from registry.store.visibility import Shape, binds, shape

LIMIT: Any = sa.bindparam("limit", type_=sa.Integer)
ONE: Any = sa.literal_column("1", sa.Integer)
EVERYTHING: Asked = ("and", ())
EXACT_TO = 10_000
"""Counts up to here are made for every answer; larger ones on request."""


def placed(geom: Any, crs: Crs) -> Any:
    """The geometry as GeoJSON text in a system's own axis order."""
    moved = sa.func.ST_Transform(geom, sa.literal_column(str(crs.srid)))
    turned = sa.func.ST_FlipCoordinates(moved) if crs.north_first else moved
    return sa.func.ST_AsGeoJSON(turned, sa.literal_column(str(crs.digits)), sa.literal_column("0"))


def _columns(rows: Source, crs: Crs) -> list[Any]:
    chosen = [rows.feature.label("feature")]
    if crs is not DEFAULT:
        chosen.append(sa.func.coalesce(placed(rows.geom, crs), sa.literal_column("'null'")).label("placed"))
    return chosen


def _where(rows: Source, asked: Asked) -> list[Any]:
    return [rows.seen, cql.expression(asked, rows.ground)]


Nulls = tuple[bool, ...] | None
"""Which sort keys of a page's start are unknown; None for a first page."""


class Form(NamedTuple):
    """What makes a page's statement another one."""

    sight: Shape
    name: str
    asked: Asked
    sort: tuple[SortKey, ...]
    nulls: Nulls

    @property
    def rows(self) -> Source:
        """What the collection reads."""
        return source(self.sight, self.name)


@statement
def _page(form: Form, crs: Crs, counted: bool) -> Query:
    """The features of a page, then one row: how many were found up to one more, the page's last keys, and
    how many there are in all."""
    page, total = _of_few(form) if _narrowed(form.asked) else _of_order(form)
    order = [page.c[name] for name in _sorted_by(form)]
    ordered = _in_order(sa.select(page), order, page.c.identity, form.sort)
    shown = passed_on(_shown(form, ordered.limit(LIMIT).subquery("kept"), crs).subquery("shown"))
    end = ordered.offset(LIMIT - ONE).limit(ONE).subquery("ends")
    keys = [sa.cast(key, sa.Text).label(f"k{n}") for n, key in enumerate(end.c)]
    held = sa.select(sa.func.count().label("held")).select_from(page).subquery("held")
    figures = [held.c.held, sa.cast(total if counted else sa.null(), sa.BigInteger).label("n"), *keys]
    nothing = [sa.cast(sa.null(), one.type).label(one.name) for one in figures]
    last = sa.select(*(sa.null() for _ in shown.selected_columns), *figures)
    return Query(sa.union_all(shown.add_columns(*nothing), last.select_from(held.outerjoin(end, sa.true()))))


def _shown(form: Form, kept: Any, crs: Crs) -> Any:
    """The features of these identities, in their order."""
    rows = form.rows
    chosen = sa.select(*_columns(rows, crs)).select_from(rows.table)
    shown = looked_up(kept, chosen.where(rows.seen, rows.key == kept.c.identity))
    return _in_order(shown, [kept.c[name] for name in _sorted_by(form)], kept.c.identity, form.sort)


def _sorted_by(form: Form) -> list[str]:
    return [f"s{n}" for n in range(len(form.sort))]


def _read(form: Form) -> Any:
    """The identities of what meets the conditions, with their sort keys."""
    rows = form.rows
    keys = [
        rows.ground.columns[by.name].label(name) for by, name in zip(form.sort, _sorted_by(form), strict=True)
    ]
    read = sa.select(rows.key.label("identity"), *keys).select_from(rows.table)
    return read.where(*_where(rows, form.asked))


def _ordered(form: Form, read: Any) -> Any:
    """The identities in order from where the page starts, one more than it may have."""
    identity, *keys = (one.element if isinstance(one, sa.Label) else one for one in read.selected_columns)
    if form.nulls is not None:
        read = read.where(_after(keys, identity, form.sort, form.nulls))
    return _in_order(read, keys, identity, form.sort).limit(LIMIT + ONE)


def _in_order(found: Any, keys: Sequence[Any], identity: Any, sort: tuple[SortKey, ...]) -> Any:
    order = [
        key.desc().nulls_last() if by.descending else key.asc().nulls_last()
        for key, by in zip(keys, sort, strict=True)
    ]
    return found.order_by(*order, identity)


NARROW = ("window", "narrow", "wrapped", "named", "named_briefly")
"""Conditions that few rows meet, in no order: names and windows, on one side of 180° or both, unless wide."""


def _narrowed(asked: Asked) -> bool:
    return any(map(_narrowed, asked[1])) if asked[0] == "and" else asked[0] in NARROW


def _walked(asked: Asked) -> Asked:
    """The same conditions, for many: the names of those that come are read, not those of all looked up."""
    if asked[0] == "and":
        return ("and", tuple(map(_walked, asked[1])))
    return ("named_briefly", *asked[1:]) if asked[0] == "named" else asked


def _of_order(form: Form) -> tuple[Any, Any]:
    """The page by the index of its order, and a count that is not made when a first page holds everything.

    The count is given an order too, or the planner reads an index that is larger than it needs.
    """
    page = once(_ordered(form, _read(form)), "page")
    rows = form.rows
    walked = rows.key if form.asked != EVERYTHING or rows.walked is None else rows.walked
    hits = _hits(form.sight, form.name, form.asked).order_by(walked)
    every = hits.limit(EXACT_TO + 1).subquery("every")
    total: Any = sa.select(sa.func.count()).select_from(every).scalar_subquery()
    if form.nulls is None:
        held = sa.select(sa.func.count()).select_from(page).scalar_subquery()
        total = sa.case((held <= LIMIT, held), else_=total)
    return page, total


def _of_few(form: Form) -> tuple[Any, Any]:
    walked = form._replace(asked=_walked(form.asked))
    return few_or_many(_read(form), _read(walked), lambda read: _ordered(form, read), EXACT_TO)


def _after(keys: Sequence[Any], identity: Any, sort: tuple[SortKey, ...], nulls: tuple[bool, ...]) -> Any:
    """Rows that come later in the order: unknown values come last, the identity decides between equals."""
    later: Any = identity > sa.cast(sa.bindparam("after", type_=sa.Text), identity.type)
    for n, (key, by, null) in reversed(list(enumerate(zip(keys, sort, nulls, strict=True)))):
        if null:
            later = sa.and_(key.is_(None), later)
        else:
            start = sa.cast(sa.bindparam(f"start{n}", type_=sa.Text), key.type)
            beyond = key < start if by.descending else key > start
            later = sa.or_(beyond, key.is_(None), sa.and_(key == start, later))
    return later


class Found(NamedTuple):
    """A page: its features as JSON texts, and their geometries where the system is not CRS84.

    `next` is where a further page starts, and `matched` how many features there are in all, None where that
    is more than EXACT_TO or was not asked.
    """

    features: list[bytes]
    placed: list[str] | None
    next: PageStart | None
    matched: int | None


async def find(
    reader: Reader, sight: Sight, name: str, asked: ItemsQuery, crs: Crs, *, counted: bool = False
) -> Found:
    """At most `limit` features in order, counted up to a bound if that is asked for."""
    start = asked.page
    nulls = None if start is None else tuple(key is None for key in start.keys)
    query = _page(Form(shape(sight), name, asked.filter.shape, asked.sort, nulls), crs, counted)
    given = binds(sight) | cql.values(asked.filter.values) | {"limit": asked.limit}
    if start is not None:
        given |= {"after": start.after} | {f"start{n}": key for n, key in enumerate(start.keys)}
    *rows, last = await reader.rows(query, given)
    more = last["held"] > asked.limit
    following = PageStart([last[f"k{n + 1}"] for n in range(len(asked.sort))], last["k0"]) if more else None
    matched = None if last["n"] is None or last["n"] > EXACT_TO else last["n"]
    placed = None if crs is DEFAULT else [row["placed"] for row in rows]
    return Found([row["feature"] for row in rows], placed, following, matched)


@statement
def _get(form: Shape, name: str, crs: Crs) -> Query:
    rows = source(form, name)
    same = sa.cast(rows.key, sa.Text) if isinstance(rows.key.type, sa.Text) else rows.key
    identity = sa.cast(sa.bindparam("id", type_=sa.Text), rows.key.type)
    chosen = [sa.cast(rows.key, sa.Text).label("id"), *_columns(rows, crs), rows.version.label("version")]
    found = sa.select(*chosen).select_from(rows.table).where(rows.seen, same == identity)
    return Query(passed_on(found.subquery("found")))


async def get(reader: Reader, sight: Sight, name: str, identity: str, crs: Crs) -> Row | None:
    """One feature of a collection with its version, if this sight has it."""
    return await reader.row(_get(shape(sight), name, crs), binds(sight) | {"id": identity})


def _hits(form: Shape, name: str, asked: Asked) -> Any:
    rows = source(form, name)
    return sa.select(sa.literal_column("1")).select_from(rows.table).where(*_where(rows, asked))


@statement
def _count(form: Shape, name: str, asked: Asked) -> Query:
    return Query(sa.select(sa.func.count().label("n")).select_from(_hits(form, name, asked).subquery()))


async def count(reader: Reader, sight: Sight, name: str, where: CqlFilter) -> int:
    """How many features meet the condition."""
    query = _count(shape(sight), name, where.shape)
    row = await reader.row(query, binds(sight) | cql.values(where.values))
    return row["n"] if row is not None else 0
