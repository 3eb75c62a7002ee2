"""A collection's features in the database: find, get, count, extents."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from registry.domain.cql import Condition
from registry.domain.cql import Shape as Asked
from registry.domain.crs import DEFAULT, Crs
from registry.domain.items import Question, Sort
from registry.domain.sight import Sight
from registry.store import cql
from registry.store.pool import Reader, Row
from registry.store.query import Query, passed_on
from registry.store.sight import Shape, binds, shape
from registry.store.sources import Source, source

KEPT = 2_000
"""Statements kept by the shape of their question."""
LIMIT = sa.bindparam("limit", type_=sa.Integer)
EVERYTHING: Asked = ("and", ())
EXACT_TO = 10_000
"""Counts up to here are made for every answer; larger ones on request."""


def placed(geom: Any, crs: Crs) -> Any:
    """The geometry as GeoJSON text in a system's own axis order."""
    moved = sa.func.ST_Transform(geom, sa.literal_column(str(crs.srid)))
    turned = sa.func.ST_FlipCoordinates(moved) if crs.north_first else moved
    return sa.func.ST_AsGeoJSON(turned, sa.literal_column(str(crs.digits)), sa.literal_column("0"))


def _columns(rows: Source, crs: Crs) -> list[Any]:
    chosen = [sa.cast(rows.key, sa.Text).label("id"), rows.feature.label("feature")]
    if crs is not DEFAULT:
        chosen.append(placed(rows.geom, crs).label("placed"))
    return chosen


def _where(rows: Source, asked: Asked) -> list[Any]:
    return [rows.seen, cql.expression(asked, rows.ground)]


Nulls = tuple[bool, ...] | None
"""Which sort keys of a page's start are unknown; None for a first page."""


@lru_cache(KEPT)
def _find(form: Shape, name: str, asked: Asked, sort: tuple[Sort, ...], nulls: Nulls, crs: Crs) -> Query:
    return Query(passed_on(_page(form, name, asked, sort, nulls, crs).subquery("page")))


def _page(form: Shape, name: str, asked: Asked, sort: tuple[Sort, ...], nulls: Nulls, crs: Crs) -> Any:
    rows = source(form, name)
    keys = [rows.ground.columns[key.name] for key in sort]
    found = sa.select(*_columns(rows, crs), *_texts(keys)).select_from(rows.table)
    return _part(found.where(*_where(rows, asked)), keys, rows.key, sort, nulls)


def _texts(keys: Sequence[Any]) -> list[Any]:
    """The sort keys as a cursor has them."""
    return [sa.cast(key, sa.Text).label(f"k{n}") for n, key in enumerate(keys)]


def _part(found: Any, keys: Sequence[Any], identity: Any, sort: tuple[Sort, ...], nulls: Nulls) -> Any:
    """The rows in order, from where the page starts, no more than it may have."""
    if nulls is not None:
        found = found.where(_after(keys, identity, sort, nulls))
    return _ordered(found, keys, identity, sort).limit(LIMIT)


def _ordered(found: Any, keys: Sequence[Any], identity: Any, sort: tuple[Sort, ...]) -> Any:
    order = [
        key.desc().nulls_last() if by.descending else key.asc().nulls_last()
        for key, by in zip(keys, sort, strict=True)
    ]
    return found.order_by(*order, identity)


@lru_cache(KEPT)
def _counted(form: Shape, name: str, asked: Asked, sort: tuple[Sort, ...], nulls: Nulls, crs: Crs) -> Query:
    """A page, then one row with the bounded count."""
    made = _of_window if _windowed(asked) else _of_order
    page, total = made(form, name, asked, sort, nulls, crs)
    rows = passed_on(page).add_columns(sa.cast(sa.null(), sa.BigInteger).label("n"))
    return Query(sa.union_all(rows, sa.select(*(sa.null() for _ in page.c), total)))


def _windowed(asked: Asked) -> bool:
    """Whether a window narrows the rows, on one side of 180° or on both; a wide one holds most of them."""
    if asked[0] == "and":
        return any(_windowed(part) for part in asked[1])
    return asked[0] in ("window", "narrow", "wrapped")


def _of_order(
    form: Shape, name: str, asked: Asked, sort: tuple[Sort, ...], nulls: Nulls, crs: Crs
) -> tuple[Any, Any]:
    """The page by the index of its order, and a count that is not made when a first page holds everything.

    With conditions the count goes by identity, or the planner reads the index of a whole kind to count some.
    """
    page = _page(form, name, asked, sort, nulls, crs).cte("page").prefix_with("MATERIALIZED")
    hits = _hits(form, name, asked)
    if asked != EVERYTHING:
        hits = hits.order_by(source(form, name).key)
    every = hits.limit(EXACT_TO + 1).subquery("every")
    total: Any = sa.select(sa.func.count()).select_from(every).scalar_subquery()
    if nulls is None:
        held = sa.select(sa.func.count()).select_from(page).scalar_subquery()
        total = sa.case((held < LIMIT, held), else_=total)
    return page, total


