"""Set coverage: which places of a level have a resource."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from msgspec import UNSET
from sqlalchemy.dialects.postgresql import ARRAY, array

from registry.domain.access.sight import Sight
from registry.domain.completeness import (
    MOST_NAMED,
    NOTHING_UNDECIDED,
    Excluded,
    Reason,
    Undecided,
    UndecidedRecord,
)
from registry.domain.conditions import Filter
from registry.domain.coverage.listing import Unit
from registry.domain.coverage.set_coverage import Candidates, UnitState
from registry.domain.values import Name
from registry.store.coverage.watchers import (
    CHOSEN,
    NO_NAMES,
    as_excluded,
    counts_of,
    excluded_columns,
    tests_of,
    unknown_conditions,
)
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, statement
from registry.store.filters import VARIANT_OF, clauses, key_and_values, met_or_undecided
from registry.store.schema.records import place, place_within
from registry.store.visibility import Shape, View, binds, shape, view


def _under(ancestor: sa.ColumnElement[Any]) -> sa.Function[Any]:
    """The codes of a place and of all under it, as an array."""
    codes = sa.select(place_within.c.code).where(place_within.c.ancestor == ancestor)
    return sa.func.array(codes.scalar_subquery())


def _placed(seen: View) -> sa.ColumnElement[bool]:
    return seen.c.quality != "candidate_places"


UNDER = sa.bindparam("under", type_=sa.Text)
CODES = sa.bindparam("codes", type_=ARRAY(sa.Text))
UNITS = sa.bindparam("units", type_=ARRAY(sa.Text))


@statement
def _members(form: Shape, present: frozenset[str]) -> Query:
    """The places of a level under a place.

    Each with whether a resource is in it for certain, and whether it lies under one of the `complete` places.
    """
    seen = view(form)
    own = sa.select(place_within.c.code).where(place_within.c.ancestor == place.c.code).correlate(place)
    mine = sa.func.array(own.scalar_subquery())
    met = [seen.seen, *clauses(present, seen)]
    certain = sa.exists().where(*met, seen.lies_in(sa.any_(mine)), _placed(seen))
    complete = sa.exists().where(
        place_within.c.code == place.c.code,
        place_within.c.ancestor == sa.any_(sa.bindparam("complete", type_=ARRAY(sa.Text))),
    )
    return Query(
        sa.select(
            place.c.code,
            place.c.name_zh,
            place.c.name_en,
            certain.label("certain"),
            complete.label("complete"),
        )
        .where(place.c.level == sa.bindparam("level"), place.c.code == sa.any_(_under(UNDER)))
        .order_by(place.c.code)
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )


async def find(
    reader: Reader,
    sight: Sight,
    conditions: Filter,
    *,
    under: str,
    level: str,
    complete: Sequence[str],
    limit: int,
) -> list[UnitState]:
    """Every place of `level` under a place, with whether a resource is in it, and its list complete."""
    present, values = key_and_values(conditions)
    values |= binds(sight) | {"under": under, "level": level, "complete": list(complete), "limit": limit}
    rows = await reader.rows(_members(shape(sight), present), values)
    return [
        UnitState(Unit(row["code"], Name(row["name_zh"], row["name_en"])), row["certain"], row["complete"])
        for row in rows
    ]


def _doubtful(seen: View, present: frozenset[str]) -> list[sa.ColumnElement[bool]]:
    """Records that may be under `under`, and that do not count for certain in one of the units."""
    above = sa.select(place_within.c.ancestor).where(place_within.c.code == UNDER)
    around = sa.func.array_cat(_under(UNDER), sa.func.array(above.scalar_subquery()))
    inside = sa.select(place_within.c.code).where(place_within.c.ancestor == sa.any_(UNITS))
    in_unit = seen.lies_in(sa.any_(sa.func.array(inside.scalar_subquery())))
    met = sa.and_(
        sa.true(),
        *(sa.func.coalesce(clause, sa.false(), type_=sa.Boolean) for clause in clauses(present, seen)),
    )
    near = sa.or_(
        sa.and_(sa.not_(_placed(seen)), seen.c.candidate_places.op("&&")(around)),
        sa.and_(_placed(seen), sa.or_(seen.c.place.is_(None), seen.lies_in(sa.any_(around)))),
    )
    counted = sa.func.coalesce(sa.and_(met, in_unit, _placed(seen)), sa.false())
    return [seen.seen, *met_or_undecided(present, seen), near, sa.not_(counted)]


def _possible(seen: View) -> sa.ColumnElement[Any]:
    """The codes of the places that may hold a record; empty when it may be anywhere."""
    own = sa.cast(sa.func.array_remove(array([seen.c.place]), sa.null()), ARRAY(sa.Text))
    return sa.case((_placed(seen), own), else_=seen.c.candidate_places)


@statement
def _groups(form: Shape, present: frozenset[str]) -> Query:
    seen = view(form)
    columns = [
        _possible(seen).label("codes"),
        (unknown_conditions(seen, present) == NO_NAMES).label("belongs"),
    ]
    number = sa.cast(sa.func.count(), sa.BigInteger).label("n")
    return Query(
        sa.select(*columns, number).where(*_doubtful(seen, present)).group_by(sa.text("1"), sa.text("2"))
    )


@statement
def _first(form: Shape, present: frozenset[str]) -> Query:
    seen = view(form)
    columns = [seen.c.id, seen.c.kind, seen.c.name_zh, seen.c.name_en, _possible(seen).label("codes")]
    return Query(
        sa.select(*columns, unknown_conditions(seen, present).label("unknown"))
        .where(*_doubtful(seen, present))
        .order_by(seen.c.id)
        .limit(MOST_NAMED)
    )


class UnitsOf(NamedTuple):
    """The units that a place may stand for, and whether it lies in one of them."""

    units: frozenset[str]
    inside: bool


async def uncertain(
    reader: Reader, sight: Sight, conditions: Filter, *, under: str, units: Sequence[str]
) -> tuple[list[Candidates], Undecided]:
    """The records that may be in one of the units: as groups with the same possible units, and by name."""
    present, values = key_and_values(conditions)
    values |= binds(sight) | {"under": under, "units": list(units)}
    groups = await reader.rows(_groups(shape(sight), present), values)
    if not groups:
        return [], NOTHING_UNDECIDED
    units_of = await _units_of({code for row in groups for code in row["codes"]}, units, reader)
    count = sum(row["n"] for row in groups)
    named = await reader.rows(_first(shape(sight), present), values)
    records = [_undecided(row) for row in named]
    return [_candidates(row, units_of, units) for row in groups], Undecided(
        count, count > len(records), records
    )


def _candidates(row: Row, units_of: Mapping[str, UnitsOf], units: Sequence[str]) -> Candidates:
    held = [units_of.get(code, UnitsOf(frozenset(), False)) for code in row["codes"]]
    possible = frozenset(units) if not held else frozenset().union(*(one.units for one in held))
    only_here = bool(held) and all(one.inside for one in held)
    return Candidates(tuple(sorted(possible)), only_here, row["n"], row["belongs"])


def _undecided(row: Row) -> UndecidedRecord:
    unknown = [VARIANT_OF.get(name, name) for name in row["unknown"]]
    reason: Reason = "unknown_value" if unknown else "candidate_places" if row["codes"] else "no_position"
    return UndecidedRecord(
        id=str(row["id"]),
        kind=row["kind"],
        name={"zh": row["name_zh"], "en": row["name_en"]},
        reason=reason,
        distance_min_m=None,
        distance_max_m=None,
        unknown=unknown or UNSET,
    )


PAIRS = Query(
    sa.select(place_within.c.ancestor, place_within.c.code).where(
        sa.or_(
            sa.and_(place_within.c.ancestor == sa.any_(CODES), place_within.c.code == sa.any_(UNITS)),
            sa.and_(place_within.c.ancestor == sa.any_(UNITS), place_within.c.code == sa.any_(CODES)),
        )
    )
)


async def _units_of(codes: set[str], units: Sequence[str], reader: Reader) -> dict[str, UnitsOf]:
    """For each place the units that it holds or lies in."""
    rows = await reader.rows(PAIRS, {"codes": sorted(codes), "units": list(units)})
    counted = set(units)
    found: dict[str, UnitsOf] = {}
    for code in codes:
        inside = {row["ancestor"] for row in rows if row["code"] == code and row["ancestor"] in counted}
        below = {row["code"] for row in rows if row["ancestor"] == code and row["code"] in counted}
        found[code] = UnitsOf(frozenset(inside | below), bool(inside))
    return found


@statement
def _excluded(form: Shape, present: frozenset[str]) -> Query:
    seen = view(form)
    chosen = [seen.seen, *clauses(present & CHOSEN, seen), seen.lies_in(sa.any_(_under(UNDER)))]
    columns = excluded_columns(seen, present, tests_of(seen, present))
    return counts_of(columns.where(*chosen).subquery("found"))


async def excluded(reader: Reader, sight: Sight, conditions: Filter, *, under: str) -> Excluded:
    """How many of the records under a place the conditions keep out, by condition."""
    present, values = key_and_values(conditions)
    values |= binds(sight) | {"under": under}
    return as_excluded(await reader.rows(_excluded(shape(sight), present), values))


PLACE_POINTS = Query(
    sa.select(
        place.c.code,
        place.c.name_zh,
        place.c.name_en,
        sa.func.ST_X(place.c.point).label("lon"),
        sa.func.ST_Y(place.c.point).label("lat"),
        place.c.flags,
    )
    .where(
        place.c.level == sa.bindparam("level"),
        sa.or_(
            place.c.code
            == sa.any_(
                sa.func.array(
                    sa.select(place_within.c.code)
                    .where(place_within.c.ancestor == sa.bindparam("under", type_=sa.Text))
                    .scalar_subquery()
                )
            ),
            sa.func.ST_Covers(
                sa.func.ST_SetSRID(sa.func.ST_GeomFromWKB(sa.bindparam("area", type_=sa.LargeBinary)), 4326),
                place.c.point,
            ),
        ),
    )
    .order_by(place.c.code)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


async def place_points(
    reader: Reader, level: str, under: str | None, area_wkb: bytes | None, limit: int
) -> list[Row]:
    """The places of `level` under a place or inside a polygon, with their points where known."""
    values = {"level": level, "under": under, "area": area_wkb, "limit": limit}
    return await reader.rows(PLACE_POINTS, values)
