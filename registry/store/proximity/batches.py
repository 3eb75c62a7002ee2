"""The nearest k to each of many origins, in one statement."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.proximity.origin import Start
from registry.domain.proximity.ranking import complete_within
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, statement, utf8
from registry.store.filters import BROAD, LISTING, clauses, failing, key_and_values
from registry.store.pages import materialized
from registry.store.proximity import possible
from registry.store.proximity.knn_columns import TIERS, candidates, distance, nearness, within
from registry.store.proximity.origin_sql import GEOGRAPHY, OriginSql
from registry.store.proximity.unplaced import ANYWHERE_M, places_near
from registry.store.visibility import Shape, View, binds, shape, view

MOST_OF_EACH = 5
"""Undecided records that are named of each spot."""
FEW = 4_000
"""Sorting so many for every spot costs as much as walking the index past those that fail."""


def _spots(metres: str = "margins") -> tuple[Any, OriginSql]:
    """The origins of a batch as rows, each with a distance of its own, and the SQL of their position."""
    floats = ARRAY(sa.Float)
    spots = (
        sa.func.unnest(*(sa.bindparam(name, type_=floats) for name in ("lons", "lats", metres)))
        .table_valued("lon", "lat", "margin_m", with_ordinality="n", name="spot")
        .render_derived()
    )
    return spots, _origin_of(spots)


def _origin_of(spots: Any) -> OriginSql:
    point = sa.func.ST_SetSRID(sa.func.ST_MakePoint(spots.c.lon, spots.c.lat), sa.literal_column("4326"))
    geog = sa.cast(point, GEOGRAPHY)
    return OriginSql(geog=geog, geom=point, near=geog)


def _conditions(
    seen: View, origin: OriginSql, spots: Any, present: frozenset[str], capped: bool
) -> list[Any]:
    where = [seen.seen, *clauses(present, seen), seen.geom.is_not(None)]
    if capped:
        where.append(within(seen, origin, sa.bindparam("max_m", type_=sa.Float) + spots.c.margin_m))
    return where


def _hit(seen: View, origin: OriginSql, present: frozenset[str]) -> sa.Select[Any]:
    known = seen.c.occupancy_persons.is_not(None) if "free_persons" in present else sa.true()
    return sa.select(
        known.label("occupancy_known"),
        seen.c.id,
        seen.c.kind,
        distance(seen, origin).label("distance_m"),
        sa.func.coalesce(seen.uncertainty_m, sa.literal_column("0.0")).label("uncertainty_m"),
        sa.func.degrees(sa.func.ST_Azimuth(origin.geog, seen.geog)).label("bearing_deg"),
        nearness(seen, origin).label("sphere_m"),
    )


def _each(spots: Any, hits: sa.Select[Any]) -> sa.Select[Any]:
    """The first hits of every spot."""
    first = hits.limit(sa.bindparam("fetch", type_=sa.Integer)).correlate(spots).lateral("hit")
    number = sa.cast(spots.c.n, sa.Integer).label("n")
    return sa.select(number, first).select_from(spots.join(first, sa.true()))


@statement
def _batch(form: Shape, present: frozenset[str], capped: bool, tier: int) -> Query:
    """The first hits of every spot by the index, for conditions that many records meet."""
    seen, (spots, origin) = view(form), _spots()
    near = _hit(seen, origin, present).where(*_conditions(seen, origin, spots, present, capped))
    inner = near.order_by(nearness(seen, origin)).limit(sa.literal_column(str(tier)))
    return Query(_each(spots, sa.select(inner.correlate(spots).subquery("near"))))


@statement
def _how_many(form: Shape, present: frozenset[str]) -> Query:
    """How many records meet the conditions anywhere, counted far enough to choose the statement."""
    seen = view(form)
    one: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(seen.table)
    meeting = one.where(seen.seen, *clauses(present, seen), seen.geom.is_not(None))
    few = meeting.limit(sa.literal_column(str(FEW + 1))).subquery("few")
    return Query(sa.select(sa.func.count().label("count")).select_from(few), by_value=True)


@statement
def _rare(form: Shape, present: frozenset[str], capped: bool) -> Query:
    """The first hits of every spot, for rare conditions: selected once, then sorted for every spot."""
    seen, (spots, origin) = view(form), _spots()
    meeting = sa.select(*seen.c).where(*_conditions(seen, origin, spots, present, False))
    few = seen.over(materialized(meeting, "few"))
    hits = _hit(few, origin, present).order_by(nearness(few, origin))
    if capped:
        hits = hits.where(within(few, origin, sa.bindparam("max_m", type_=sa.Float) + spots.c.margin_m))
    return Query(_each(spots, hits), by_value=True)


Given = dict[str, Any]


async def nearest(
    reader: Reader, sight: Sight, wanted: Filter, starts: Sequence[Start], *, k: int, max_m: float | None
) -> list[list[Row] | None]:
    """For each spot, the first `k` located resources that meet `wanted`, nearest first, none beyond `max_m`.

    A spot whose candidates leave the order on the ellipsoid in doubt is answered with None.
    """
    present, values = key_and_values(wanted)
    fetch = candidates(k)
    values |= binds(sight) | {"fetch": fetch, "max_m": max_m}
    case = shape(sight), present, max_m is not None
    if present <= BROAD or await _are_many(reader, case[:2], values):
        query = _batch(*case, next(tier for tier in TIERS if tier >= fetch))
    else:
        query = _rare(*case)
    values |= {"margins": [start.margin_m for start in starts]}
    found = await _rows_of_each(reader, query, values, starts)
    for rows in found:
        rows.sort(key=lambda row: (row["distance_m"], row["id"]))
    return [rows[:k] if len(rows) < fetch or _sure(rows, k) else None for rows in found]


async def _are_many(reader: Reader, case: tuple[Shape, frozenset[str]], values: Given) -> bool:
    (row,) = await reader.rows(_how_many(*case), values)
    return int(row["count"]) > FEW


async def _rows_of_each(
    reader: Reader, query: Query, values: Given, starts: Sequence[Start]
) -> list[list[Row]]:
    values = values | {"lons": [start.lon for start in starts], "lats": [start.lat for start in starts]}
    found: list[list[Row]] = [[] for _ in starts]
    for row in await reader.rows(query, values):
        found[row["n"] - 1].append(row)
    return found


def _sure(rows: list[Row], k: int) -> bool:
    return complete_within(max(row["sphere_m"] for row in rows), rows[k - 1]["distance_m"])


def _spots_with_places() -> tuple[Any, OriginSql]:
    """The origins of a batch with the codes of the places near each, as far as `reaches` says."""
    spots, origin = _spots("reaches")
    near = places_near(origin.geom, spots.c.margin_m, spots).label("near")
    columns = [spots.c.lon, spots.c.lat, spots.c.margin_m, spots.c.n]
    known = materialized(sa.select(*columns, near).select_from(spots), "spots")
    return known, _origin_of(known)


@statement
def _possible(form: Shape, present: frozenset[str]) -> Query:
    """For every spot some records that may be among its hits, or are, as far as `reaches` says.

    The places near a spot are worked out before its records are looked for: PostgreSQL 15 does not always
    evaluate an uncorrelated subquery again for the next row of a nested loop.
    """
    seen = view(form)
    spots, origin = _spots_with_places()
    reach_m = spots.c.margin_m
    each = [
        *possible.unlocated(seen, origin, present, reach_m, near=spots.c.near),
        *possible.located(seen, origin, present, reach_m),
    ]
    met = [
        one.where(sa.func.cardinality(failing(present - LISTING, seen)) == sa.literal_column("0"))
        if present - LISTING
        else one
        for one in each
    ]
    every = sa.union_all(*(one.correlate(spots) for one in met)).subquery("each")
    first = sa.select(every).limit(sa.bindparam("fetch", type_=sa.Integer)).lateral("first")
    number = sa.cast(spots.c.n, sa.Integer).label("n")
    return Query(
        sa.select(
            number,
            *(column for column in first.c if column.name not in ("places", "failing")),
            possible.bounds(first.c.places).label("bounds"),
        ).select_from(spots.join(first, sa.true()))
    )


class MayBeNearer(NamedTuple):
    """Records that may be among the hits of a spot, and whether there may be others than these."""

    rows: list[Row]
    more: bool


async def may_be_nearer(
    reader: Reader, sight: Sight, wanted: Filter, starts: Sequence[Start], reaches_m: Sequence[float | None],
    hits: Sequence[Sequence[Row]],
) -> list[MayBeNearer]:  # fmt: skip
    """For each spot records that are not among its hits and may be within its reach; None is no bound.

    A hit of one spot may be undecided of another.
    """
    present, values = key_and_values(wanted)
    fetch = MOST_OF_EACH + 1 + max(map(len, hits), default=0)
    reaches = [ANYWHERE_M if reach is None else reach for reach in reaches_m]
    values |= binds(sight) | {"fetch": fetch, "reaches": reaches}
    found = await _rows_of_each(reader, _possible(shape(sight), present), values, starts)
    known = [{row["id"] for row in rows} for rows in hits]
    return [
        MayBeNearer([row for row in rows if row["id"] not in own], len(rows) == fetch)
        for rows, own in zip(found, known, strict=True)
    ]


@statement
def _features(form: Shape) -> Query:
    seen = view(form)
    wanted = seen.c.id == sa.any_(sa.bindparam("ids", type_=ARRAY(sa.Uuid)))
    return Query(
        sa.select(seen.c.id, utf8(seen.feature).label("feature")).where(seen.seen, wanted).order_by(seen.c.id)
    )


async def features(reader: Reader, sight: Sight, ids: Sequence[UUID]) -> list[Row]:
    """The features of these resources, in the order of their identities."""
    return await reader.rows(_features(shape(sight)), binds(sight) | {"ids": list(ids)})
