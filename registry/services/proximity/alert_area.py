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
from registry.domain.incidents.alert import warned_area, warning_of
from registry.domain.incidents.warning import WarnedArea, WarningForce, force_at
from registry.domain.proximity import cap
from registry.domain.proximity.cap import CapAlert
from registry.domain.proximity.edges import joined
from registry.domain.proximity.figures import hit_inside
from registry.domain.proximity.origin import Start
from registry.services.completeness import completeness_of
from registry.services.intake.reference import load
from registry.services.proximity.answer import ResourceQuestion, hit_context, require_place
from registry.services.proximity.undecided import doubt_of
from registry.store.database.pool import Reader, Row
from registry.store.proximity import within
from registry.store.proximity.undecided import SearchBound

MOST_FOUND = 10_000


class AlertArea(FeatureSetAnswer, frozen=True, kw_only=True, tag="FeatureCollection"):
    """The resources in an alert. `complete` is false beyond 10,000; `undrawn` names areas without a shape.

    `areas` says of each area which places it names, how they were matched, and what could not be used.
    """

    alert: dict[str, Any]
    force: WarningForce | None
    """Whether the alert is in force."""
    areas: list[WarnedArea]
    counts: dict[str, int]
    """How many records of each kind are inside."""
    polygons: int
    circles: int
    undrawn: list[str]
    complete: bool


class _Inside(NamedTuple):
    """The records inside any shape, each with the shape that it is in, and whether these are all."""

    rows: list[tuple[Row, Start]]
    complete: bool


class GroundedAlert(NamedTuple):
    """An alert on the ground: its areas, and the starts of all that they draw and name."""

    areas: list[WarnedArea]
    starts: list[Start]

    @property
    def whole(self) -> bytes:
        """One area, as WKB, that holds all of it."""
        return joined((one.shape, one.lon, one.lat, one.margin_m) for one in self.starts)


async def ground_alert(reader: Reader, alert: CapAlert) -> GroundedAlert:
    """The areas of an alert with the places that they name; Invalid when none of them can be used."""
    territory = (await load(reader)).territory
    grounded = [warned_area(shapes, territory) for shapes in cap.shapes_of(alert)]
    starts = [start for _, starts in grounded for start in starts]
    if not starts:
        problems = "; ".join(dict.fromkeys(text for area, _ in grounded for text in area.problems))
        raise Invalid(
            f"no area of the alert has a usable polygon, circle or code{problems and f': {problems}'}",
            field="info",
            zh="预警没有可用的多边形、圆或区划代码",
        )
    return GroundedAlert([area for area, _ in grounded], starts)


async def alert_area(reader: Reader, sight: Sight, question: ResourceQuestion, alert: CapAlert) -> AlertArea:
    """Every resource in the areas of a CAP 1.2 alert, edges included; Invalid without a usable one."""
    grounded = await ground_alert(reader, alert)
    stored = warning_of(alert, grounded.areas, question.asked_at)
    async with reader.snapshot() as snapshot:
        inside = await _inside(snapshot, sight, question.filter, grounded.starts)
        await require_place(snapshot, question.filter, inside.rows)
        whole = Start(shape=grounded.whole)
        doubt = await doubt_of(snapshot, sight, whole, SearchBound(question.filter, 0.0))
        listing = await completeness_of(snapshot, sight, question.filter)
    answer = AlertArea(
        features=[hit_inside(row, hit_context(question, start)) for row, start in inside.rows],
        alert=cap.described(alert),
        force=None if alert.status is None else force_at(stored, question.asked_at),
        areas=grounded.areas,
        counts=dict(Counter(row["kind"] for row, _ in inside.rows)),
        polygons=sum(area.polygons for area in grounded.areas),
        circles=sum(area.circles for area in grounded.areas),
        undrawn=[area.description or "" for area in grounded.areas if area.matched_by == "nothing"],
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
