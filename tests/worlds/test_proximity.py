"""Answers about nearness against complete worlds: each contains what is true in every world.

Two hundred and more small registries share a database; each is an exercise. The oracle is PROJ's geodesic.
"""

import random

from registry.domain.conditions import Conditions
from registry.domain.proximity.supplies import Need
from registry.services.proximity.answer import question_of
from registry.services.proximity.covering import covering
from registry.services.proximity.nearest import nearest
from registry.services.proximity.supplies import supplies
from registry.services.proximity.within import within
from tests.worlds import complete
from tests.worlds.asked import (
    CASES,
    SEED,
    SLACK_M,
    WORLDS,
    features,
    in_service,
    named,
    origin_of,
    seen,
    sight_of,
    true_spot,
)


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
    assert found > 4_000


async def test_every_watch_point_that_covers_in_a_world_is_named(stored) -> None:
    reader, drawn = stored
    rng, found = random.Random(f"{SEED} covering"), 0
    for registry in drawn:
        sight, origin = sight_of(rng, registry), origin_of(rng)
        question = question_of(Conditions(kind="fire_watch_point"), sight, 365)
        answer = (await covering(reader, sight, question, origin)).answer
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
