"""The nearest k to each of many origins, in one statement."""

from collections.abc import Sequence
from functools import cache
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from registry.domain.origin import Start
from registry.domain.ranking import seen_all
from registry.domain.search import Filter
from registry.domain.sight import Sight
from registry.store.filters import BROAD, asked, clauses
from registry.store.hits import TIERS, candidates, distance, nearness, within
from registry.store.origins import GEOGRAPHY, Ground
from registry.store.pool import Reader, Row
from registry.store.query import Query, utf8
from registry.store.schema import resource
from registry.store.sight import Shape, binds, shape, view


@cache
def _batch(form: Shape, present: frozenset[str], capped: bool, tier: int | None) -> Query:
    seen = view(form)
    floats = ARRAY(sa.Float)
    spots = (
        sa.func.unnest(*(sa.bindparam(name, type_=floats) for name in ("lons", "lats", "margins")))
        .table_valued("lon", "lat", "margin_m", with_ordinality="n", name="spot")
        .render_derived()
    )
    point = sa.func.ST_SetSRID(sa.func.ST_MakePoint(spots.c.lon, spots.c.lat), sa.literal_column("4326"))
    ground = Ground(sa.cast(point, GEOGRAPHY), point)
    where = [seen.seen, *clauses(present, seen), seen.geom.is_not(None)]
    if capped:
        where.append(within(seen, ground, sa.bindparam("max_m", type_=sa.Float) + spots.c.margin_m))
    near = (
        sa.select(
            resource.c.id,
            resource.c.kind,
            distance(seen, ground).label("distance_m"),
            sa.func.coalesce(seen.uncertainty_m, sa.literal_column("0.0")).label("uncertainty_m"),
            sa.func.degrees(sa.func.ST_Azimuth(ground.geog, seen.geog)).label("bearing_deg"),
            nearness(seen, ground).label("sphere_m"),
        )
        .where(*where)
        .order_by(nearness(seen, ground))
    )
    fetch = sa.bindparam("fetch", type_=sa.Integer)
    if tier is None:
        hits = near.limit(fetch).lateral("hit")
    else:
        inner = near.limit(sa.literal_column(str(tier))).correlate(spots).subquery("near")
        hits = sa.select(inner).limit(fetch).correlate(spots).lateral("hit")
    number = sa.cast(spots.c.n, sa.Integer).label("n")
    every = sa.select(number, hits).select_from(spots.join(hits, sa.true()))
    return Query(every, by_value=tier is None)


async def nearest(
    reader: Reader, sight: Sight, wanted: Filter, starts: Sequence[Start], *, k: int, max_m: float | None
) -> list[list[Row] | None]:
    """For each spot, the first `k` located resources that meet `wanted`, nearest first, none beyond `max_m`.

    A spot whose candidates leave the order on the ellipsoid in doubt is answered with None.
    """
    present, values = asked(wanted)
    fetch = candidates(k)
    tier = next(tier for tier in TIERS if tier >= fetch) if present <= BROAD else None
    values |= binds(sight) | {"fetch": fetch, "max_m": max_m}
    values |= {"lons": [start.lon for start in starts], "lats": [start.lat for start in starts]}
    values |= {"margins": [start.margin_m for start in starts]}
    found: list[list[Row]] = [[] for _ in starts]
    for row in await reader.rows(_batch(shape(sight), present, max_m is not None, tier), values):
        found[row["n"] - 1].append(row)
    for rows in found:
        rows.sort(key=lambda row: (row["distance_m"], row["id"]))
    return [rows[:k] if len(rows) < fetch or _sure(rows, k) else None for rows in found]


def _sure(rows: list[Row], k: int) -> bool:
    return seen_all(max(row["sphere_m"] for row in rows), rows[k - 1]["distance_m"])


@cache
def _features(form: Shape) -> Query:
    seen = view(form)
    wanted = resource.c.id == sa.any_(sa.bindparam("ids", type_=ARRAY(sa.Uuid)))
    return Query(
        sa.select(resource.c.id, utf8(seen.feature).label("feature"))
        .where(seen.seen, wanted)
        .order_by(resource.c.id)
    )


async def features(reader: Reader, sight: Sight, ids: Sequence[UUID]) -> list[Row]:
    """The features of these resources, in the order of their identities."""
    return await reader.rows(_features(shape(sight)), binds(sight) | {"ids": list(ids)})
