"""The resources that may reach an area, as watchers with their possible extents, and what is excluded."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from geoalchemy2 import Geography
from sqlalchemy.dialects.postgresql import ARRAY, array

from registry.domain.access.sight import Sight
from registry.domain.completeness import SEVERAL, Excluded, Exclusion
from registry.domain.conditions import Filter
from registry.domain.coverage.addition import PlaceBound, bounds_of
from registry.domain.coverage.watcher import ViewSector, Watcher
from registry.domain.values import Name
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, statement
from registry.store.filters import TERMS, VARIANT_OF, clauses, key_and_values, met_or_undecided
from registry.store.proximity.unplaced import may_be_near
from registry.store.schema.records import place, reach
from registry.store.visibility import PUBLIC, Shape, View, binds, shape, view

UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
USUAL_DOUBT_M = 20_000.0
"""Positions are searched this far beyond a stated radius. Less certain positions are all read."""

VAGUE_M = str(int(USUAL_DOUBT_M))
UNLOCATED_REACH_M = 100_000.0
"""Unlocated resources whose own reach is longer are read wherever they may be."""

NO_NAMES: sa.ColumnElement[Any] = sa.literal_column("ARRAY[]::text[]", ARRAY(sa.Text))
AREA = sa.func.ST_SetSRID(sa.func.ST_GeomFromWKB(sa.bindparam("area", type_=sa.LargeBinary)), 4326)


def _extents() -> Query:
    bound = place.alias("bound")
    return Query(
        sa.select(place.c.code, bound.c.code.label("of"), bound.c.extent, bound.c.extent_basis.label("basis"))
        .select_from(place.outerjoin(bound, bound.c.code == place.c.extent_from))
        .where(place.c.code == sa.any_(sa.bindparam("codes", type_=sa.ARRAY(sa.Text))))
    )


EXTENTS = _extents()


def unknown_conditions(seen: View, present: frozenset[str]) -> sa.ColumnElement[Any]:
    """The conditions that the record's unknown values leave open, by name."""
    return _names(
        {
            name: sa.and_(
                terms.undecided(seen),
                sa.not_(sa.func.coalesce(terms.met(seen), sa.false(), type_=sa.Boolean)),
            )
            for name in present
            if (terms := TERMS[name]).undecided is not None
        }
    )


def _names(cases: Mapping[str, sa.ColumnElement[bool]]) -> sa.ColumnElement[Any]:
    """The names of the cases that are true, as an array of text."""
    true = [sa.case((case, sa.literal_column(f"'{name}'"))) for name, case in sorted(cases.items())]
    if not true:
        return NO_NAMES
    return sa.func.array_remove(sa.cast(array(true), ARRAY(sa.Text)), sa.null(), type_=ARRAY(sa.Text))


def _hit(seen: View, drawn: sa.ColumnElement[Any], present: frozenset[str]) -> sa.Select[Any]:
    return sa.select(
        seen.c.id,
        seen.c.kind,
        seen.c.name_zh,
        seen.c.name_en,
        seen.c.place,
        seen.c.quality,
        seen.c.candidate_places,
        seen.c.watch_radius_m,
        seen.c.eye_height_m,
        seen.c.sector_from_deg,
        seen.c.sector_to_deg,
        sa.func.ST_X(seen.geom).label("lon"),
        sa.func.ST_Y(seen.geom).label("lat"),
        seen.uncertainty_m.label("uncertainty_m"),
        drawn.label("footprint"),
        (seen.c.visibility != PUBLIC if seen.form.clearance == "public" else sa.false()).label("internal"),
        unknown_conditions(seen, present).label("unknown"),
    )


def _works(seen: View) -> sa.ColumnElement[bool]:
    return sa.func.coalesce(seen.c.operational, "unknown") != "no"


