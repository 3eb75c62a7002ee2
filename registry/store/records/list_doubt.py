"""Records that may belong to a list of records, and those that a condition keeps out of it."""

from typing import Any, NamedTuple

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.completeness import MOST_NAMED
from registry.domain.conditions import Filter
from registry.store import doubt
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, statement
from registry.store.filters import LISTING, TERMS, clauses, failing, key_and_values, unknown
from registry.store.proximity.unplaced import anywhere, named_near
from registry.store.schema.records import CERTAIN_M, place, place_within
from registry.store.visibility import PUBLIC, Shape, View, binds, shape, view
from registry.store.windows import holds

FIRST = 10_000
"""Records of the list that are looked at for what its conditions keep out; beyond them there may be more."""
BOXES = frozenset({"bbox", "wrapped_bbox"})
CHOSEN = LISTING | BOXES | {"q", "brief_q"}
"""Conditions that say which list is asked for; any other keeps records out of it."""
SPATIAL = BOXES | {"place"}
FEW: sa.ColumnElement[int] = sa.literal_column(str(MOST_NAMED + 1))
HERE: sa.ColumnElement[float] = sa.literal_column("0.0")
CERTAIN: sa.ColumnElement[float] = sa.literal_column(str(CERTAIN_M))
EAST_EDGE: sa.ColumnElement[float] = sa.literal_column("180.0")
WEST_EDGE: sa.ColumnElement[float] = sa.literal_column("-180.0")
DEGREE_M: sa.ColumnElement[float] = sa.literal_column("110000.0")
"""Less than a degree of latitude has anywhere."""


class ListDoubt(NamedTuple):
    """The records that may belong, the excluded ones by condition, and whether there may be more of them.

    `excluded` has rows of name and n, `not_stated` too.
    """

    records: list[Row]
    excluded: list[Row]
    not_stated: list[Row]
    more: bool


def is_open(wanted: Filter) -> bool:
    """Whether a filter can leave a record undecided or keep one out of its list."""
    present, _ = key_and_values(wanted)
    return bool(present - CHOSEN or present & SPATIAL)


async def find(reader: Reader, sight: Sight, wanted: Filter) -> ListDoubt:
    """What may belong to the list of this filter, and what its conditions keep out."""
    present, values = key_and_values(wanted)
    row = await reader.row(_doubt(shape(sight), present), binds(sight) | values)
    if row is None:
        raise LookupError("an aggregate has no row")
    records = row["records"] or []
    more = row["read"] > FIRST or len(records) > MOST_NAMED
    return ListDoubt(records[:MOST_NAMED], row["excluded"] or [], row["not_stated"] or [], more)


@statement
def _doubt(form: Shape, present: frozenset[str]) -> Query:
    seen = view(form)
    others = present - CHOSEN
    listed = _row(seen, others).where(seen.seen, *clauses(present & CHOSEN, seen))
    nothing = sa.false() if not others else sa.true()
    rows = _materialized(listed.where(nothing).limit(sa.literal_column(str(FIRST + 1))), "listed")
    parts = [sa.select(rows).where(_undecided(rows))]
    parts += [_row(seen, others).where(*way).limit(FEW) for way in _ways(seen, present)]
    limited = [sa.select(part.limit(FEW).subquery(f"part_{n}")) for n, part in enumerate(parts)]
    every = sa.union(*limited).subquery("every")
    fitting = sa.select(every).where(sa.func.cardinality(every.c.failing) == doubt.NONE)
    return Query(
        sa.select(
            doubt.as_json(fitting.order_by(every.c.id).limit(FEW), "u").label("records"),
            doubt.excluded(rows).label("excluded"),
            doubt.not_stated(rows).label("not_stated"),
            sa.select(sa.func.count()).select_from(rows).scalar_subquery().label("read"),
        )
    )


def _undecided(rows: Any) -> sa.ColumnElement[bool]:
    count = sa.func.cardinality
    return sa.and_(count(rows.c.failing) == doubt.NONE, count(rows.c.unknown) > doubt.NONE)


def _materialized(rows: sa.Select[Any], name: str) -> Any:
    return rows.cte(name).prefix_with("MATERIALIZED", dialect="postgresql")


def _row(seen: View, others: frozenset[str]) -> sa.Select[Any]:
    """What a list says of a record that it cannot decide, and the conditions that fail or are unknown."""
    cell = seen.form.clearance == "public"
    hidden = sa.and_(seen.c.visibility != PUBLIC, seen.geom.is_not(None)) if cell else sa.false()
    return sa.select(
        seen.c.id,
        seen.c.kind,
        seen.c.name_zh,
        seen.c.name_en,
        sa.case(
            (hidden, sa.literal_column("'internal_cell'")),
            (seen.geom.is_not(None), sa.literal_column("'uncertainty'")),
            (seen.c.quality == sa.literal_column("'candidate_places'"), seen.c.quality),
            else_=sa.literal_column("'no_position'"),
        ).label("reason"),
        sa.cast(sa.null(), sa.Float).label("distance_m"),
        failing(others, seen).label("failing"),
        unknown(others, seen).label("unknown"),
    )