def _of_window(
    form: Shape, name: str, asked: Asked, sort: tuple[Sort, ...], nulls: Nulls, crs: Crs
) -> tuple[Any, Any]:
    """The rows of a window come in no order: read once to be counted and sorted, again only when too many.

    What is sorted are identities: whole features are fetched for the page alone.
    """
    rows = source(form, name)
    keys = [rows.ground.columns[key.name] for key in sort]
    sorted_by = [key.label(f"s{n}") for n, key in enumerate(keys)]
    read = sa.select(rows.key.label("identity"), *sorted_by).select_from(rows.table)
    every = read.where(*_where(rows, asked)).limit(EXACT_TO + 1)
    hits = every.cte("hit").prefix_with("MATERIALIZED")
    number = sa.select(sa.func.count().label("n")).select_from(hits).cte("number")
    total = sa.select(number.c.n).scalar_subquery()
    bound: Any = sa.literal_column(str(EXACT_TO))
    order = [hits.c[key.name] for key in sorted_by]
    few = _part(sa.select(hits).where(total <= bound), order, hits.c.identity, sort, nulls)
    few = few.cte("few").prefix_with("MATERIALIZED")
    shown = sa.select(*_columns(rows, crs), *_texts(keys)).select_from(
        few.join(rows.table, sa.and_(rows.seen, rows.key == few.c.identity))
    )
    shown = _ordered(shown, [few.c[key.name] for key in sorted_by], few.c.identity, sort)
    plain = _page(form, name, asked, sort, nulls, crs).where(total > bound)
    page = sa.union_all(*(sa.select(part.subquery()) for part in (shown, plain))).subquery("page")
    return page, total


def _after(keys: Sequence[Any], identity: Any, sort: tuple[Sort, ...], nulls: tuple[bool, ...]) -> Any:
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


async def find(reader: Reader, sight: Sight, name: str, asked: Question, crs: Crs) -> list[Row]:
    """At most `limit` rows with id, feature, and `placed` for a system other than CRS84."""
    return await reader.rows(*_asked(_find, sight, name, asked, crs))


async def find_and_count(
    reader: Reader, sight: Sight, name: str, asked: Question, crs: Crs
) -> tuple[list[Row], int | None]:
    """The same rows, and how many there are in all; None for more than EXACT_TO."""
    *rows, last = await reader.rows(*_asked(_counted, sight, name, asked, crs))
    return rows, None if last["n"] > EXACT_TO else last["n"]


def _asked(
    made: Callable[..., Query], sight: Sight, name: str, asked: Question, crs: Crs
) -> tuple[Query, dict[str, Any]]:
    page = asked.page
    nulls = None if page is None else tuple(key is None for key in page.keys)
    query = made(shape(sight), name, asked.where.shape, asked.sort, nulls, crs)
    given = binds(sight) | cql.values(asked.where.values) | {"limit": asked.limit}
    if page is not None:
        given |= {"after": page.after} | {f"start{n}": key for n, key in enumerate(page.keys)}
    return query, given


@lru_cache(KEPT)
def _get(form: Shape, name: str, crs: Crs) -> Query:
    rows = source(form, name)
    same = sa.cast(rows.key, sa.Text) if isinstance(rows.key.type, sa.Text) else rows.key
    identity = sa.cast(sa.bindparam("id", type_=sa.Text), rows.key.type)
    chosen = [*_columns(rows, crs), rows.version.label("version")]
    found = sa.select(*chosen).select_from(rows.table).where(rows.seen, same == identity)
    return Query(passed_on(found.subquery("found")))


async def get(reader: Reader, sight: Sight, name: str, identity: str, crs: Crs) -> Row | None:
    """One feature of a collection with its version, if this sight has it."""
    return await reader.row(_get(shape(sight), name, crs), binds(sight) | {"id": identity})


def _hits(form: Shape, name: str, asked: Asked) -> Any:
    rows = source(form, name)
    return sa.select(sa.literal_column("1")).select_from(rows.table).where(*_where(rows, asked))


@lru_cache(KEPT)
def _count(form: Shape, name: str, asked: Asked) -> Query:
    return Query(sa.select(sa.func.count().label("n")).select_from(_hits(form, name, asked).subquery()))


async def count(reader: Reader, sight: Sight, name: str, where: Condition) -> int:
    """How many features meet the condition."""
    query = _count(shape(sight), name, where.shape)
    row = await reader.row(query, binds(sight) | cql.values(where.values))
    return row["n"] if row is not None else 0