def _watches(seen: View, drawn: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether it watches an area: a checkpoint without a radius watches none."""
    checkpoint = sa.func.coalesce(seen.c.form, "") == "checkpoint"
    return sa.or_(seen.c.watch_radius_m.is_not(None), drawn.is_not(None), sa.not_(checkpoint))


def _footprint(seen: View) -> sa.ColumnElement[Any]:
    """The drawn footprint; the public does not see that of an internal record, as it shows its position."""
    if seen.form.clearance != "public":
        return seen.c.footprint
    return sa.case((seen.shows_footprint(), seen.c.footprint), else_=None)


@statement
def _watchers(form: Shape, present: frozenset[str], stated_radius: bool) -> Query:
    """Located resources near the area, by their own or a stated radius, and unlocated ones."""
    seen = view(form)
    drawn = _footprint(seen)
    where = [seen.seen, *met_or_undecided(present, seen), _works(seen)]
    if not stated_radius:
        where.append(_watches(seen, drawn))
    union = _may_reach(seen, drawn, _hit(seen, drawn, present), where, stated_radius)
    return Query(sa.select(union).order_by(union.c.id).limit(sa.bindparam("limit", type_=sa.Integer)))


def _may_reach(
    seen: View,
    drawn: sa.ColumnElement[Any],
    hit: sa.Select[Any],
    where: list[sa.ColumnElement[bool]],
    stated_radius: bool,
) -> sa.Subquery:
    """The records that meet the conditions and may reach the area."""
    ground = sa.cast(AREA, Geography(geometry_type=None, spatial_index=False))
    located = [*where, seen.geom.is_not(None), drawn.is_(None)]
    branches = [hit.where(*where, seen.c.footprint.op("&&")(AREA), drawn.is_not(None))]
    if stated_radius:
        near = sa.func._ST_Expand(ground, sa.bindparam("search_m", type_=sa.Float))
        vague = seen.uncertainty_m > sa.literal_column(VAGUE_M)
        branches += [
            hit.where(*located, sa.not_(sa.func.coalesce(vague, sa.false())), seen.geog.op("&&")(near))
        ]
        branches += [hit.where(*located, vague)]
    else:
        radius = seen.c.watch_radius_m
        branches += [
            hit.where(
                *located, radius.is_not(None), reach(seen.c, seen.geom, seen.uncertainty_m).op("&&")(ground)
            ),
            hit.where(*located, radius.is_(None), seen.geog.op("&&")(ground)),
        ]
    nowhere = [
        *where,
        seen.c.geom.is_(None),
        drawn.is_(None),
        may_be_near(seen, AREA, UNLOCATED_REACH_M),
    ]
    return sa.union_all(*branches, hit.where(*nowhere)).subquery("found")


async def find(
    reader: Reader,
    sight: Sight,
    conditions: Filter,
    *,
    area_wkb: bytes,
    radius_m: float | None,
    limit: int,
) -> list[Watcher]:
    """The resources in operation that may reach the area, and unlocated ones, by identity.

    A stated `radius_m` replaces every own radius. What an unknown value leaves open is among them.
    """
    present, values = key_and_values(conditions)
    query = _watchers(shape(sight), present, radius_m is not None)
    rows = await reader.rows(query, _binds(sight, values, area_wkb, radius_m) | {"limit": limit})
    return await _as_watchers(reader, rows, radius_m)


def _binds(sight: Sight, values: dict[str, Any], area_wkb: bytes, radius_m: float | None) -> dict[str, Any]:
    near = {"area": area_wkb, "search_m": (radius_m or 0.0) + USUAL_DOUBT_M}
    return values | binds(sight) | near | {"unplaced_m": radius_m or UNLOCATED_REACH_M}


CHOSEN = frozenset({"kind", "kinds", "place", "q", "brief_q", "scanned_q", "bbox", "wrapped_bbox"})
"""Conditions that say which records a question is about; what fails one of them is not told."""
NAMES: dict[str, str] = VARIANT_OF | {"works": "operational", "watches": "watch_radius_m"}
"""The condition that each test is about, where that has another name."""


@statement
def _excluded(form: Shape, present: frozenset[str], stated_radius: bool) -> Query:
    """How many records that may reach the area each condition alone keeps out, and several together."""
    seen = view(form)
    drawn = _footprint(seen)
    failed = tests_of(seen, present) | {"works": _fails(_works(seen))}
    if not stated_radius:
        failed["watches"] = _fails(_watches(seen, drawn))
    hit = excluded_columns(seen, present, failed)
    found = _may_reach(seen, drawn, hit, [seen.seen, *clauses(present & CHOSEN, seen)], stated_radius)
    return counts_of(found)


def tests_of(seen: View, present: frozenset[str]) -> dict[str, sa.ColumnElement[bool]]:
    """When a record fails each condition that does not choose what the question is about."""
    return {name: _fails(TERMS[name].met(seen)) for name in present - CHOSEN}


def _fails(met: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.not_(sa.func.coalesce(met, sa.false(), type_=sa.Boolean))


def excluded_columns(
    seen: View, present: frozenset[str], failed: Mapping[str, sa.ColumnElement[bool]]
) -> sa.Select[Any]:
    """Of each record the conditions that it fails, and those that its unknown values leave open."""
    return sa.select(
        seen.c.id, _names(failed).label("failed"), unknown_conditions(seen, present).label("unknown")
    )


def counts_of(found: sa.Subquery) -> Query:
    """How many records each condition alone keeps out, and several together."""
    count = sa.func.cardinality(found.c.failed)
    several: sa.ColumnElement[str] = sa.literal_column(f"'{SEVERAL}'")
    condition = sa.case((count > sa.literal_column("1"), several), else_=found.c.failed[1]).label("condition")
    open_value = sa.and_(count == sa.literal_column("1"), found.c.failed.op("&&")(found.c.unknown))
    number = sa.cast(sa.func.count(), sa.BigInteger).label("n")
    return Query(
        sa.select(condition, open_value.label("not_stated"), number)
        .where(count > sa.literal_column("0"))
        .group_by(sa.text("1"), sa.text("2"))
    )


async def excluded(
    reader: Reader, sight: Sight, conditions: Filter, *, area_wkb: bytes, radius_m: float | None
) -> Excluded:
    """How many of the records that may reach the area the conditions keep out, by condition."""
    present, values = key_and_values(conditions)
    query = _excluded(shape(sight), present, radius_m is not None)
    return as_excluded(await reader.rows(query, _binds(sight, values, area_wkb, radius_m)))


def as_excluded(rows: Iterable[Row]) -> Excluded:
    """The counts by condition."""
    counts: Counter[tuple[str, bool]] = Counter()
    for row in rows:
        test = str(row["condition"])
        counts[NAMES.get(test, test), row["not_stated"] or test == "watches"] += row["n"]
    return {
        name: Exclusion(not_stated=counts[name, True], otherwise=counts[name, False])
        for name in sorted({name for name, _ in counts})
    }


@statement
def _named(form: Shape) -> Query:
    seen = view(form)
    wanted = seen.c.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid)))
    return Query(_hit(seen, _footprint(seen), frozenset()).where(seen.seen, wanted))


async def named_watchers(
    reader: Reader, sight: Sight, ids: Iterable[str], *, radius_m: float | None
) -> list[Watcher]:
    """The resources of these identities that this sight shows, wherever they are."""
    identities = [UUID(text) for text in ids if UUID_TEXT.fullmatch(text)]
    rows = await reader.rows(_named(shape(sight)), binds(sight) | {"ids": identities})
    return await _as_watchers(reader, rows, radius_m)


async def _as_watchers(reader: Reader, rows: list[Row], radius_m: float | None) -> list[Watcher]:
    codes = {code for row in rows if row["lon"] is None for code in _possible_places(row)}
    bounds = await place_bounds(reader, codes)
    return await asyncio.to_thread(_all, rows, radius_m, bounds)


async def place_bounds(reader: Reader, codes: Iterable[str]) -> dict[str, PlaceBound]:
    """The ground that holds each of these places: its extent, or that of the nearest place above with one."""
    wanted = sorted(set(codes))
    rows = await reader.rows(EXTENTS, {"codes": wanted}) if wanted else []
    return {row["code"]: PlaceBound(row["extent"], row["of"], row["basis"] != "boundary") for row in rows}


def _all(rows: list[Row], radius_m: float | None, bounds: Mapping[str, PlaceBound]) -> list[Watcher]:
    """Rows as watchers; in a thread, as thousands of rows take as long as many requests."""
    return [_watcher(row, radius_m, bounds) for row in rows]


def _possible_places(row: Row) -> list[str]:
    if row["quality"] == "candidate_places":
        return list(row["candidate_places"])
    return [row["place"]] if row["place"] else []


def _watcher(row: Row, radius_m: float | None, bounds: Mapping[str, PlaceBound]) -> Watcher:
    from_deg = row["sector_from_deg"]
    values = {
        "id": str(row["id"]),
        "kind": row["kind"],
        "unknown": tuple(NAMES.get(name, name) for name in row["unknown"]),
        "internal": row["internal"],
        "name": Name(row["name_zh"], row["name_en"]),
        "place": row["place"],
        "radius_m": radius_m or row["watch_radius_m"],
        "view": None if from_deg is None else ViewSector(from_deg, row["sector_to_deg"]),
        "footprint": row["footprint"],
        "uncertainty_m": row["uncertainty_m"],
        "eye_height_m": row["eye_height_m"],
    }
    if row["lon"] is not None:
        return Watcher(**values, position=(row["lon"], row["lat"]))
    held = bounds_of(_possible_places(row), bounds)
    return Watcher(**values, extents=held.extents, extents_complete=held.complete, assumed=held.assumed)
