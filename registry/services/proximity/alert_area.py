"""The resources inside the polygons and circles of an alert."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import structs

from registry.domain.access.sight import Sight
from registry.domain.completeness import FeatureSetAnswer, why_none
from registry.domain.conditions import Filter
from registry.domain.errors import Invalid
from registry.domain.geojson import MultiPolygon, Polygon
from registry.domain.geometry import wkb
from registry.domain.proximity import cap
from registry.domain.proximity.cap import CapAlert, Circle
from registry.domain.proximity.edges import joined
from registry.domain.proximity.figures import hit_inside
from registry.domain.proximity.origin import Start
from registry.services.completeness import completeness_of
from registry.services.proximity.answer import ResourceQuestion, hit_context, require_place
from registry.services.proximity.undecided import doubt_of
from registry.store.database.pool import Reader, Row
from registry.store.proximity import within
from registry.store.proximity.undecided import SearchBound

MOST_FOUND = 10_000


class AlertArea(FeatureSetAnswer, frozen=True, kw_only=True, tag="FeatureCollection"):
    """The resources in an alert. `complete` is false beyond 10,000; `undrawn` names areas without a shape."""

    alert: dict[str, Any]
    counts: dict[str, int]
    polygons: int
    circles: int
    undrawn: list[str]
    complete: bool


class _Inside(NamedTuple):
    """The records inside any shape, each with the shape that it is in, and whether these are all."""

    rows: list[tuple[Row, Start]]
    complete: bool


async def alert_area(reader: Reader, sight: Sight, question: ResourceQuestion, alert: CapAlert) -> AlertArea:
    """Every resource in the polygons and circles of a CAP 1.2 alert, edges included; Invalid without one."""
    shapes = cap.shapes_of(alert)
    if not shapes.polygons and not shapes.circles:
        raise Invalid("no area of the alert has a polygon or a circle")
    starts = [*map(_start_of_polygon, shapes.polygons), *map(_start_of_circle, shapes.circles)]
    async with reader.snapshot() as snapshot:
        inside = await _inside(snapshot, sight, question.filter, starts)
        await require_place(snapshot, question.filter, inside.rows)
        whole = Start(shape=joined((one.shape, one.lon, one.lat, one.margin_m) for one in starts))
        doubt = await doubt_of(snapshot, sight, whole, SearchBound(question.filter, 0.0))
        listing = await completeness_of(snapshot, sight, question.filter)
    answer = AlertArea(
        features=[hit_inside(row, hit_context(question, start)) for row, start in inside.rows],
        alert=cap.described(alert),
        counts=dict(Counter(row["kind"] for row, _ in inside.rows)),
        polygons=len(shapes.polygons),
        circles=len(shapes.circles),
        undrawn=shapes.undrawn,
        complete=inside.complete,
        completeness=listing,
        undecided=doubt.undecided,
        excluded=doubt.excluded,
    )
    return answer if answer.features else structs.replace(answer, none=why_none(answer))


async def _inside(reader: Reader, sight: Sight, wanted: Filter, starts: Sequence[Start]) -> _Inside:
    """The resources inside any of the shapes, each once, by identity."""
    by_id: dict[UUID, tuple[Row, Start]] = {}
    complete = True
    for start in starts:
        rows = await within.within_distance(reader, sight, wanted, start, radius_m=0.0, limit=MOST_FOUND + 1)
        by_id |= {row["id"]: (row, start) for row in rows}
        complete = complete and len(rows) <= MOST_FOUND
    found = [by_id[identity] for identity in sorted(by_id)]
    return _Inside(found[:MOST_FOUND], complete and len(found) <= MOST_FOUND)


def _start_of_polygon(polygon: Polygon | MultiPolygon) -> Start:
    return Start(shape=wkb(polygon, "polygon"))


def _start_of_circle(circle: Circle) -> Start:
    return Start(lon=circle.lon, lat=circle.lat, margin_m=circle.radius_m)
