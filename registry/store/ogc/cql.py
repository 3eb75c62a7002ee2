"""A checked CQL2 shape as a SQLAlchemy expression over a collection's own columns."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from registry.domain.ogc.cql import FilterShape
from registry.store.names import named
from registry.store.schema.records import place_within
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
    "geometry": sa.Text,
}
MARKS = "[\u0300-\u036f]"


class Ground(NamedTuple):
    """What a collection's conditions speak about."""

    columns: Mapping[str, Expression]
    geom: Expression
    indexed: Callable[[Expression], Expression] | None = None
    """What an index knows of a window, where the geometry itself is computed and has none."""
    partial: bool = False
    """Whether rows may lack a geometry: those are in every window."""
    spot: Expression | None = None
    """The geometry as PostgreSQL's own point, which an index has, where the geometries are points."""


def values(given: tuple[Any, ...]) -> dict[str, Any]:
    """The values of a condition as the statement's parameters."""
    return {f"c{n}": value for n, value in enumerate(given)}


def expression(shape: FilterShape, ground: Ground) -> Expression:
    """The expression of one node and all under it."""
    found: Expression = READERS.get(shape[0], _spatial)(shape, ground)
    return found


def _each(shapes: tuple[Any, ...], ground: Ground) -> list[Expression]:
    return [expression(shape, ground) for shape in shapes]


def _value(shape: FilterShape, _: Ground) -> Expression:
    bound: Expression = sa.bindparam(f"c{shape[2]}", type_=TYPES[shape[1]])
    if shape[1] == "geometry":
        return sa.func.ST_SetSRID(sa.func.ST_GeomFromGeoJSON(bound), 4326)
    return sa.cast(bound, sa.Float) if shape[1] == "number" else bound


def _like(shape: FilterShape, ground: Ground) -> Expression:
    text, pattern = _each(shape[1:], ground)
    return text.like(pattern, escape="\\")


def _between(shape: FilterShape, ground: Ground) -> Expression:
    value, low, high = _each(shape[1:], ground)
    return sa.and_(value >= low, value <= high)


def _in(shape: FilterShape, ground: Ground) -> Expression:
    value, *members = _each(shape[1:], ground)
    return sa.or_(sa.false(), *(value == member for member in members))


def _accenti(shape: FilterShape, ground: Ground) -> Expression:
    spread = sa.func.normalize(expression(shape[1], ground), sa.literal_column("NFKD"))
    return sa.func.regexp_replace(spread, MARKS, "", "g")


def _spatial(shape: FilterShape, ground: Ground) -> Expression:
    found: Expression = SPATIAL[shape[0]](*_each(shape[1:], ground))
    drawn = [part for part in shape[1:] if part[0] == "value"]
    if ground.spot is None or not drawn or GEOMETRY not in shape[1:] or shape[0] == "s_disjoint":
        return found
    return sa.and_(within(ground.spot, sa.func.box(expression(drawn[0], ground))), found)


def _window(shape: FilterShape, ground: Ground) -> Expression:
    sides = _each(shape[1:], ground)
    box = sa.func.ST_MakeEnvelope(*sides, 4326)
    exact = _met(ground, sides, box)
    return exact if ground.indexed is None else sa.and_(ground.indexed(box), exact)


def _wide(shape: FilterShape, ground: Ground) -> Expression:
    sides = _each(shape[1:], ground)
    return _met(ground, sides, sa.func.ST_MakeEnvelope(*sides, 4326))


def _narrow(shape: FilterShape, ground: Ground) -> Expression:
    sides = _each(shape[1:], ground)
    return _met(ground, sides, _box(*sides))


def _wrapped(shape: FilterShape, ground: Ground) -> Expression:
    west, south, east, north = _each(shape[1:], ground)
    sides = ((west, south, 180.0, north), (-180.0, south, east, north))
    return sa.or_(*(_met(ground, side, _box(*side)) for side in sides))


def _box(west: Any, south: Any, east: Any, north: Any) -> Expression:
    """A window that may be a line or a point: ST_MakeEnvelope would make a polygon without ground of it."""
    corners = sa.func.ST_MakeLine(sa.func.ST_MakePoint(west, south), sa.func.ST_MakePoint(east, north))
    flat: Expression = sa.func.ST_SetSRID(sa.func.ST_Envelope(corners), 4326)
    return flat


def _met(ground: Ground, sides: Sequence[Any], box: Expression) -> Expression:
    if ground.spot is not None:
        return holds(ground.spot, *sides)
    exact: Expression = sa.func.ST_Intersects(ground.geom, box)
    return sa.or_(exact, ground.geom.is_(None)) if ground.partial else exact


def _named(shape: FilterShape, ground: Ground) -> Expression:
    names = (ground.columns["name.zh"], ground.columns["name.en"])
    return named(names, expression(shape[1], ground), brief=shape[0] != "named")


def _under(shape: FilterShape, ground: Ground) -> Expression:
    inside = sa.select(place_within.c.code).where(place_within.c.ancestor == expression(shape[1], ground))
    return ground.columns["place"] == sa.any_(sa.func.array(inside.scalar_subquery()))


def _period(shape: FilterShape, ground: Ground) -> tuple[Expression, Expression]:
    begin, end = _each(shape[1:], ground)
    return begin, end


def _temporal(shape: FilterShape, ground: Ground) -> Expression:
    (a, b), (c, d) = _period(shape[1], ground), _period(shape[2], ground)
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


def _array(shape: FilterShape, ground: Ground) -> Expression:
    relation: Expression = ARRAYS[shape[0]](*_each(shape[1:], ground))
    return relation


READERS: dict[str, Callable[[FilterShape, Ground], Any]] = {
    "true": lambda shape, ground: sa.true(),
    "false": lambda shape, ground: sa.false(),
    "and": lambda shape, ground: sa.and_(sa.true(), *_each(shape[1], ground)),
    "or": lambda shape, ground: sa.or_(sa.false(), *_each(shape[1], ground)),
    "not": lambda shape, ground: sa.not_(expression(shape[1], ground)),
    "compare": lambda shape, ground: COMPARE[shape[1]](*_each(shape[2:], ground)),
    "arithmetic": lambda shape, ground: ARITHMETIC[shape[1]](*_each(shape[2:], ground)),
    "like": _like,
    "between": _between,
    "in": _in,
    "member": lambda shape, ground: expression(shape[1], ground) == sa.any_(expression(shape[2], ground)),
    "isnull": lambda shape, ground: expression(shape[1], ground).is_(None),
    "casei": lambda shape, ground: sa.func.lower(expression(shape[1], ground)),
    "accenti": _accenti,
    "property": lambda shape, ground: ground.columns[shape[1]],
    "geometry": lambda shape, ground: ground.geom,
    "value": _value,
    "coalesce": lambda shape, ground: sa.func.coalesce(*_each(shape[1:], ground)),
    "infinity": lambda shape, ground: sa.literal_column("'infinity'::timestamptz"),
    "-infinity": lambda shape, ground: sa.literal_column("'-infinity'::timestamptz"),
    "window": _window,
    "wide": _wide,
    "narrow": _narrow,
    "wrapped": _wrapped,
    "named": _named,
    "named_briefly": _named,
    "read": lambda shape, ground: expression(shape[1], ground).concat(sa.literal_column("''")),
    "under": _under,
    **dict.fromkeys(TEMPORAL, _temporal),
    **dict.fromkeys(ARRAYS, _array),
}
