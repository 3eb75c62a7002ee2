"""Coverage over possible worlds: the true answer of every complete world lies in the interval.

`WORLDS_REGISTRIES=2000` is the full run, of ten minutes; the ordinary one draws few registries.
"""

import os
import random

import numpy as np
import shapely

from registry.domain.access.sight import Sight
from registry.domain.coverage import analyses
from registry.domain.coverage.geometry.footprint import circles
from registry.domain.coverage.measure import study_area_of
from registry.domain.coverage.tasks import CriticalityTask, DepthTask, DistanceTask, GapsTask
from registry.domain.geojson import Point
from registry.services.coverage.inputs import read_inputs
from registry.services.coverage.members import count_members
from registry.services.coverage.requests import (
    CoverageRequest,
    MembersRequest,
    PointProperties,
    WeightedPoint,
    WeightedPoints,
)
from tests.worlds import complete, registries

REGISTRIES = int(os.environ.get("WORLDS_REGISTRIES", "40"))
WORLDS = 50
KIND = "rescue_team"
RADIUS_M = 4_000.0
SPOTS = [(106.60, 29.00), (106.70, 29.05), (106.65, 29.10)]
ERROR = 1e-4
"""Share of the area by which drawings with few corners may differ."""


def sight_of(registry):
    return Sight(clearance="restricted", exercise=registry.exercise)


def counted(registry, things):
    """What counts in the question: teams in service, and unlisted ones within the district."""
    ground = shapely.Polygon(registry.places[0].ring)
    return [
        thing
        for thing in things
        if thing.kind == KIND
        and (
            ground.covers(shapely.Point(thing.at))
            if thing.record is None
            else thing.values["lifecycle"] == "in_service"
        )
    ]


def holds(bounds, value, slack):
    return bounds.lower - slack <= value <= bounds.upper + slack


async def test_every_world_lies_in_the_answers(writer) -> None:
    rng = random.Random(5)
    drawn = [registries.draw(rng, number, kinds=(KIND,)) for number in range(REGISTRIES)]
    await registries.store(writer, drawn)
    tried = 0
    for registry in drawn:
        if registry.places[0].ring is None:
            continue
        demand = WeightedPoints([WeightedPoint(Point(at), PointProperties(weight=1.0)) for at in SPOTS])
        request = CoverageRequest(
            kind=KIND, place=registry.district, radius_m=RADIUS_M, reason="a test", demand=demand
        )
        inputs = await read_inputs(writer, sight_of(registry), request)
        answers = (
            analyses.run_task(GapsTask(inputs=inputs, sliver_m2=0.0)),
            analyses.run_task(DepthTask(inputs=inputs, levels=2, draw=False)),
            analyses.run_task(CriticalityTask(inputs=inputs)),
        )
        far = CoverageRequest(
            kind=KIND, place=registry.district, radius_m=200_000.0, reason="a test", demand=demand
        )
        distance = analyses.run_task(DistanceTask(inputs=await read_inputs(writer, sight_of(registry), far)))
        area = study_area_of(inputs)
        for _ in range(WORLDS):
            things = counted(registry, complete.draw(rng, registry, (KIND,)))
            agrees(area, things, *answers)
            agrees_on_distance(things, distance)
            tried += 1
    assert tried >= WORLDS * REGISTRIES / 2


def agrees(area, things, gaps, depth, criticality) -> None:
    at = np.array([thing.at for thing in things], dtype=float).reshape(-1, 2)
    discs = circles(area.plane, at, np.full(len(at), RADIUS_M))
    covered = shapely.intersection(area.whole, shapely.union_all(discs))
    total = float(area.area_m2.sum())
    slack = ERROR * total
    assert holds(gaps.covered_m2, covered.area, slack), (gaps.covered_m2, covered.area)
    assert holds(gaps.ratio, covered.area / total, ERROR)
    for gap in gaps.certain_gaps.gaps:
        ground = shapely.transform(shapely.from_geojson(bytes(gap.geometry)), area.plane.forward)
        assert shapely.intersection(ground, covered).area <= slack
    assert holds(depth.levels[0].area_m2, covered.area, slack)
    twice = shapely.union_all(
        [shapely.intersection(a, b) for i, a in enumerate(discs) for b in discs[i + 1 :]]
    )
    assert holds(depth.levels[1].area_m2, shapely.intersection(area.whole, twice).area, slack)
    sole = {one.id: one.sole_m2 for one in criticality.resources}
    for thing, disc, number in zip(things, discs, range(len(discs)), strict=True):
        others = shapely.union_all(np.delete(discs, number))
        alone = shapely.intersection(area.whole, shapely.difference(disc, others)).area
        assert thing.id is None or thing.id not in sole or holds(sole[thing.id], alone, slack)
    for point, spot in enumerate(SPOTS):
        reached = bool(things) and min(complete.distances_m(things, spot)) <= RADIUS_M
        never = gaps.demand.points_covered.upper == 0
        assert not (reached and never), point


def agrees_on_distance(things, answer) -> None:
    for found in answer.farthest:
        spot = (found.point.lon, found.point.lat)
        near = min(complete.distances_m(things, spot), default=None)
        lower, upper = found.distance_m.lower, found.distance_m.upper
        assert lower is None or near is None or near >= lower - 1.0
        assert upper is None or (near is not None and near <= upper + 1.0)


async def test_every_world_lies_in_the_members(writer) -> None:
    rng = random.Random(6)
    drawn = [registries.draw(rng, number, kinds=(KIND,)) for number in range(REGISTRIES)]
    await registries.store(writer, drawn)
    for registry in drawn:
        request = MembersRequest(place=registry.district, level="town", kind=KIND)
        answer = await count_members(writer, sight_of(registry), request)
        towns = [place.code for place in registry.places[1:]]
        without = {unit.code for unit in answer.without}
        for _ in range(WORLDS):
            held = {town for town in _held(rng, registry, towns) if town is not None}
            assert held.isdisjoint(without)
            assert holds(answer.covered, len(held), 0.0)
        if len(registry.complete) == 1 and registry.complete[0][1] in (None, registry.district):
            reached = {len(held) for held in _every_set(registry, towns)}
            assert (answer.covered.lower, answer.covered.upper) == (min(reached), max(reached)), "no wider"


def _every_set(registry, towns):
    """The sets of towns that hold a listed team in some world: all of them, without drawing."""
    sets = {frozenset()}
    for record in registry.of(KIND):
        if record.properties.lifecycle == "in_service":
            sets = {held | ({town} - {None}) for held in sets for town in _towns_of(record, towns)}
    return sets


def _towns_of(record, towns):
    """Where a record may be; None is beside the towns, as a district may have ground of its own."""
    properties = record.properties
    if properties.location.candidate_places:
        return properties.location.candidate_places
    return [properties.place] if properties.place in towns else [*towns, None]


def _held(rng, registry, towns):
    """The town of each team in service in one world, and of those that are not listed."""
    for record in registry.of(KIND):
        if record.properties.lifecycle == "in_service":
            yield rng.choice(_towns_of(record, towns))
    if (KIND, registry.district) in registry.complete:
        return  # the towns lie in it, also where its own outline is not known
    for thing in complete.draw(rng, registry, (KIND,)):
        if thing.record is None:
            yield next(
                (
                    town
                    for town in towns
                    if (ring := next(p.ring for p in registry.places if p.code == town)) is not None
                    and shapely.Polygon(ring).covers(shapely.Point(thing.at))
                ),
                None,
            )
