"""The features of a collection in the database: find, get, count."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.crs import DEFAULT, Crs
from registry.domain.ogc import flat
from registry.domain.ogc.cql import CqlFilter, FilterShape
from registry.domain.ogc.items import DISTANCE, ItemsQuery, PageStart, SortKey
from registry.store.database.kept import READ_AT
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, passed_on, statement
from registry.store.ogc import cql
from registry.store.ogc.collection_source import CollectionSource, source
from registry.store.pages import few_or_many, looked_up, materialized
from registry.store.schema.records import geography
from registry.store.visibility import Shape, binds, shape

LIMIT: Any = sa.bindparam("limit", type_=sa.Integer)
ONE: Any = sa.literal_column("1", sa.Integer)
EVERYTHING: FilterShape = ("and", ())
EXACT_TO = 10_000
"""Features are counted up to here in every answer, and beyond on request."""


def placed(geom: Any, crs: Crs) -> Any:
    """The geometry as GeoJSON text, in the axis order of a reference system."""
    moved = sa.func.ST_Transform(geom, sa.literal_column(str(crs.srid)))
    turned = sa.func.ST_FlipCoordinates(moved) if crs.north_first else moved
    return sa.func.ST_AsGeoJSON(turned, sa.literal_column(str(crs.digits)), sa.literal_column("0"))


def _columns(rows: CollectionSource, crs: Crs, nested: bool) -> list[Any]:
    """The feature, flat or nested; a flat one may still have to be made of the nested one."""
    chosen = [rows.nested.label("feature")]
    if not nested:
        unmade = rows.feature.is_(None).label("unmade")
        telephone = sa.null() if rows.telephone is None else rows.telephone
        chosen = [
            sa.func.coalesce(rows.feature, rows.nested).label("feature"),
            unmade,
            telephone.label("telephone"),
        ]
    if crs is not DEFAULT:
        chosen.append(sa.func.coalesce(placed(rows.geom, crs), sa.literal_column("'null'")).label("placed"))
    return chosen


def _where(rows: CollectionSource, filtered: FilterShape) -> list[Any]:
    return [rows.seen, cql.expression(filtered, rows.queryables)]


Nulls = tuple[bool, ...] | None
"""Which sort keys of a page's start are unknown; None for a first page."""


class Listing(NamedTuple):
    """What selects the text of a page's statement."""

    sight: Shape
    name: str
    filter: FilterShape
    sort: tuple[SortKey, ...]
    nulls: Nulls
    nested: bool = False

    @property
    def past(self) -> bool:
        """Whether it reads the recorded past."""
        return self.sight.past

    @property
    def rows(self) -> CollectionSource:
        """What the collection reads."""
        return source(self.sight, self.name)


@statement
def _page(listing: Listing, crs: Crs, counted: bool) -> Query:
    """The features of a page, then one row of figures.

    It has the number of features up to one more than the page, the total, and the last feature's sort keys.
    """
    page, total = _of_few(listing) if _is_narrow(listing.filter) else _of_order(listing)
    order = [page.c[name] for name in _sorted_by(listing)]
    ordered = _in_order(sa.select(page), order, page.c.identity, listing.sort)
    shown = passed_on(_shown(listing, ordered.limit(LIMIT).subquery("kept"), crs).subquery("shown"))
    end = ordered.offset(LIMIT - ONE).limit(ONE).subquery("ends")
    keys = [sa.cast(key, sa.Text).label(f"k{n}") for n, key in enumerate(end.c)]
    held = sa.select(sa.func.count().label("held")).select_from(page).subquery("held")
    figures = [held.c.held, sa.cast(total if counted else sa.null(), sa.BigInteger).label("n"), *keys]
    figures.append(sa.cast(READ_AT, sa.Text).label("moment"))
    nothing = [sa.cast(sa.null(), one.type).label(one.name) for one in figures]
    last = sa.select(*(sa.null() for _ in shown.selected_columns), *figures)
    return Query(sa.union_all(shown.add_columns(*nothing), last.select_from(held.outerjoin(end, sa.true()))))


def _shown(listing: Listing, kept: Any, crs: Crs) -> Any:
    """The features of these identities, in their order."""
    rows = listing.rows
    chosen = sa.select(*_columns(rows, crs, listing.nested)).select_from(rows.table)
    one = chosen.where(rows.seen, rows.is_of(kept.c.identity))
    if rows.rendered is None or listing.nested or crs is not DEFAULT:
        shown = looked_up(kept, one)
    else:
        shown = _of_rendered(rows, kept)
    return _in_order(shown, [kept.c[name] for name in _sorted_by(listing)], kept.c.identity, listing.sort)


