"""A checked CQL2 shape as a SQLAlchemy expression over a collection's own columns."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from registry.domain.ogc.cql import FilterShape
from registry.store.names import GRAMS, Way, folded_name, keyed
from registry.store.schema.records import geography, place_within
from registry.store.windows import holds, within

Expression = sa.ColumnElement[Any]
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: a / sa.func.nullif(b, 0),
    "div": lambda a, b: sa.func.trunc(a / sa.func.nullif(b, 0)),
    "%": lambda a, b: a - b * sa.func.trunc(a / sa.func.nullif(b, 0)),
    "^": lambda a, b: _power(a, b),
}
SPATIAL = {
    "s_intersects": sa.func.ST_Intersects,
    "s_equals": sa.func.ST_Equals,
    "s_disjoint": sa.func.ST_Disjoint,
    "s_touches": sa.func.ST_Touches,
    "s_within": sa.func.ST_Within,
    "s_overlaps": sa.func.ST_Overlaps,
    "s_crosses": sa.func.ST_Crosses,
    "s_contains": sa.func.ST_Contains,
}
GEOMETRY = ("geometry",)
INSTANT = sa.TIMESTAMP(timezone=True)
TYPES: dict[str, Any] = {
    "string": sa.Text,
    "number": sa.Float,
    "instant": INSTANT,
    "strings": sa.ARRAY(sa.Text),
    "numbers": sa.ARRAY(sa.Float),
    "grams": GRAMS,
    "geometry": sa.Text,
}
WAYS: dict[str, Way] = {"keyed": "trigrams", "keyed_briefly": "grams", "keyed_scanned": "scan"}
MARKS = "[\u0300-\u036f]"


class Queryables(NamedTuple):
    """The expressions that the conditions on a collection use."""

    columns: Mapping[str, Expression]
    geom: Expression
    indexed: Callable[[Expression], Expression] | None = None
    """A condition on a window that an index answers, for a computed geometry, which has no index."""
    partial: bool = False
    """Whether rows may lack a geometry. Such rows lie in every window."""
    spot: Expression | None = None
    """The geometry as an indexed PostgreSQL point, where all geometries are points."""
    search_key: Any = None
    """What the features are found by."""
    named: Expression | None = None
    """Whether the name of a row may be read; None: always."""


def values(given: tuple[Any, ...]) -> dict[str, Any]:
    """The values of a condition as the statement's parameters."""
    return {f"c{n}": value for n, value in enumerate(given)}


def expression(shape: FilterShape, queryables: Queryables) -> Expression:
    """The expression of one node and all under it."""
    read: Callable[[FilterShape, Queryables], Any] = READERS.get(shape[0], _spatial)
    found: Expression = read(shape, queryables)
    return found


def _power(base: Any, exponent: Any) -> Any:
    """A power; NULL where it is no real number, or too large."""
    zero: Any = sa.literal_column("0")
    most: Any = sa.literal_column("700")
    undefined = sa.or_(
        sa.and_(base == zero, exponent < zero),
        sa.and_(base < zero, exponent != sa.func.trunc(exponent)),
        sa.and_(base != zero, exponent * sa.func.ln(sa.func.abs(sa.func.nullif(base, zero))) > most),
    )
    return sa.case((undefined, sa.null()), else_=sa.func.power(base, exponent))


def _measured(shape: FilterShape, queryables: Queryables) -> list[Any]:
    """The two geometries on the ellipsoid."""
    return [geography(one) for one in _each(shape, queryables)]


def _within_m(shape: FilterShape, queryables: Queryables) -> Expression:
    found: Expression = sa.func.ST_DWithin(
        *_measured(shape[1:3], queryables), expression(shape[3], queryables)
    )
    return found


def _each(shapes: tuple[Any, ...], queryables: Queryables) -> list[Expression]:
    return [expression(shape, queryables) for shape in shapes]


def _value(shape: FilterShape, _: Queryables) -> Expression:
    bound: Expression = sa.bindparam(f"c{shape[2]}", type_=TYPES[shape[1]])
    if shape[1] == "geometry":
        return sa.func.ST_SetSRID(sa.func.ST_GeomFromGeoJSON(bound), 4326)
    return sa.cast(bound, sa.Float) if shape[1] == "number" else bound


def _like(shape: FilterShape, queryables: Queryables) -> Expression:
    text, pattern = _each(shape[1:], queryables)
    return text.like(pattern, escape="\\")


