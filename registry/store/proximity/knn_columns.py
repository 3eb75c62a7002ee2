"""The columns of a hit: its feature, its distance, and the values that it is ranked by."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from registry.domain.proximity.edges import Edges, depths_m
from registry.domain.proximity.figures import LISTED
from registry.domain.proximity.origin import Start
from registry.store.database.pool import Row
from registry.store.filters import stock
from registry.store.proximity.origin_sql import OriginSql
from registry.store.schema.records import place, room
from registry.store.visibility import View

TIERS = (16, 128, 1024, 10_240)


def _partner(view: View) -> sa.ColumnElement[Any]:
    """The partner place of a record with its agreement, as JSON; NULL for the registry's own places."""
    name = sa.func.json_build_object(
        sa.literal_column("'zh'"), place.c.name_zh, sa.literal_column("'en'"), place.c.name_en
    )
    partner = sa.func.json_build_object(
        sa.literal_column("'place'"), place.c.code,
        sa.literal_column("'name'"), name,
        sa.literal_column("'agreement'"), place.c.partner,
        type_=sa.JSON,
    )  # fmt: skip
    agreed = sa.select(partner).where(place.c.code == view.c.partner_of)
    return sa.case((view.c.partner_of.is_not(None), agreed.scalar_subquery()))


class Possible(NamedTuple):
    """Records that may be among the hits, up to `reach_m` from the point or shape; None is no bound.

    `moment` is that of the statement which returned both.
    """

    records: list[Row]
    more: bool
    reach_m: float | None
    moment: str | None


class Hits(NamedTuple):
    """Hits in order. `possible` is None where another statement has to find what may be among them.

    `scanned` is how many of the nearest were read to find the hits; None when all records were searched.
    """

    rows: list[Row]
    scanned: int | None = None
    possible: Possible | None = None


def candidates(k: int) -> int:
    """How many to fetch, so that the order on the sphere rarely leaves that on the ellipsoid in doubt."""
    return max(8, k + 2 + k // 8)


def distance(view: View, origin: OriginSql) -> sa.ColumnElement[float]:
    """Metres along the ellipsoid to the nearest edge; 0 inside.

    ST_Covers answers for points inside: measuring would compare them with every edge.
    """
    metres = sa.func.ST_Distance(view.geog, origin.geog)
    if not origin.ctes:
        return metres
    return sa.case((sa.func.ST_Covers(origin.geom, view.geom), sa.literal_column("0.0")), else_=metres)


def nearness(view: View, origin: OriginSql) -> sa.ColumnElement[float]:
    """Metres on a sphere, to the outline of what is drawn: what the index can order by."""
    return view.geog.op("<->", return_type=sa.Float)(origin.near)


def within(view: View, origin: OriginSql, metres: Any) -> sa.ColumnElement[bool]:
    """At most so many metres away, by the index."""
    return sa.func.ST_DWithin(view.geog, origin.geog, metres)


def columns(view: View, origin: OriginSql, present: Iterable[str] = ()) -> list[sa.ColumnElement[Any]]:
    """The columns of a hit; `measured` columns only for conditions that ask about them."""
    wanted: list[sa.ColumnElement[Any]] = [
        view.c.id,
        view.feature.label("feature"),
        distance(view, origin).label("distance_m"),
        sa.func.coalesce(view.uncertainty_m, sa.literal_column("0.0")).label("uncertainty_m"),
        view.c.kind,
        view.c.verified_at,
        view.c.status_at,
        view.seen_at.label("seen_at"),
        view.c.partner_of,
        _partner(view).label("partner"),
    ]
    if not origin.ctes:
        azimuth = sa.func.degrees(sa.func.ST_Azimuth(origin.geog, view.geog))
        wanted.append(azimuth.label("bearing_deg"))
    else:
        wanted += [sa.func.ST_X(view.geom).label("lon"), sa.func.ST_Y(view.geom).label("lat")]
    if "free_persons" in present:
        wanted += [room(view.c).label("room"), view.c.occupancy_persons.is_not(None).label("occupancy_known")]
    wanted += [view.c[column] for name, column in LISTED.items() if name in present]
    if "item" in present:
        wanted.append(stock(view).scalar_subquery().label("item_quantity"))
    return wanted


def measured(rows: Sequence[Row], start: Start) -> list[Row]:
    """The hits with exact distances; `sql_m` keeps the one that the statement ordered by.

    Distances between points are exact already; those to edges are measured again. `inside_m` says how far
    from the edge a record of uncertain position lies inside.
    """
    if start.shape is None:
        return [*rows]
    edges = Edges(start.shape) if any(row["distance_m"] for row in rows) else None
    inside_m = _inside_m(rows, start.shape)
    return [
        dict(row)
        | {
            "sql_m": row["distance_m"],
            "distance_m": edges.distance_m(row["lon"], row["lat"]) if edges and row["distance_m"] else 0.0,
            "inside_m": inside_m.get(row["id"], 0.0),
        }
        for row in rows
    ]


def _inside_m(rows: Sequence[Row], shape: bytes) -> dict[UUID, float]:
    """For records of uncertain position inside an area at least so many metres to its edge."""
    inside = [row for row in rows if row["distance_m"] == 0 and row["uncertainty_m"]]
    if not inside:
        return {}
    depths = depths_m(shape, [(row["lon"], row["lat"]) for row in inside])
    return {row["id"]: depth for row, depth in zip(inside, depths, strict=True)}