def _of_rendered(rows: CollectionSource, kept: Any) -> Any:
    """The features as they were rendered; what was not is read nested from the table."""
    assert rows.rendered is not None
    rendered = rows.rendered(kept)
    feature, telephone = rendered.selected_columns
    nested = sa.select(rows.nested).select_from(rows.table).where(rows.seen, rows.key == kept.c.identity)
    text = sa.func.coalesce(feature, nested.correlate(kept).scalar_subquery()).label("feature")
    return rendered.with_only_columns(text, feature.is_(None).label("unmade"), telephone)


def _sorted_by(listing: Listing) -> list[str]:
    return [f"s{n}" for n in range(len(listing.sort))]


def _read(listing: Listing) -> Any:
    """The identities of the features that meet the filter, with their sort keys."""
    rows = listing.rows
    keys = [
        _sort_key(rows, by.name).label(name)
        for by, name in zip(listing.sort, _sorted_by(listing), strict=True)
    ]
    read = sa.select(rows.key.label("identity"), *keys).select_from(rows.table)
    return read.where(*_where(rows, listing.filter))


def _sort_key(rows: CollectionSource, name: str) -> Any:
    if name != DISTANCE:
        return rows.queryables.columns[name]
    spot = (sa.cast(sa.bindparam(f"near_{axis}", type_=sa.Float), sa.Float) for axis in ("lon", "lat"))
    near = sa.func.ST_SetSRID(sa.func.ST_MakePoint(*spot), 4326)
    return sa.func.ST_Distance(geography(rows.geom), geography(near), type_=sa.Float)


def _ordered(listing: Listing, read: Any) -> Any:
    """The identities of a page in order, and one more, which tells whether another page follows."""
    identity, *keys = (one.element if isinstance(one, sa.Label) else one for one in read.selected_columns)
    if listing.nulls is not None:
        read = read.where(_after(keys, identity, listing.sort, listing.nulls))
    return _in_order(read, keys, identity, listing.sort).limit(LIMIT + ONE)


def _in_order(found: Any, keys: Sequence[Any], identity: Any, sort: tuple[SortKey, ...]) -> Any:
    order = [
        key.desc().nulls_last() if by.descending else key.asc().nulls_last()
        for key, by in zip(keys, sort, strict=True)
    ]
    return found.order_by(*order, identity)


NARROW = ("window", "narrow", "wrapped", "keyed", "keyed_briefly")
"""Conditions that select few rows: names, and windows on one or both sides of 180°, unless they are wide."""


def _is_narrow(node: FilterShape) -> bool:
    return any(map(_is_narrow, node[1])) if node[0] == "and" else node[0] in NARROW


def _scanned(node: FilterShape) -> FilterShape:
    """The same filter for many rows: names are compared row by row, not looked up in an index."""
    if node[0] == "and":
        return ("and", tuple(map(_scanned, node[1])))
    return ("keyed_scanned", *node[1:]) if node[0] in ("keyed", "keyed_briefly") else node


def _of_order(listing: Listing) -> tuple[Any, Any]:
    """The page by the index of its order, and the total, which is not counted when the first page has all.

    The count has an ORDER BY too: without one the planner reads an index that is larger than necessary.
    """
    page = materialized(_ordered(listing, _read(listing)), "page")
    rows = listing.rows
    walked = rows.key if listing.filter != EVERYTHING or rows.walked is None else rows.walked
    hits = _hits(listing.sight, listing.name, listing.filter).order_by(walked)
    every = hits.limit(EXACT_TO + 1).subquery("every")
    total: Any = sa.select(sa.func.count()).select_from(every).scalar_subquery()
    if listing.nulls is None:
        held = sa.select(sa.func.count()).select_from(page).scalar_subquery()
        total = sa.case((held <= LIMIT, held), else_=total)
    return page, total


def _of_few(listing: Listing) -> tuple[Any, Any]:
    scanned = listing._replace(filter=_scanned(listing.filter))
    return few_or_many(_read(listing), _read(scanned), lambda read: _ordered(listing, read), EXACT_TO)