def _between(shape: FilterShape, queryables: Queryables) -> Expression:
    value, low, high = _each(shape[1:], queryables)
    return sa.and_(value >= low, value <= high)


def _in(shape: FilterShape, queryables: Queryables) -> Expression:
    value, *members = _each(shape[1:], queryables)
    return sa.or_(sa.false(), *(value == member for member in members))


def _accenti(shape: FilterShape, queryables: Queryables) -> Expression:
    spread = sa.func.normalize(expression(shape[1], queryables), sa.literal_column("NFKD"))
    return sa.func.regexp_replace(spread, MARKS, "", "g")


def _spatial(shape: FilterShape, queryables: Queryables) -> Expression:
    found: Expression = SPATIAL[shape[0]](*_each(shape[1:], queryables))
    drawn = [part for part in shape[1:] if part[0] == "value"]
    if queryables.spot is None or not drawn or GEOMETRY not in shape[1:] or shape[0] == "s_disjoint":
        return found
    return sa.and_(within(queryables.spot, sa.func.box(expression(drawn[0], queryables))), found)


def _window(shape: FilterShape, queryables: Queryables) -> Expression:
    sides = _each(shape[1:], queryables)
    box = sa.func.ST_MakeEnvelope(*sides, 4326)
    exact = _met(queryables, sides, box)
    return exact if queryables.indexed is None else sa.and_(queryables.indexed(box), exact)


def _wide(shape: FilterShape, queryables: Queryables) -> Expression:
    sides = _each(shape[1:], queryables)
    return _met(queryables, sides, sa.func.ST_MakeEnvelope(*sides, 4326))


def _narrow(shape: FilterShape, queryables: Queryables) -> Expression:
    sides = _each(shape[1:], queryables)
    return _met(queryables, sides, _box(*sides))


def _wrapped(shape: FilterShape, queryables: Queryables) -> Expression:
    west, south, east, north = _each(shape[1:], queryables)
    sides = ((west, south, 180.0, north), (-180.0, south, east, north))
    return sa.or_(*(_met(queryables, side, _box(*side)) for side in sides))


def _box(west: Any, south: Any, east: Any, north: Any) -> Expression:
    """A window that may be a line or a point, of which ST_MakeEnvelope makes a polygon without area."""
    corners = sa.func.ST_MakeLine(sa.func.ST_MakePoint(west, south), sa.func.ST_MakePoint(east, north))
    flat: Expression = sa.func.ST_SetSRID(sa.func.ST_Envelope(corners), 4326)
    return flat


def _met(queryables: Queryables, sides: Sequence[Any], box: Expression) -> Expression:
    if queryables.spot is not None:
        return holds(queryables.spot, *sides)
    exact: Expression = sa.func.ST_Intersects(queryables.geom, box)
    return sa.or_(exact, queryables.geom.is_(None)) if queryables.partial else exact


def _keyed(shape: FilterShape, queryables: Queryables) -> Expression:
    pattern, grams = _each(shape[1:], queryables)
    found = keyed(queryables.search_key, pattern, WAYS[shape[0]], grams)
    return found if queryables.named is None else sa.and_(queryables.named, found)


def _folded(shape: FilterShape, queryables: Queryables) -> Expression:
    name = folded_name(queryables.search_key, shape[1])
    return name if queryables.named is None else sa.case((queryables.named, name))


def _folded_like(shape: FilterShape, queryables: Queryables) -> Expression:
    """A folded name that matches a pattern; its key holds the pattern too, which has an index."""
    name, pattern = _each(shape[1:3], queryables)
    found = name.like(pattern, escape="\\")
    anywhere: Any = sa.literal_column("'%'")
    whole = anywhere.concat(pattern).concat(anywhere)
    return sa.and_(keyed(queryables.search_key, whole), found) if shape[3] else found


def _under(shape: FilterShape, queryables: Queryables) -> Expression:
    inside = sa.select(place_within.c.code).where(place_within.c.ancestor == expression(shape[1], queryables))
    return queryables.columns["place"] == sa.any_(sa.func.array(inside.scalar_subquery()))


def _period(shape: FilterShape, queryables: Queryables) -> tuple[Expression, Expression]:
    begin, end = _each(shape[1:], queryables)
    return begin, end