def _ways(seen: View, present: frozenset[str]) -> list[list[sa.ColumnElement[bool]]]:
    """How a record may lie in the territory that is asked for although it does not for certain.

    Each way has an index. Where a place and a box are asked for, one is open and the other met or open.
    """
    plain = [seen.seen, *clauses((present & CHOSEN) - SPATIAL, seen)]
    open_by = {"place": _near_place, "bbox": _near_box, "wrapped_bbox": _near_wrapped_box}
    asked = {name: open_by[name](seen) for name in sorted(present & SPATIAL)}
    ways = []
    for name, open_ways in asked.items():
        others = [sa.or_(TERMS[other].met(seen), *asked[other]) for other in asked if other != name]
        unmet = sa.not_(sa.func.coalesce(TERMS[name].met(seen), sa.false()))
        ways += [[*plain, *others, unmet, way] for way in open_ways]
    return ways


def _near_place(seen: View) -> list[sa.ColumnElement[bool]]:
    """Of a place: a record names one under it as a candidate, or one that holds it, or none at all."""
    asked = sa.bindparam("place", type_=sa.Text)
    under = sa.select(place_within.c.code).where(place_within.c.ancestor == asked)
    above = sa.select(place_within.c.ancestor).where(place_within.c.code == asked)
    either = sa.func.array(sa.union_all(under, above).scalar_subquery())
    holding = sa.func.array(above.where(place_within.c.ancestor != asked).scalar_subquery())
    candidate = seen.table.c.quality == sa.literal_column("'candidate_places'")
    shown = [seen.is_shown()] if seen.form.clearance == "public" else []
    named = [
        sa.and_(*shown, candidate, seen.table.c.candidate_places.bool_op("&&")(either)),
        sa.and_(*shown, sa.not_(candidate), seen.lies_in(sa.any_(holding))),
        sa.and_(*shown, sa.not_(candidate), seen.table.c.place.is_(None)),
    ]
    return [*named, sa.and_(sa.not_(seen.is_shown()), _may_be_in(seen, asked))] if shown else named


def _may_be_in(seen: View, code: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether the cell of a record whose place is not shown reaches the box of a place; yes without one."""
    bound = place.alias("bound")
    asked = sa.select(place.c.extent_from).where(place.c.code == code).scalar_subquery()
    west, south, east, north = (
        sa.select(getattr(sa.func, side)(bound.c.extent)).where(bound.c.code == asked).scalar_subquery()
        for side in ("ST_XMin", "ST_YMin", "ST_XMax", "ST_YMax")
    )
    reaches = _around(seen.spot, seen.uncertainty_m, west, south, east, north)
    return sa.or_(seen.geom.is_(None), west.is_(None), reaches)


def _near_box(seen: View) -> list[sa.ColumnElement[bool]]:
    west, south, east, north = _sides()
    return _ways_near_box(seen, west, south, east, north)


def _near_wrapped_box(seen: View) -> list[sa.ColumnElement[bool]]:
    west, south, east, north = _sides()
    return [
        *_ways_near_box(seen, west, south, EAST_EDGE, north, near="near_in_the_east"),
        *_ways_near_box(seen, WEST_EDGE, south, east, north, near="near_in_the_west"),
    ]


def _sides() -> list[sa.BindParameter[Any]]:
    return [sa.bindparam(f"bbox_{side}", type_=sa.Float) for side in "wsen"]


def _ways_near_box(seen: View, west: Any, south: Any, east: Any, north: Any, near: str = "near") -> list[Any]:
    """Of a box: the places of an unlocated record, or the disc of a located one, reach it.

    Errs towards yes: places are compared by their boxes, and discs as boxes of degrees.
    """
    ground = sa.func.ST_MakeEnvelope(west, south, east, north, sa.literal_column("4326"))
    named = named_near(seen, ground, HERE, near=near)
    return [
        *(sa.and_(seen.geom.is_(None), way) for way in (*anywhere(seen), *named)),
        sa.and_(seen.uncertainty_m <= CERTAIN, _around(seen.spot, CERTAIN, west, south, east, north)),
        sa.and_(
            seen.uncertainty_m > CERTAIN,
            _around(seen.spot, seen.uncertainty_m, west, south, east, north),
        ),
    ]


def _around(spot: Any, metres: Any, west: Any, south: Any, east: Any, north: Any) -> sa.ColumnElement[bool]:
    """Whether a point lies within so many metres of a box, by degrees."""
    up = metres / DEGREE_M
    widest = sa.func.least(
        sa.literal_column("89.0"), sa.func.greatest(sa.func.abs(south), sa.func.abs(north)) + up
    )
    along = up / sa.func.cos(sa.func.radians(widest))
    return holds(spot, west - along, south - up, east + along, north + up)
