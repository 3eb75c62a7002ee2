"""Proximity over HTTP: nearest, within, covering."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request, Router, get
from litestar.di import NamedDependency, Provide

from registry.api import params
from registry.api.links import GEOJSON, next_link, self_link
from registry.api.provide import Asks, Sees
from registry.domain.feature import with_figures
from registry.domain.geojson import FeatureCollection
from registry.domain.proximity import Aim, Cover, Interval, around, compass, covers, hull, judge
from registry.domain.resource import Sector
from registry.domain.search import DistancePage, Filter, decode_distance_page, encode_cursor
from registry.store import places, proximity

MOST_COVERING = 10_000


class Near(FeatureCollection, frozen=True, kw_only=True, tag="FeatureCollection"):
    """Hits nearest first; `unlocated` counts those that meet the conditions but have no position."""

    unlocated: int


class Untested(msgspec.Struct, frozen=True, kw_only=True):
    """A watch point that may cover the spot, from some of the positions it may have."""

    id: str
    name: dict[str, str | None]
    reason: str
    watch_radius_m: float
    distance_min_m: float | None
    distance_max_m: float | None


class UntestedList(msgspec.Struct, frozen=True):
    """The watch points for which nobody can say yes or no, by name."""

    count: int
    resources: list[Untested]


class Covering(FeatureCollection, frozen=True, kw_only=True, tag="FeatureCollection"):
    """Watch points whose radius reaches the spot, nearest first; an empty list is an answer."""

    untested: UntestedList
    ruled_out: int
    assumed_extent: list[str]


def in_service(
    kind: params.KindParam = None,
    place: params.PlaceParam = None,
    lifecycle: params.LifecycleParam = None,
    quality: params.QualityParam = None,
) -> Filter:
    """The conditions of a proximity question; without a lifecycle only what is in service counts."""
    return Filter(kind=kind, place=place, lifecycle=lifecycle or "in_service", quality=quality)


def _hit(row: Mapping[str, Any], **more: object) -> msgspec.Raw:
    interval = around(row["distance_m"], row["uncertainty_m"])
    bearing_deg = row["bearing_deg"]
    figures = {
        "distance_m": round(row["distance_m"], 3),
        "distance_min_m": _mm(interval.min_m),
        "distance_max_m": _mm(interval.max_m),
        "bearing_deg": None if bearing_deg is None else round(bearing_deg, 2),
        "compass": compass(bearing_deg),
    }
    return with_figures(row["feature"], figures | more)


def _mm(metres: float | None) -> float | None:
    return None if metres is None else round(metres, 3)


@get("/nearest", media_type=GEOJSON)
async def find_nearest(
    request: Request[Any, Any, Any],
    reader: Asks,
    sight: Sees,
    wanted: NamedDependency[Filter],
    lon: params.Lon,
    lat: params.Lat,
    k: params.K = 10,
    max_m: params.MaxM = None,
) -> Near:
    """The k nearest resources in service, nearest first by geodesic distance."""
    found = await proximity.nearest(reader, sight, wanted, lon=lon, lat=lat, k=k, max_m=max_m)
    return Near([_hit(row) for row in found.rows], [self_link(request)], unlocated=found.unlocated)


@get("/within", media_type=GEOJSON)
async def find_within(
    request: Request[Any, Any, Any],
    reader: Asks,
    sight: Sees,
    wanted: NamedDependency[Filter],
    lon: params.Lon,
    lat: params.Lat,
    radius_m: params.RadiusM,
    cursor: params.Cursor = None,
    limit: params.Limit = 1000,
) -> Near:
    """Every resource in service at most radius_m away, nearest first, in pages."""
    found = await proximity.within(
        reader,
        sight,
        wanted,
        lon=lon,
        lat=lat,
        radius_m=radius_m,
        after=decode_distance_page(cursor),
        limit=limit + 1,
    )
    links = [self_link(request)]
    if len(found.rows) > limit:
        last = found.rows[limit - 1]
        links.append(next_link(request, encode_cursor(DistancePage(last["distance_m"], last["id"]))))
    return Near([_hit(row) for row in found.rows[:limit]], links, unlocated=found.unlocated)


@get("/covering", media_type=GEOJSON)
async def find_covering(
    request: Request[Any, Any, Any],
    reader: Asks,
    sight: Sees,
    lon: params.Lon,
    lat: params.Lat,
    place: params.PlaceParam = None,
    lifecycle: params.LifecycleParam = None,
) -> Covering:
    """The watch points whose own radius reaches the spot, and the names of those that could not be tested."""
    wanted = Filter(kind="fire_watch_point", place=place, lifecycle=lifecycle or "in_service")
    async with reader.snapshot() as snapshot:
        located = await proximity.covering(snapshot, sight, wanted, lon=lon, lat=lat, limit=MOST_COVERING)
        loose = await proximity.loose(snapshot, sight, wanted, MOST_COVERING)
        bounds = await places.reach(snapshot, _spots(loose), lon, lat) if loose else {}
    judged = [(row, *_judge(row)) for row in located]
    sure = [_hit(row, certain=verdict == "yes") for row, nominal, verdict in judged if nominal]
    doubtful = [
        _unsure(row, around(row["distance_m"], row["uncertainty_m"]), "uncertain_position")
        for row, nominal, verdict in judged
        if verdict == "possible" and not nominal
    ]
    placed = [(row, _bounds(row, bounds)) for row in loose]
    open_cases = [
        (row, interval) for row, interval in placed if covers(interval, row["watch_radius_m"]) != "no"
    ]
    doubtful += [_unsure(row, interval, row["quality"]) for row, interval in open_cases]
    return Covering(
        sure,
        [self_link(request)],
        untested=UntestedList(len(doubtful), doubtful),
        ruled_out=len(loose) - len(open_cases),
        assumed_extent=sorted(code for code, row in bounds.items() if row["basis"] != "boundary"),
    )


def _spots(rows: list[Mapping[str, Any]]) -> list[str]:
    return sorted({code for row in rows for code in _possible_places(row)})


def _possible_places(row: Mapping[str, Any]) -> list[str]:
    if row["quality"] == "candidate_places":
        return list(row["candidate_places"])
    return [row["place"]] if row["place"] else []


def _bounds(row: Mapping[str, Any], reach: Mapping[str, Mapping[str, Any]]) -> Interval:
    unbounded = {"nearest_m": None, "farthest_m": None}
    spots = [reach.get(code, unbounded) for code in _possible_places(row)]
    return hull([Interval(spot["nearest_m"], spot["farthest_m"]) for spot in spots])


def _judge(row: Mapping[str, Any]) -> tuple[bool, Cover]:
    sector = None
    if row["sector_from_deg"] is not None:
        sector = Sector(row["sector_from_deg"], row["sector_to_deg"])
    if row["by_footprint"]:
        return True, "yes" if row["uncertainty_m"] == 0 else "possible"
    aim = Aim(row["distance_m"], row["uncertainty_m"], row["outward_deg"])
    return judge(aim, row["watch_radius_m"], sector)


def _unsure(row: Mapping[str, Any], interval: Interval, reason: str) -> Untested:
    return Untested(
        id=str(row["id"]),
        name={"zh": row["name_zh"], "en": row["name_en"]},
        reason=reason,
        watch_radius_m=row["watch_radius_m"],
        distance_min_m=_mm(interval.min_m),
        distance_max_m=_mm(interval.max_m),
    )


router = Router(
    "/v1/proximity",
    route_handlers=[find_nearest, find_within, find_covering],
    dependencies={"wanted": Provide(in_service, sync_to_thread=False)},
    tags=["proximity"],
)
