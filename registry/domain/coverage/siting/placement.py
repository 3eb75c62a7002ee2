"""Choose sites in a real area: demand, candidates, forbidden zones, coverage before and after."""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import shapely
from msgspec import Meta, Struct, structs

from registry.domain.completeness import SetAnswer, of_set
from registry.domain.coverage import demand
from registry.domain.coverage.coverage import Estimate
from registry.domain.coverage.demand import DemandPoint
from registry.domain.coverage.geometry.interval_cover import CoverShapes, cover_interval
from registry.domain.coverage.geometry.plane import Floats, Plane, to_plane
from registry.domain.coverage.geometry.study_area import StudyArea
from registry.domain.coverage.measure import (
    CoverageAnswer,
    CoverageInputs,
    answer_from,
    assess_watchers,
    relevant_watchers,
    study_area_of,
    watchers_of,
)
from registry.domain.coverage.siting.demand_folding import SitingModel, SitingProblem
from registry.domain.coverage.siting.solver import SitingSolution, SolverStatus, solve
from registry.domain.coverage.watcher import Watcher
from registry.domain.errors import InvalidQuery
from registry.domain.terrain.watched import Unseen
from registry.domain.values import Name

GRID_DEMAND = 3_000
MOST_CANDIDATES = 5_000
MOST_UNREACHABLE = 100
NAMED = 5
NONE = np.empty(0, dtype=np.intp)


class Candidate(Struct, frozen=True):
    """A point where a new resource may stand."""

    lon: float
    lat: float
    id: str | None = None
    name: Name | None = None


class Siting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to choose.

    At most `sites` new ones (mclp), or the fewest that reach `target` of the demand (lscp).
    """

    model: SitingModel = "mclp"
    sites: Annotated[int, Meta(ge=1, le=500)] = 1
    """How many sites to choose."""
    target: Annotated[float, Meta(gt=0, le=1)] = 1.0
    """Share of the demand to reach."""
    backup: bool = False
    radius_m: Annotated[float, Meta(gt=0, le=500_000)]
    grid_m: Annotated[float, Meta(ge=50, le=100_000)] | None = None
    time_limit_s: Annotated[float, Meta(ge=1, le=300)] = 20.0


class ChosenSite(Struct, frozen=True, tag_field="type", tag="Feature", kw_only=True):
    """A chosen site as a GeoJSON Feature."""

    id: str
    geometry: dict[str, Any]
    properties: dict[str, Any]


class ChosenSites(Struct, frozen=True, tag_field="type", tag="FeatureCollection"):
    """The chosen sites, the one that adds most first."""

    features: list[ChosenSite]


class SitingPlan(SetAnswer, frozen=True, kw_only=True):
    """The chosen sites, how good the choice is proven to be, and what it changes.

    The choice is made on what is recorded; `covered_weight` is what it covers at least, as recorded, and at
    most. `objective`, `bound` and `gap` are None where there is no choice. `unreachable` is the demand that
    neither existing resources nor all candidates together reach, the heaviest first.
    """

    model: SitingModel
    status: SolverStatus
    """Whether the plan is proven best, possible, impossible or not found in time."""
    objective: float | None
    bound: float | None
    """A bound on what any choice can reach."""
    gap: float | None
    seconds: float
    demand_basis: str
    demand_weight: float
    covered_weight: Estimate | None
    reachable_weight: float
    unreachable_weight: float
    unreachable_count: int
    unreachable: list[DemandPoint]
    candidates: int
    """How many candidates there were."""
    sites: ChosenSites
    before: CoverageAnswer
    after: CoverageAnswer


def choose_sites(
    inputs: CoverageInputs, how: Siting, candidates: Sequence[Candidate] | None, forbidden: Sequence[bytes]
) -> SitingPlan:
    """Choose among the candidates (by default a grid over the area) outside the forbidden zones.

    InvalidQuery for demand whose points or weights are not known: no choice would be the best one.
    """
    area = study_area_of(inputs)
    _check_demand(inputs)
    existing = relevant_watchers(area, watchers_of(inputs))
    points, basis = _demand(area, inputs)
    possible = _grid_candidates(area, how) if candidates is None else candidates
    spots = _allowed(area.plane, possible, forbidden)
    if not spots:
        raise InvalidQuery("no candidate site is left outside the forbidden zones", field="candidates")
    problem = _problem(area, existing, points, spots, how)
    solution = solve(problem, how.time_limit_s)
    order = _by_gain(problem, solution)
    features = [_site(spots[at], gain, how.radius_m) for at, gain in order]
    with_demand = structs.replace(inputs, demand=points, demand_basis=basis, scenario=None)
    unseen: Unseen | None = None if inputs.sight is None else "drawing"
    added = [_watcher(spots[at], how.radius_m, unseen) for at, _ in order]
    before, after = (
        answer_from(with_demand, assess_watchers(with_demand, area, watchers))
        for watchers in (existing, [*existing, *added])
    )
    out_of_reach = np.flatnonzero(~problem.settled & ~problem.reachable)
    heaviest = out_of_reach[np.argsort(-problem.weight[out_of_reach], kind="stable")][:MOST_UNREACHABLE]
    return SitingPlan(
        **of_set(after),
        model=how.model,
        status=solution.status,
        objective=solution.objective,
        bound=solution.bound,
        gap=solution.gap,
        seconds=solution.seconds,
        demand_basis=basis,
        demand_weight=float(problem.weight.sum()),
        covered_weight=None if after.demand is None else after.demand.covered,
        reachable_weight=solution.reachable_weight,
        unreachable_weight=float(problem.weight[out_of_reach].sum()),
        unreachable_count=len(out_of_reach),
        unreachable=[points[at] for at in heaviest],
        candidates=len(spots),
        sites=ChosenSites(features),
        before=before,
        after=after,
    )


def _check_demand(inputs: CoverageInputs) -> None:
    if inputs.missing:
        named = ", ".join(f"{one.name or one.id} ({one.lacks})" for one in inputs.missing[:NAMED])
        more = len(inputs.missing) - NAMED
        detail = f"demand of which the point or the weight is not known: {named}"
        raise InvalidQuery(detail + (f" and {more} more" if more > 0 else ""), field="demand")
    if inputs.demand is not None and not sum(point.weight for point in inputs.demand) > 0.0:
        raise InvalidQuery("no demand has a weight, so that no site is better than another", field="demand")


def _demand(area: StudyArea, inputs: CoverageInputs) -> tuple[list[DemandPoint], str]:
    if inputs.demand is not None:
        return inputs.demand, inputs.demand_basis or "given points"
    side = float(np.sqrt(area.area_m2.sum() / GRID_DEMAND))
    spots, weight = _grid(area, side)
    points = [DemandPoint(x, y, w) for (x, y), w in zip(spots.tolist(), weight.tolist(), strict=True)]
    return points, f"the area as {len(points)} points of a {side:.0f} m grid, weighted by ground in m²"


def _grid(area: StudyArea, side: float) -> tuple[Floats, Floats]:
    """Lon/lat of the middle of every grid square's share of the area, and the area of that share."""
    west, south, east, north = area.bounds
    x, y = (a.ravel() for a in np.meshgrid(np.arange(west, east, side), np.arange(south, north, side)))
    shapely.prepare(area.whole)
    boxes = shapely.box(x, y, x + side, y + side)
    shares = shapely.intersection(boxes[shapely.intersects(area.whole, boxes)], area.whole)
    shares = shares[shapely.area(shares) > 0.0]
    inside = shapely.get_coordinates(shapely.point_on_surface(shares))
    whole = shapely.area(shares) > 0.999 * side**2
    inside[whole] = shapely.get_coordinates(shapely.centroid(shares[whole]))
    return area.plane.inverse(inside), np.asarray(shapely.area(shares))


