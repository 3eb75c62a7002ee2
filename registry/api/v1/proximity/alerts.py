"""The resources inside an alert: CAP 1.2 as XML or as JSON."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import post
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from registry.api.http.dependencies import ReaderDep, SightDep
from registry.api.http.links import GEOJSON, JSON, self_link
from registry.api.http.request import HttpRequest
from registry.api.v1.proximity.params import ConditionsDep
from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter, filter_of
from registry.domain.errors import Invalid
from registry.domain.geojson import FeatureCollection, MultiPolygon, Polygon
from registry.domain.geometry import wkb
from registry.domain.proximity import cap
from registry.domain.proximity.cap import CapAlert, Circle
from registry.domain.proximity.origin import Start
from registry.domain.proximity.ranking import Ranking
from registry.services.proximity.hits import cases, check_place, describing, inside
from registry.store.database.pool import Reader
from registry.store.proximity import within
from registry.store.proximity.knn_columns import MOST_COUNTED

MOST_FOUND = 10_000
XML = ("application/xml", "text/xml", "application/cap+xml")
DECODER = msgspec.json.Decoder(CapAlert)
TAKES = {JSON: CapAlert, **dict.fromkeys(XML, str)}
Row = Mapping[str, Any]


class Alerted(FeatureCollection, frozen=True, kw_only=True, tag="FeatureCollection"):
    """What lies in the alert; `complete` is false beyond 10,000, `undrawn` names areas without a shape."""

    alert: dict[str, Any]
    counts: dict[str, int]
    polygons: int
    circles: int
    undrawn: list[str]
    unlocated: int
    left_out: dict[str, Any]
    complete: bool


@post("/alert-area", media_type=GEOJSON, status_code=200, opt={"takes": TAKES})
async def ask_alert_area(
    request: HttpRequest,
    state: State,
    reader: ReaderDep,
    sight: SightDep,
    conditions: ConditionsDep,
) -> Alerted:
    """Every resource in service inside the polygons and circles of a CAP 1.2 alert, edges included."""
    alert = _decode(request.headers.get("content-type", ""), await request.body())
    shapes = cap.shapes_of(alert)
    if not shapes.polygons and not shapes.circles:
        raise Invalid("no area of the alert has a polygon or a circle")
    now = sight.as_of or datetime.now(UTC)
    wanted = filter_of(conditions, now)
    starts = [*map(_start_of_polygon, shapes.polygons), *map(_start_of_circle, shapes.circles)]
    async with reader.snapshot() as snapshot:
        rows, unlocated, complete = await _inside(snapshot, sight, wanted, starts)
        await check_place(snapshot, wanted, rows)
        undecided = await _undecided(snapshot, sight, wanted, starts)
        stale_days = state.settings.stale_after_days
        with_ = await describing(snapshot, Start(), Ranking(), wanted, now, stale_days, rows)
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["kind"]] = counts.get(row["kind"], 0) + 1
    return Alerted(
        [inside(row, with_) for row in rows],
        [self_link(request)],
        alert=_told(alert),
        counts=counts,
        polygons=len(shapes.polygons),
        circles=len(shapes.circles),
        undrawn=shapes.undrawn,
        unlocated=unlocated,
        left_out=undecided,
        complete=complete,
    )


def _decode(content_type: str, body: bytes) -> CapAlert:
    kind = content_type.partition(";")[0].strip().lower()
    if kind in XML:
        return cap.parse_xml(body)
    if kind not in TAKES:
        raise HTTPException(status_code=415, detail=f"send {', '.join(TAKES)}")
    try:
        return DECODER.decode(body)
    except msgspec.MsgspecError as error:
        raise Invalid(f"the body is not a CAP alert as JSON: {error}") from error


async def _undecided(reader: Reader, sight: Sight, wanted: Filter, starts: Sequence[Start]) -> dict[str, Any]:
    """How many in the alert only an unknown value keeps out, by that value."""
    found: dict[Any, Row] = {}
    for start in starts:
        (rows,) = await within.undecidable(reader, sight, [within.SearchBound(wanted, 0.0)], start)
        found |= {row["id"]: row for row in rows}
    return cases([*found.values()])


async def _inside(
    reader: Reader, sight: Sight, wanted: Filter, starts: Sequence[Start]
) -> tuple[list[Row], int, bool]:
    found: dict[Any, Row] = {}
    unlocated, complete = 0, True
    for start in starts:
        hits = await within.within_distance(reader, sight, wanted, start, radius_m=0.0, limit=MOST_FOUND + 1)
        found |= {row["id"]: row for row in hits.rows}
        unlocated = hits.unlocated
        complete = complete and len(hits.rows) <= MOST_FOUND
    rows = [found[identity] for identity in sorted(found)]
    return rows[:MOST_FOUND], min(unlocated, MOST_COUNTED), complete and len(rows) <= MOST_FOUND


def _start_of_polygon(polygon: Polygon | MultiPolygon) -> Start:
    return Start(shape=wkb(polygon, "polygon"))


def _start_of_circle(circle: Circle) -> Start:
    return Start(lon=circle.lon, lat=circle.lat, margin_m=circle.radius_m)


def _told(alert: CapAlert) -> dict[str, Any]:
    told = {name: getattr(alert, name) for name in cap.ALERT_MEMBERS}
    told |= {name: getattr(alert.info[0], name) for name in cap.INFO_MEMBERS}
    return {name: value for name, value in told.items() if value is not None}