def _temporal(shape: FilterShape, queryables: Queryables) -> Expression:
    (a, b), (c, d) = _period(shape[1], queryables), _period(shape[2], queryables)
    relation: Expression = TEMPORAL[shape[0]](a, b, c, d)
    return relation


# a…b is the first period, c…d the second; an instant is a period whose ends are one (Allen's relations).
TEMPORAL: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "t_after": lambda a, b, c, d: a > d,
    "t_before": lambda a, b, c, d: b < c,
    "t_contains": lambda a, b, c, d: sa.and_(a < c, b > d),
    "t_disjoint": lambda a, b, c, d: sa.or_(b < c, a > d),
    "t_during": lambda a, b, c, d: sa.and_(a > c, b < d),
    "t_equals": lambda a, b, c, d: sa.and_(a == c, b == d),
    "t_finishedby": lambda a, b, c, d: sa.and_(a < c, b == d),
    "t_finishes": lambda a, b, c, d: sa.and_(a > c, b == d),
    "t_intersects": lambda a, b, c, d: sa.and_(a <= d, b >= c),
    "t_meets": lambda a, b, c, d: b == c,
    "t_metby": lambda a, b, c, d: a == d,
    "t_overlappedby": lambda a, b, c, d: sa.and_(a > c, a < d, b > d),
    "t_overlaps": lambda a, b, c, d: sa.and_(a < c, b > c, b < d),
    "t_startedby": lambda a, b, c, d: sa.and_(a == c, b > d),
    "t_starts": lambda a, b, c, d: sa.and_(a == c, b < d),
}
ARRAYS: dict[str, Callable[[Any, Any], Any]] = {
    "a_contains": lambda a, b: a.bool_op("@>")(b),
    "a_containedby": lambda a, b: a.bool_op("<@")(b),
    "a_overlaps": lambda a, b: a.bool_op("&&")(b),
    "a_equals": lambda a, b: sa.and_(a.bool_op("@>")(b), a.bool_op("<@")(b)),
}


def _array(shape: FilterShape, queryables: Queryables) -> Expression:
    relation: Expression = ARRAYS[shape[0]](*_each(shape[1:], queryables))
    return relation


READERS: dict[str, Callable[[FilterShape, Queryables], Any]] = {
    "true": lambda shape, queryables: sa.true(),
    "false": lambda shape, queryables: sa.false(),
    "and": lambda shape, queryables: sa.and_(sa.true(), *_each(shape[1], queryables)),
    "or": lambda shape, queryables: sa.or_(sa.false(), *_each(shape[1], queryables)),
    "not": lambda shape, queryables: sa.not_(expression(shape[1], queryables)),
    "compare": lambda shape, queryables: COMPARE[shape[1]](*_each(shape[2:], queryables)),
    "arithmetic": lambda shape, queryables: ARITHMETIC[shape[1]](*_each(shape[2:], queryables)),
    "distance_m": lambda shape, queryables: sa.func.ST_Distance(
        *_measured(shape[1:], queryables), type_=sa.Float
    ),
    "within_m": _within_m,
    "like": _like,
    "between": _between,
    "in": _in,
    "member": lambda shape, queryables: (
        expression(shape[1], queryables) == sa.any_(expression(shape[2], queryables))
    ),
    "isnull": lambda shape, queryables: expression(shape[1], queryables).is_(None),
    "casei": lambda shape, queryables: sa.func.lower(expression(shape[1], queryables)),
    "accenti": _accenti,
    "property": lambda shape, queryables: queryables.columns[shape[1]],
    "geometry": lambda shape, queryables: queryables.geom,
    "value": _value,
    "coalesce": lambda shape, queryables: sa.func.coalesce(*_each(shape[1:], queryables)),
    "infinity": lambda shape, queryables: sa.literal_column("'infinity'::timestamptz"),
    "-infinity": lambda shape, queryables: sa.literal_column("'-infinity'::timestamptz"),
    "window": _window,
    "wide": _wide,
    "narrow": _narrow,
    "wrapped": _wrapped,
    **dict.fromkeys(WAYS, _keyed),
    "folded": _folded,
    "folded_like": _folded_like,
    "read": lambda shape, queryables: expression(shape[1], queryables).concat(sa.literal_column("''")),
    "under": _under,
    **dict.fromkeys(TEMPORAL, _temporal),
    **dict.fromkeys(ARRAYS, _array),
}
