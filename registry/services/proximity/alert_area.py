"""The resources inside the polygons and circles of an alert."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.errors import Invalid
from registry.domain.geojson import FeatureCollection, MultiPolygon, Polygon
from registry.domain.geometry import wkb
from registry.domain.proximity import cap
from registry.domain.proximity.cap import CapAlert, Circle
from registry.domain.proximity.figures import hit_inside, unknown_values
from registry.domain.proximity.origin import Start
from registry.services.proximity.answer import ResourceQuestion, hit_context, require_place
from registry.store.database.pool import Reader, Row
from registry.store.proximity import within
from registry.store.proximity.knn_columns import MOST_COUNTED

MOST_FOUND = 10_000


class AlertArea(FeatureCollection, frozen=True, kw_only=True, tag="FeatureCollection"):
    """The resources in an alert. `complete` is false beyond 10,000; `undrawn` names areas without a shape."""

    alert: dict[str, Any]
    counts: dict[str, int]
    polygons: int
    circles: int
    undrawn: list[str]
    unlocated: int
    left_out: dict[str, Any]
    complete: bool


class _Inside(NamedTuple):
    rows: list[Row]
    unlocated: int
    complete: bool


async def alert_area(reader: Reader, sight: Sight, question: ResourceQuestion, alert: CapAlert) -> AlertArea:
    """Every resource in the polygons and circles of a CAP 1.2 alert, edges included; Invalid without one."""
    shapes = cap.shapes_of(alert)
    if not shapes.polygons and not shapes.circles:
        raise Invalid("no area of the alert has a polygon or a circle")
    starts = [*map(_start_of_polygon, shapes.polygons), *map(_start_of_circle, shapes.circles)]
    wanted = question.filter
    async with reader.snapshot() as snapshot:
        inside = await _inside(snapshot, sight, wanted, starts)
        await require_place(snapshot, wanted, inside.rows)
        left_out = await _undecided(snapshot, sight, wanted, starts)
    context = hit_context(question, Start())
    return AlertArea(
        [hit_inside(row, context) for row in inside.rows],
        alert=cap.described(alert),
        counts=dict(Counter(row["kind"] for row in inside.rows)),
        polygons=len(shapes.polygons),
        circles=len(shapes.circles),
        undrawn=shapes.undrawn,
        unlocated=inside.unlocated,
        left_out=left_out,
        complete=inside.complete,
    )


async def _inside(reader: Reader, sight: Sight, wanted: Filter, starts: Sequence[Start]) -> _Inside:
    """The resources inside any of the shapes, each once, by identity."""
    by_id: dict[UUID, Row] = {}
    unlocated, complete = 0, True
    for start in starts:
        hits = await within.within_distance(reader, sight, wanted, start, radius_m=0.0, limit=MOST_FOUND + 1)
        by_id |= {row["id"]: row for row in hits.rows}
        unlocated = hits.unlocated
        complete = complete and len(hits.rows) <= MOST_FOUND
    rows = [by_id[identity] for identity in sorted(by_id)]
    return _Inside(rows[:MOST_FOUND], min(unlocated, MOST_COUNTED), complete and len(rows) <= MOST_FOUND)


async def _undecided(reader: Reader, sight: Sight, wanted: Filter, starts: Sequence[Start]) -> dict[str, int]:
    """How many records in the shapes each unknown value leaves undecided."""
    by_id: dict[UUID, Row] = {}
    for start in starts:
        (rows,) = await within.find_undecided(reader, sight, [within.SearchBound(wanted, 0.0)], start)
        by_id |= {row["id"]: row for row in rows}
    return unknown_values([*by_id.values()])


def _start_of_polygon(polygon: Polygon | MultiPolygon) -> Start:
    return Start(shape=wkb(polygon, "polygon"))


def _start_of_circle(circle: Circle) -> Start:
    return Start(lon=circle.lon, lat=circle.lat, margin_m=circle.radius_m)