def _grid_candidates(area: StudyArea, how: Siting) -> list[Candidate]:
    spots, _ = _grid(area, how.grid_m or how.radius_m / 2)
    if len(spots) > MOST_CANDIDATES:
        raise InvalidQuery(f"the grid has more than {MOST_CANDIDATES} candidates", field="siting.grid_m")
    return [Candidate(x, y, f"grid-{at}") for at, (x, y) in enumerate(spots.tolist(), start=1)]


def _allowed(plane: Plane, candidates: Sequence[Candidate], forbidden: Sequence[bytes]) -> list[Candidate]:
    spots = np.array([(c.lon, c.lat) for c in candidates], dtype=float).reshape(-1, 2)
    ok = np.ones(len(candidates), dtype=bool)
    if len(candidates) and forbidden:
        zone = shapely.union_all([to_plane(plane, shapely.from_wkb(f)) for f in forbidden])
        shapely.prepare(zone)
        ok = ~shapely.intersects_xy(zone, *plane.forward(spots).T)
    return [c for c, allowed in zip(candidates, ok, strict=True) if allowed]


def _problem(
    area: StudyArea, existing: list[Watcher], points: list[DemandPoint], spots: list[Candidate], how: Siting
) -> SitingProblem:
    lonlat = demand.positions(points)
    tested = [w for w in existing if w.testable]
    covered = demand.reach_pairs(area.plane, cover_interval(area.plane, tested).nominal, lonlat).counts
    places = np.array([(s.lon, s.lat) for s in spots], dtype=float).reshape(-1, 2)
    reach = np.full(len(spots), how.radius_m)
    ring = CoverShapes(np.arange(len(spots)), places, reach, NONE, np.empty(0, dtype=object), np.empty(0))
    pairs = demand.reach_pairs(area.plane, ring, lonlat)
    return SitingProblem(
        model=how.model,
        weight=demand.weights(points),
        covered=covered,
        site=pairs.watcher,
        point=pairs.point,
        sites=len(spots),
        need=2 if how.backup else 1,
        most=how.sites,
        target=how.target,
    )


def _by_gain(problem: SitingProblem, solution: SitingSolution) -> list[tuple[int, float]]:
    """The chosen sites, each with the weight that it adds to those before it."""
    left, taken, order = [int(c) for c in solution.chosen], NONE, []
    base = problem.covered_weight(taken)
    while left:
        gains = [problem.covered_weight(np.append(taken, site)) - base for site in left]
        best = int(np.argmax(gains))
        order.append((left[best], float(gains[best])))
        base += gains[best]
        taken = np.append(taken, left.pop(best))
    return order


def _site(spot: Candidate, gain: float, radius_m: float) -> ChosenSite:
    point = {"type": "Point", "coordinates": [round(spot.lon, 7), round(spot.lat, 7)]}
    properties = {"name": spot.name, "radius_m": radius_m, "adds_weight": gain}
    return ChosenSite(id=spot.id or "", geometry=point, properties=properties)


def _watcher(spot: Candidate, radius_m: float, unseen: Unseen | None) -> Watcher:
    at = (spot.lon, spot.lat)
    return Watcher(id=spot.id or "", name=spot.name, radius_m=radius_m, position=at, unseen=unseen)
