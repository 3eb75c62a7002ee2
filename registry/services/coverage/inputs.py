"""Read what a coverage request needs: the area, the watchers, the demand and the candidate sites."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal, NamedTuple, Protocol

from msgspec import structs

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.coverage.addition import AdditionContext, Scenario, watcher_of
from registry.domain.coverage.demand import DemandPoint, MissingDemand
from registry.domain.coverage.listing import CoverageListing
from registry.domain.coverage.measure import CoverageInputs
from registry.domain.coverage.scenario import Changes
from registry.domain.coverage.siting.placement import Candidate
from registry.domain.coverage.watcher import Watcher
from registry.domain.errors import InvalidQuery
from registry.domain.geometry import wkb
from registry.domain.records.clock import past_instant
from registry.domain.records.resource import Kind
from registry.domain.terrain.watched import demand_height
from registry.domain.values import Name
from registry.services.clock import now
from registry.services.completeness import completeness_of
from registry.services.coverage.requests import CoverageRequest, MembersRequest, PlacePoints, WeightedPoints
from registry.services.terrain.see_over_terrain import see_over_terrain, unseen
from registry.store.coverage import areas, members, watchers
from registry.store.coverage.areas import DividedArea
from registry.store.database.pool import Reader, Row

MOST_WATCHERS = 50_000
MOST_PLACES = 20_000
KINDS_WITH_RADIUS: tuple[Kind, ...] = ("fire_watch_point",)


class Demand(NamedTuple):
    """The demand of a request, what of it has no point or weight, and in words where it comes from."""

    points: list[DemandPoint] | None
    missing: list[MissingDemand]
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
        inputs = await read_ground(
            snapshot,
            request_sight(request, sight),
            area,
            request.conditions(_instant(request, sight)),
            request.radius_m,
            also=request.scenario.named() if request.scenario else set(),
        )
        scenario = None
        if request.scenario is not None:
            scenario = await read_changes(snapshot, sight, request, request.scenario)
        over = await _read_sight(snapshot, request, sight, inputs, scenario)
    return structs.replace(
        over,
        min_depth=request.min_depth,
        demand=demand.points,
        missing=demand.missing,
        demand_basis=demand.basis,
    )


async def _read_sight(
    reader: Reader, request: CoverageRequest, sight: Sight, inputs: CoverageInputs, scenario: Changes | None
) -> CoverageInputs:
    """The inputs with their scenario, by line of sight where the request asks for it."""
    height_m = demand_height(request.sight, request.smoke_height_m)
    if height_m is None:
        return structs.replace(inputs, scenario=scenario)
    seeing = await see_over_terrain(reader, request_sight(request, sight), inputs.watchers, height_m)
    return structs.replace(inputs, watchers=seeing.watchers, sight=seeing.asked, scenario=scenario)


async def read_ground(
    reader: Reader,
    sight: Sight,
    area: DividedArea,
    conditions: Filter,
    radius_m: float | None,
    also: Iterable[str] = (),
) -> CoverageInputs:
    """What the coverage of an area is measured from, by every question and every check of a plan.

    `also` are resources wanted wherever they are. InvalidQuery when too many may reach the area, or when one
    of those does not exist.
    """
    near = await watchers.find(
        reader, sight, conditions, area_wkb=area.wkb, radius_m=radius_m, limit=MOST_WATCHERS + 1
    )
    if len(near) > MOST_WATCHERS:
        detail = f"more than {MOST_WATCHERS} resources may reach the area; ask for less"
        raise InvalidQuery(detail, field="area")
    near += await _read_elsewhere(reader, sight, set(also) - {w.id for w in near}, radius_m)
    territory = conditions.place or area.territory
    listing = CoverageListing(
        completeness=await completeness_of(reader, sight, structs.replace(conditions, place=territory)),
        excluded=await watchers.excluded(reader, sight, conditions, area_wkb=area.wkb, radius_m=radius_m),
        radius_m=radius_m,
        without_extent=area.without_extent,
        unmeasured=area.unmeasured,
    )
    return CoverageInputs(whole=area.whole, parts=area.parts, watchers=near, listing=listing)


async def _read_elsewhere(
    reader: Reader, sight: Sight, ids: set[str], radius_m: float | None
) -> list[Watcher]:
    """Resources that do not reach the area and that a scenario names; InvalidQuery for unknown ones."""
    if not ids:
        return []
    elsewhere = await watchers.named_watchers(reader, sight, ids, radius_m=radius_m)
    if missing := sorted(ids - {w.id for w in elsewhere}):
        raise InvalidQuery(f"no resource {missing[0]} to move or remove", field="scenario")
    return elsewhere


async def read_changes(reader: Reader, sight: Sight, request: CoverageRequest, scenario: Scenario) -> Changes:
    """A scenario with its additions as watchers; InvalidQuery for one that would not count."""
    places = {code for addition in scenario.add for code in addition.possible_places}
    at = _instant(request, sight)
    context = AdditionContext(
        wanted=request.conditions(at),
        radius_m=request.radius_m,
        sight=request_sight(request, sight),
        at=at,
        bounds=await watchers.place_bounds(reader, places),
    )
    added = [watcher_of(addition, number, context) for number, addition in enumerate(scenario.add, start=1)]
    if request.sight == "terrain":
        added = [unseen(watcher) for watcher in added]
    return Changes(add=added, move=scenario.move, remove=scenario.remove)


def _instant(request: CoverageRequest | MembersRequest, sight: Sight) -> datetime:
    return request_sight(request, sight).as_of or datetime.now(UTC)


class StatesRealm(Protocol):
    """A request that may say in which exercise, and at which instant, it asks."""

    @property
    def exercise(self) -> str | None:
        """The exercise."""

    @property
    def as_of(self) -> datetime | None:
        """The instant."""


def request_sight(request: StatesRealm, sight: Sight) -> Sight:
    """The caller's sight in the exercise and at the instant that the request names, if it names them."""
    return structs.replace(
        sight,
        exercise=request.exercise or sight.exercise,
        as_of=past_instant(request.as_of, now()) or sight.as_of,
    )


