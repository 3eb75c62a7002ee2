"""Answers about nearness against complete worlds: each contains what is true in every world.

Two hundred and more small registries share a database; each is an exercise. The oracle is PROJ's geodesic.
"""

import random
from collections.abc import Callable
from typing import Any

import msgspec

from registry.domain.access.sight import Sight
from registry.domain.completeness import SetAnswer
from registry.domain.conditions import Conditions
from registry.domain.proximity.origin import Origin
from registry.domain.proximity.supplies import Need
from registry.services.proximity.answer import question_of
from registry.services.proximity.covering import covering
from registry.services.proximity.nearest import nearest
from registry.services.proximity.supplies import supplies
from registry.services.proximity.within import within
from tests.worlds import complete
from tests.worlds.complete import Thing
from tests.worlds.registries import CENTRE, Registry, near

SEED = 20261130
WORLDS = 50
SLACK_M = 0.02
"""Answers are in millimetres, and a position at the edge of a disc is as far as rounding makes it."""
Truth = Callable[[Thing], bool]


def sight_of(rng: random.Random, registry: Registry) -> Sight:
    return Sight(exercise=registry.exercise, clearance=rng.choice(["public", "internal", "restricted"]))


def seen(sight: Sight, thing: Thing) -> bool:
    """Whether the thing is not listed, or its record is one that this sight may see."""
    if thing.record is None:
        return True
    hidden = {"public": ("restricted",), "internal": ("restricted",), "restricted": ()}[sight.clearance]
    return thing.record.properties.visibility not in hidden


def features(answer: Any) -> dict[str, dict[str, Any]]:
    """The properties of the hits by identity."""
    decoded = [msgspec.json.decode(feature) for feature in answer.features]
    return {feature["id"]: feature["properties"] for feature in decoded}


def named(answer: SetAnswer) -> set[str]:
    return {record.id for record in answer.undecided.resources}


def in_service(thing: Thing) -> bool:
    return thing.record is None or thing.values.get("lifecycle") == "in_service"


CASES: list[tuple[Conditions, Truth]] = [
    (Conditions(), lambda thing: True),
    (Conditions(kind="shelter"), lambda thing: thing.kind == "shelter"),
    (
        Conditions(kind="shelter", opening="open", free_persons=40),
        lambda thing: thing.kind == "shelter" and thing.values["opening"] == "open" and room(thing) >= 40,
    ),
    (
        Conditions(kind="rescue_team", specialties_any=("mine", "water")),
        lambda thing: thing.kind == "rescue_team" and bool({"mine", "water"} & thing.values["specialties"]),
    ),
    (
        Conditions(kind="shelter", hazards_all=("flood", "forest_fire")),
        lambda thing: thing.kind == "shelter" and {"flood", "forest_fire"} <= thing.values["hazards"],
    ),
    (
        Conditions(kind="supply_depot", item="tent", quantity=20),
        lambda thing: thing.kind == "supply_depot" and thing.values["stock"].get("tent", 0.0) >= 20,
    ),
]


def room(thing: Thing) -> int:
    return int(thing.values["capacity_persons"] - thing.values["occupancy_persons"])


def origin_of(rng: random.Random) -> Origin:
    lon, lat = near(rng, CENTRE, 12_000)
    return Origin(lon=lon, lat=lat, radius_m=rng.choice([None, None, 800.0]))


def true_spot(rng: random.Random, origin: Origin) -> tuple[float, float]:
    assert origin.lon is not None
    assert origin.lat is not None
    return near(rng, (origin.lon, origin.lat), origin.radius_m or 0.0)


async def test_within_names_every_member_of_every_world(stored) -> None:
    reader, drawn = stored
    rng, members, undecided = random.Random(f"{SEED} within"), 0, 0
    for registry in drawn:
        sight, (conditions, meets) = sight_of(rng, registry), rng.choice(CASES)
        origin, radius_m = origin_of(rng), rng.choice([2_000.0, 8_000.0, 15_000.0])
        question = question_of(conditions, sight, 365)
        page = await within(reader, sight, question, origin, radius_m=radius_m, limit=1000)
        hits, doubtful = features(page.near), named(page.near)
        assert not page.near.undecided.more
        assert not doubtful & hits.keys()
        certain = {identity for identity, hit in hits.items() if hit["certain"]}
        undecided += len(doubtful)
        for _ in range(WORLDS):
            things = complete.draw(rng, registry, [])
            metres = complete.distances_m(things, true_spot(rng, origin))
            true = {
                thing.id
                for thing, away_m in zip(things, metres, strict=True)
                if seen(sight, thing) and in_service(thing) and meets(thing) and away_m <= radius_m
            }
            edge = {
                thing.id
                for thing, away_m in zip(things, metres, strict=True)
                if abs(away_m - radius_m) < SLACK_M
            }
            assert true - edge <= hits.keys() | doubtful, (registry.exercise, conditions, radius_m)
            assert certain - edge <= true, (registry.exercise, conditions, radius_m)
            members += len(true)
    assert members > 2_000
    assert undecided > 100