def _after(keys: Sequence[Any], identity: Any, sort: tuple[SortKey, ...], nulls: tuple[bool, ...]) -> Any:
    """The rows after the start of a page: unknown values sort last, the identity breaks ties."""
    later: Any = identity > sa.cast(sa.bindparam("after", type_=sa.Text), identity.type)
    for n, (key, by, null) in reversed(list(enumerate(zip(keys, sort, nulls, strict=True)))):
        if null:
            later = sa.and_(key.is_(None), later)
        else:
            start = sa.cast(sa.bindparam(f"start{n}", type_=sa.Text), key.type)
            beyond = key < start if by.descending else key > start
            later = sa.or_(beyond, key.is_(None), sa.and_(key == start, later))
    return later


class FeaturePage(NamedTuple):
    """A page of features as JSON texts, with their geometries when the reference system is not CRS84.

    `next` is where the following page starts. `matched` is the total; None when it is above EXACT_TO or
    was not requested. `moment` is the one that they were read at.
    """

    features: list[bytes]
    placed: list[str] | None
    next: PageStart | None
    matched: int | None
    moment: str | None = None


async def find(
    reader: Reader, sight: Sight, name: str, query: ItemsQuery, crs: Crs, *, counted: bool = False
) -> FeaturePage:
    """At most `limit` features in order; with `counted`, their total too, up to EXACT_TO."""
    start = query.page
    nulls = None if start is None else tuple(key is None for key in start.keys)
    listing = Listing(shape(sight), name, query.filter.shape, query.sort, nulls, query.nested)
    values = binds(sight) | cql.values(query.filter.values) | {"limit": query.limit}
    if query.near is not None:
        values |= {"near_lon": query.near[0], "near_lat": query.near[1]}
    if start is not None:
        values |= {"after": start.after} | {f"start{n}": key for n, key in enumerate(start.keys)}
    *rows, last = await reader.rows(_page(listing, crs, counted), values)
    more = last["held"] > query.limit
    following = PageStart([last[f"k{n + 1}"] for n in range(len(query.sort))], last["k0"]) if more else None
    matched = None if last["n"] is None or last["n"] > EXACT_TO else last["n"]
    placed = None if crs is DEFAULT else [row["placed"] for row in rows]
    texts = [row["feature"] for row in rows] if query.nested else [flat_feature(row) for row in rows]
    return FeaturePage(texts, placed, following, matched, last["moment"])


def flat_feature(row: Row) -> bytes:
    """The flat feature of a row, with the telephones that its reader may see."""
    text: bytes = flat.flat_text(row["feature"]) if row["unmade"] else row["feature"]
    telephone = row["telephone"]
    return text if telephone is None else flat.with_telephone(text, telephone)


@statement
def _get(form: Shape, name: str, crs: Crs, nested: bool) -> Query:
    rows = source(form, name)
    same = sa.cast(rows.key, sa.Text) if isinstance(rows.key.type, sa.Text) else rows.key
    identity = sa.cast(sa.bindparam("id", type_=sa.Text), rows.key.type)
    chosen = [
        sa.cast(rows.key, sa.Text).label("id"),
        *_columns(rows, crs, nested),
        rows.version.label("version"),
    ]
    mine = same == identity if rows.holding is None else rows.is_of(identity)
    found = sa.select(*chosen).select_from(rows.table).where(rows.seen, mine)
    return Query(passed_on(found.subquery("found")))


async def get(
    reader: Reader, sight: Sight, name: str, identity: str, crs: Crs, *, nested: bool = False
) -> Row | None:
    """One feature of a collection with its version; None when this sight does not see it."""
    return await reader.row(_get(shape(sight), name, crs, nested), binds(sight) | {"id": identity})


def _hits(form: Shape, name: str, filtered: FilterShape) -> Any:
    rows = source(form, name)
    return sa.select(sa.literal_column("1")).select_from(rows.table).where(*_where(rows, filtered))


@statement
def _count(form: Shape, name: str, filtered: FilterShape) -> Query:
    return Query(sa.select(sa.func.count().label("n")).select_from(_hits(form, name, filtered).subquery()))


async def count(reader: Reader, sight: Sight, name: str, where: CqlFilter) -> int:
    """The number of features that meet the filter."""
    query = _count(shape(sight), name, where.shape)
    row = await reader.row(query, binds(sight) | cql.values(where.values))
    return row["n"] if row is not None else 0
