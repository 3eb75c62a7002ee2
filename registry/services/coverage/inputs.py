"""Read what a coverage request needs: the area, the watchers, the demand and the candidate sites."""

from datetime import UTC, datetime
from typing import NamedTuple

from msgspec import structs

from registry.domain.access.sight import Sight
from registry.domain.conditions import aware
from registry.domain.coverage.demand import DemandPoint
from registry.domain.coverage.measure import CoverageInputs
from registry.domain.coverage.siting.placement import Candidate
from registry.domain.coverage.watcher import Watcher
from registry.domain.errors import InvalidQuery
from registry.domain.geometry import wkb
from registry.domain.records.resource import Kind
from registry.domain.values import Name
from registry.services.coverage.requests import CoverageRequest, MembersRequest, PlacePoints, WeightedPoints
from registry.store.coverage import areas, members, watchers
from registry.store.coverage.areas import DividedArea
from registry.store.database.pool import Reader, Row

MOST_WATCHERS = 50_000
MOST_PLACES = 20_000
KINDS_WITH_RADIUS: tuple[Kind, ...] = ("fire_watch_point",)


class Demand(NamedTuple):
    """The demand points of a request, and in words where they come from and what was left out."""

    points: list[DemandPoint] | None
    basis: str | None


async def read_inputs(reader: Reader, sight: Sight, request: CoverageRequest) -> CoverageInputs:
    """Everything the analysis of a request needs, read from one snapshot.

    InvalidQuery for a request without a usable area or radius, or one that concerns too many resources;
    NotFound for an unknown place.
    """
    check_radius(request)
    async with reader.snapshot() as snapshot:
        area = await read_area(snapshot, request)
        demand = await _read_demand(snapshot, request, area)
        return CoverageInputs(
            whole=area.whole,
            parts=area.parts,
            watchers=await _read_watchers(snapshot, request_sight(request, sight), request, area),
            radius_m=request.radius_m,
            min_depth=request.min_depth,
            demand=demand.points,
            demand_basis=demand.basis,
            scenario=request.scenario,
        )


def request_sight(request: CoverageRequest | MembersRequest, sight: Sight) -> Sight:
    """The caller's sight in the exercise and at the instant that the request names, if it names them."""
    return structs.replace(
        sight,
        exercise=request.exercise or sight.exercise,
        as_of=aware(request.as_of, "as_of") or sight.as_of,
    )


def check_radius(request: CoverageRequest) -> None:
    """InvalidQuery for a stated radius without a reason, or a kind without a radius of its own."""
    kind = request.conditions().kind
    if request.radius_m is not None and request.reason is None:
        raise InvalidQuery("a radius_m in place of the records' own needs a reason", field="reason")
    if request.radius_m is None and kind not in KINDS_WITH_RADIUS:
        detail = f"a {kind or 'resource'} has no radius of its own: give radius_m and reason"
        raise InvalidQuery(detail, field="radius_m")


async def read_area(reader: Reader, request: CoverageRequest) -> DividedArea:
    """The place or polygon of a request; InvalidQuery unless it names exactly one."""
    if (request.place is None) == (request.area is None):
        raise InvalidQuery("give either place or area", field="place")
    if request.area is not None:
        return await areas.polygon_area(reader, wkb(request.area, "area"))
    return await areas.place_area(reader, request.place or "")


async def _read_watchers(
    reader: Reader, sight: Sight, request: CoverageRequest, area: DividedArea
) -> list[Watcher]:
    near = await watchers.find(
        reader,
        sight,
        request.conditions(),
        area_wkb=area.wkb,
        radius_m=request.radius_m,
        at=sight.as_of or datetime.now(UTC),
        limit=MOST_WATCHERS + 1,
    )
    if len(near) > MOST_WATCHERS:
        detail = f"more than {MOST_WATCHERS} resources may reach the area; ask for less"
        raise InvalidQuery(detail, field="area")
    elsewhere = request.scenario.named() - {w.id for w in near} if request.scenario else set()
    if elsewhere:
        near += await watchers.named_watchers(reader, sight, elsewhere, radius_m=request.radius_m)
        if missing := sorted(elsewhere - {w.id for w in near}):
            raise InvalidQuery(f"no resource {missing[0]} to move or remove", field="scenario")
    return near


async def _read_demand(reader: Reader, request: CoverageRequest, area: DividedArea) -> Demand:
    source = request.demand
    if source is None:
        return Demand(None, None)
    if isinstance(source, WeightedPoints):
        points = [
            DemandPoint(*f.geometry.coordinates, f.properties.weight, f.id, f.properties.name)
            for f in source.features
        ]
        return Demand(points, f"{len(points)} points given with the question")
    rows = await _read_places(reader, source, request, area)
    weights = [_weight(row, source) if row["lon"] is not None else None for row in rows]
    points = [
        DemandPoint(row["lon"], row["lat"], weight, row["code"], Name(row["name_zh"], row["name_en"]))
        for row, weight in zip(rows, weights, strict=True)
        if weight is not None
    ]
    weighted = "weight one each" if source.weight == "one" else "weighted by population"
    return Demand(
        points,
        f"{len(points)} of {len(rows)} places of level {source.level}, {weighted}; "
        f"{len(rows) - len(points)} left out because their point or weight is not known",
    )


def _weight(row: Row, source: PlacePoints) -> float | None:
    if source.weight == "one":
        return 1.0
    population = (row["flags"] or {}).get("population")
    return float(population) if isinstance(population, int | float) and population >= 0 else None


async def _read_places(
    reader: Reader, source: PlacePoints, request: CoverageRequest, area: DividedArea
) -> list[Row]:
    polygon = None if request.area is None else area.wkb
    rows = await members.place_points(reader, source.level, request.place, polygon, MOST_PLACES + 1)
    if len(rows) > MOST_PLACES:
        raise InvalidQuery(f"more than {MOST_PLACES} places of level {source.level}", field="level")
    return rows


async def read_candidates(
    reader: Reader, source: WeightedPoints | PlacePoints | None, request: CoverageRequest
) -> list[Candidate] | None:
    """The candidate sites of a siting request; None leaves them to a grid over the area."""
    if source is None:
        return None
    if isinstance(source, WeightedPoints):
        return [
            Candidate(*f.geometry.coordinates, f.id or f"candidate-{number}", f.properties.name)
            for number, f in enumerate(source.features, start=1)
        ]
    rows = await _read_places(reader, source, request, await read_area(reader, request))
    return [
        Candidate(row["lon"], row["lat"], row["code"], Name(row["name_zh"], row["name_en"]))
        for row in rows
        if row["lon"] is not None
    ]
