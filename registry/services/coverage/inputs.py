"""From what was asked to a question that can be worked: the reads of every coverage route."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from registry.api.v1.coverage.body import Ask, PlaceSpots, Spots
from registry.domain.access.sight import Sight
from registry.domain.coverage.demand import DemandPoint
from registry.domain.coverage.measure import CoverageInputs
from registry.domain.coverage.siting.placement import Candidate
from registry.domain.coverage.watcher import Watcher
from registry.domain.errors import InvalidQuery
from registry.domain.geometry import wkb
from registry.domain.records.resource import Kind
from registry.domain.search import aware
from registry.domain.values import Name
from registry.store.coverage import areas, members, watchers
from registry.store.coverage.areas import Parted
from registry.store.database.pool import Reader

MOST_WATCHERS = 50_000
MOST_SPOTS = 20_000
OWN_RADIUS: tuple[Kind, ...] = ("fire_watch_point",)


def check_radius(kind: Kind | None, radius_m: float | None, reason: str | None) -> None:
    """Refuse a radius nobody gives a reason for, and a kind that has none without one."""
    if radius_m is not None and reason is None:
        raise InvalidQuery("a radius_m in place of the records' own needs a reason", field="reason")
    if radius_m is None and kind not in OWN_RADIUS:
        detail = f"a {kind or 'resource'} has no radius of its own: give radius_m and reason"
        raise InvalidQuery(detail, field="radius_m")


def looking(ask: Ask, sight: Sight) -> Sight:
    """The sight of a question that names its exercise or instant in the body."""
    return msgspec.structs.replace(
        sight,
        exercise=ask.exercise or sight.exercise,
        as_of=aware(ask.as_of, "as_of") or sight.as_of,
    )


async def ground(reader: Reader, ask: Ask) -> Parted:
    """The area asked about."""
    if (ask.place is None) == (ask.area is None):
        raise InvalidQuery("give either place or area", field="place")
    if ask.area is not None:
        return await areas.of_polygon(reader, wkb(ask.area, "area"))
    return await areas.of_place(reader, ask.place or "")


async def gather(reader: Reader, sight: Sight, ask: Ask) -> CoverageInputs:
    """Everything a question needs, read at one instant."""
    wanted = ask.wanted()
    check_radius(wanted.kind, ask.radius_m, ask.reason)
    async with reader.snapshot() as snapshot:
        area = await ground(snapshot, ask)
        found = await _watchers(snapshot, sight, ask, area)
        points, basis = await _demand(snapshot, ask, area)
    return CoverageInputs(
        whole=area.whole,
        parts=area.parts,
        watchers=found,
        radius_m=ask.radius_m,
        min_depth=ask.min_depth,
        demand=points,
        demand_basis=basis,
        scenario=ask.scenario,
    )


async def _watchers(reader: Reader, sight: Sight, ask: Ask, area: Parted) -> list[Watcher]:
    at = sight.as_of or datetime.now(UTC)
    given: dict[str, Any] = {"radius_m": ask.radius_m, "at": at, "limit": MOST_WATCHERS + 1}
    found = await watchers.find(reader, sight, ask.wanted(), area_wkb=area.wkb, **given)
    if len(found) > MOST_WATCHERS:
        detail = f"more than {MOST_WATCHERS} resources may reach the area; ask for less"
        raise InvalidQuery(detail, field="area")
    named = ask.scenario.named() - {w.id for w in found} if ask.scenario else set()
    if named:
        found += await watchers.named(reader, sight, named, radius_m=ask.radius_m)
        if missing := sorted(named - {w.id for w in found}):
            raise InvalidQuery(f"no resource {missing[0]} to move or remove", field="scenario")
    return found


async def _demand(reader: Reader, ask: Ask, area: Parted) -> tuple[list[DemandPoint] | None, str | None]:
    wanted = ask.demand
    if wanted is None:
        return None, None
    if isinstance(wanted, Spots):
        points = [
            DemandPoint(*s.geometry.coordinates, s.properties.weight, s.id, s.properties.name)
            for s in wanted.features
        ]
        return points, f"{len(points)} points given with the question"
    rows = await _spots(reader, wanted, ask, area)
    known = [(row, _weight(row, wanted)) for row in rows if row["lon"] is not None]
    points = [
        DemandPoint(row["lon"], row["lat"], weight, row["code"], Name(row["name_zh"], row["name_en"]))
        for row, weight in known
        if weight is not None
    ]
    weighed = "weight one each" if wanted.weight == "one" else "weighted by population"
    return points, (
        f"{len(points)} of {len(rows)} places of level {wanted.level}, {weighed}; "
        f"{len(rows) - len(points)} left out because their point or weight is not known"
    )


def _weight(row: Mapping[str, Any], wanted: PlaceSpots) -> float | None:
    if wanted.weight == "one":
        return 1.0
    found = (row["flags"] or {}).get("population")
    return float(found) if isinstance(found, int | float) and found >= 0 else None


async def _spots(reader: Reader, wanted: PlaceSpots, ask: Ask, area: Parted) -> list[Mapping[str, Any]]:
    polygon = None if ask.area is None else area.wkb
    rows = await members.spots(reader, wanted.level, ask.place, polygon, MOST_SPOTS + 1)
    if len(rows) > MOST_SPOTS:
        raise InvalidQuery(f"more than {MOST_SPOTS} places of level {wanted.level}", field="level")
    return rows


async def candidates(
    reader: Reader, wanted: Spots | PlaceSpots | None, ask: Ask, area: Parted
) -> list[Candidate] | None:
    """The candidate sites asked for; None leaves them to a grid."""
    if wanted is None:
        return None
    if isinstance(wanted, Spots):
        return [
            Candidate(*s.geometry.coordinates, s.id or f"candidate-{at}", s.properties.name)
            for at, s in enumerate(wanted.features, start=1)
        ]
    return [
        Candidate(row["lon"], row["lat"], row["code"], Name(row["name_zh"], row["name_en"]))
        for row in await _spots(reader, wanted, ask, area)
        if row["lon"] is not None
    ]