async def test_the_nearest_of_every_world_is_named_within_its_interval(stored) -> None:
    reader, drawn = stored
    rng, found = random.Random(f"{SEED} nearest"), 0
    for registry in drawn:
        sight, (conditions, meets) = sight_of(rng, registry), rng.choice(CASES)
        origin, k = origin_of(rng), rng.choice([1, 2, 5])
        max_m = rng.choice([None, 8_000.0])
        question = question_of(conditions, sight, 365)
        answer = await nearest(reader, sight, question, origin, k=k, max_m=max_m)
        hits, doubtful = features(answer), named(answer)
        spans = {identity: (hit["distance_min_m"], hit["distance_max_m"]) for identity, hit in hits.items()}
        spans |= {
            record.id: (record.distance_min_m, record.distance_max_m) for record in answer.undecided.resources
        }
        for _ in range(WORLDS):
            things = [
                thing
                for thing in complete.draw(rng, registry, [])
                if seen(sight, thing) and in_service(thing) and meets(thing)
            ]
            metres = complete.distances_m(things, true_spot(rng, origin))
            order = sorted(zip(metres, things, strict=True), key=lambda pair: pair[0])
            order = [(away_m, thing) for away_m, thing in order if max_m is None or away_m <= max_m]
            for away_m, thing in order[:k]:
                near_edge = max_m is not None and abs(away_m - max_m) < SLACK_M
                assert near_edge or thing.id in hits.keys() | doubtful, (registry.exercise, conditions, k)
                least, most = spans.get(thing.id, (None, None))
                assert least is None or least <= away_m + SLACK_M
                assert most is None or away_m <= most + SLACK_M
                found += 1
    assert found > 5_000


async def test_every_watch_point_that_covers_in_a_world_is_named(stored) -> None:
    reader, drawn = stored
    rng, found = random.Random(f"{SEED} covering"), 0
    for registry in drawn:
        sight, origin = sight_of(rng, registry), origin_of(rng)
        question = question_of(Conditions(kind="fire_watch_point"), sight, 365)
        answer = await covering(reader, sight, question, origin)
        hits, doubtful = features(answer), named(answer)
        certain = {identity for identity, hit in hits.items() if hit["certain"]}
        for _ in range(WORLDS):
            things = complete.draw(rng, registry, [])
            metres = complete.distances_m(things, true_spot(rng, origin))
            true, edge = set(), set()
            for thing, away_m in zip(things, metres, strict=True):
                if thing.kind != "fire_watch_point" or not seen(sight, thing) or not in_service(thing):
                    continue
                radius_m = thing.values["watch_radius_m"]
                if radius_m is None or thing.record.properties.operational == "no":
                    continue
                if abs(away_m - radius_m) < SLACK_M:
                    edge.add(thing.id)
                if away_m <= radius_m:
                    true.add(thing.id)
            assert true - edge <= hits.keys() | doubtful
            assert certain - edge <= true
            found += len(true)
    assert found > 150


async def test_what_is_missing_in_a_world_lies_in_the_interval(stored) -> None:
    reader, drawn = stored
    rng, short = random.Random(f"{SEED} supplies"), 0
    needs = [Need(code="tent", quantity=120, unit="个"), Need(code="blanket", quantity=30, unit="个")]
    for registry in drawn:
        sight, origin = sight_of(rng, registry), origin_of(rng)
        max_m = rng.choice([None, 9_000.0, 20_000.0])
        question = question_of(Conditions(), sight, 365)
        answer = await supplies(reader, sight, question, origin, needs, max_m)
        told = {missing.code: missing for missing in answer.shortfall}
        for _ in range(WORLDS):
            things = [
                thing
                for thing in complete.draw(rng, registry, ["supply_depot"])
                if thing.kind == "supply_depot" and seen(sight, thing) and in_service(thing)
            ]
            metres = complete.distances_m(things, true_spot(rng, origin))
            near_ones = [
                thing
                for thing, away_m in zip(things, metres, strict=True)
                if max_m is None or away_m <= max_m
            ]
            if max_m is not None and any(abs(away_m - max_m) < SLACK_M for away_m in metres):
                continue
            for need in needs:
                held = sum(thing.values["stock"].get(need.code, 0.0) for thing in near_ones)
                missing = max(0.0, need.quantity - held)
                if need.code not in told:
                    assert missing == 0.0, (registry.exercise, need)
                    continue
                interval = told[need.code].missing_min, told[need.code].missing_max
                assert interval[0] <= missing <= interval[1], (registry.exercise, need, interval)
                short += missing > 0
            if answer.satisfied != "unknown":
                is_short = any(
                    sum(t.values["stock"].get(n.code, 0.0) for t in near_ones) < n.quantity for n in needs
                )
                assert (answer.satisfied == "no") == is_short
    assert short > 500