def check_radius(request: CoverageRequest) -> None:
    """InvalidQuery for a stated radius without a reason, or a kind without a radius of its own."""
    kind = request.kind or (request.filter and request.filter.kind)
    if request.sight == "terrain" and (request.radius_m is not None or kind not in KINDS_WITH_RADIUS):
        detail = "sight=terrain is for watch points, within their own radius: leave radius_m out"
        zh = "sight=terrain 只用于瞭望点及其自身半径，不得另给 radius_m"
        raise InvalidQuery(detail, field="sight" if request.radius_m is None else "radius_m", zh=zh)
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


async def _read_demand(reader: Reader, request: CoverageRequest, area: DividedArea) -> Demand:
    source = request.demand
    if source is None:
        return Demand(None, [], None)
    if isinstance(source, WeightedPoints):
        points = [
            DemandPoint(*f.geometry.coordinates, f.properties.weight, f.id, f.properties.name)
            for f in source.features
        ]
        return Demand(points, [], f"{len(points)} points given with the question")
    rows = await _read_places(reader, source, request, area)
    points, missing = [], []
    for row in rows:
        weight, name = _weight(row, source), Name(row["name_zh"], row["name_en"])
        if row["lon"] is None or weight is None:
            lacks: Literal["point", "weight"] = "weight" if weight is None else "point"
            missing.append(MissingDemand(row["code"], name, lacks, weight))
        else:
            points.append(DemandPoint(row["lon"], row["lat"], weight, row["code"], name))
    weighted = "weight one each" if source.weight == "one" else "weighted by population"
    lacking = f"; the point or weight of {len(missing)} is not known" if missing else ""
    return Demand(points, missing, f"{len(rows)} places of level {source.level}, {weighted}{lacking}")


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
