"""Coverage over HTTP: how much of an area is covered, how surely, and by whom it could not be told."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from litestar import Router, get
from litestar.params import QueryParameter

from registry.api import params
from registry.api.provide import Asks, Sees
from registry.domain.coverage import Coverage
from registry.domain.errors import InvalidQuery
from registry.domain.geojson import Area
from registry.domain.geometry import wkb
from registry.domain.question import Question, measure
from registry.domain.resource import Kind
from registry.domain.search import Filter
from registry.domain.sight import Sight
from registry.store import grounds, watchers
from registry.store.pool import Reader

MOST_WATCHERS = 50_000
POLYGON: msgspec.json.Decoder[Area] = msgspec.json.Decoder(Area)
OWN_RADIUS: tuple[Kind, ...] = ("fire_watch_point",)

KindAsked = Annotated[Kind, QueryParameter(name="kind", description="The kind whose coverage is asked.")]
AreaParam = Annotated[
    str | None,
    QueryParameter(name="area", max_length=8000, description="GeoJSON Polygon or MultiPolygon, WGS 84."),
]
StatedRadius = Annotated[
    float | None,
    QueryParameter(gt=0, le=500_000, description="Radius in metres in place of every record's own."),
]
Reason = Annotated[
    str | None, QueryParameter(min_length=3, max_length=400, description="Why that radius: a source or rule.")
]


def check_radius(kind: Kind | None, radius_m: float | None, reason: str | None) -> None:
    """Refuse a radius nobody gives a reason for, and a kind that has none without one."""
    if radius_m is not None and reason is None:
        raise InvalidQuery("a radius_m in place of the records' own needs a reason", field="reason")
    if radius_m is None and kind not in OWN_RADIUS:
        raise InvalidQuery(
            f"a {kind or 'resource'} has no radius of its own: give radius_m and reason", field="radius_m"
        )


def decode_area(text: str) -> Area:
    """GeoJSON text as a bounded polygon."""
    try:
        return POLYGON.decode(text)
    except msgspec.MsgspecError as error:
        raise InvalidQuery(f"area is not a GeoJSON polygon: {error}", field="area") from error


async def gather(
    reader: Reader, sight: Sight, wanted: Filter, place: str | None, area: Area | None, radius_m: float | None
) -> Question:
    """Everything a question needs, read at one instant."""
    if (place is None) == (area is None):
        raise InvalidQuery("give either place or area", field="place")
    at = sight.as_of or datetime.now(UTC)
    async with reader.snapshot() as snapshot:
        if area is not None:
            ground = await grounds.of_polygon(snapshot, wkb(area, "area"))
        else:
            ground = await grounds.of_place(snapshot, place or "")
        found = await watchers.find(
            snapshot, sight, wanted, area_wkb=ground.wkb, radius_m=radius_m, at=at, limit=MOST_WATCHERS + 1
        )
    if len(found) > MOST_WATCHERS:
        detail = f"more than {MOST_WATCHERS} resources may reach the area; ask for less"
        raise InvalidQuery(detail, field="area")
    return Question(
        whole=ground.whole,
        parts=ground.parts,
        watchers=found,
    )


@get()
async def measure_coverage(
    reader: Asks,
    sight: Sees,
    kind: KindAsked,
    place: params.PlaceParam = None,
    area: AreaParam = None,
    lifecycle: params.LifecycleParam = None,
    radius_m: StatedRadius = None,
    reason: Reason = None,
) -> Coverage:
    """How much of a place or polygon a kind covers: lower, nominal, upper, and what could not be tested."""
    check_radius(kind, radius_m, reason)
    wanted = Filter(kind=kind, lifecycle=lifecycle or "in_service")
    polygon = None if area is None else decode_area(area)
    question = await gather(reader, sight, wanted, place, polygon, radius_m)
    return await asyncio.to_thread(measure, question)


router = Router("/v1/coverage", route_handlers=[measure_coverage], tags=["coverage"], opt={"cost": 20})
