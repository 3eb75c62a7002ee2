"""Answers to several questions at once against complete worlds: batches, situations and alerts."""

import random
from typing import Any

from registry.domain.proximity.cap import CapAlert, CapArea, CapInfo
from registry.services.proximity.alert_area import alert_area
from registry.services.proximity.answer import question_of
from registry.services.proximity.assign import assign
from registry.services.proximity.situation import Alarm, situation
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
    room,
    seen,
    sight_of,
    true_spot,
)
from tests.worlds.complete import Thing
from tests.worlds.registries import CENTRE, near

EVERY = 3
"""Of how many registries one is asked: an answer here is many statements."""
CIRCLE_KM = (2.0, 8.0, 14.0)


def nearest_of(things: list[Thing], metres: list[float], max_m: float | None) -> list[tuple[float, Thing]]:
    """The things up to the bound, nearest first; those on its very edge are left out."""
    pairs = sorted(zip(metres, things, strict=True), key=lambda pair: pair[0])
    return [(away_m, thing) for away_m, thing in pairs if max_m is None or away_m <= max_m - SLACK_M]


def spans_of(hits: dict[str, dict[str, Any]], undecided: Any) -> dict[str | None, tuple[Any, Any]]:
    """The least and the greatest distance of every named record."""
    of_hits = {one: (hit["distance_min_m"], hit["distance_max_m"]) for one, hit in hits.items()}
    return of_hits | {one.id: (one.distance_min_m, one.distance_max_m) for one in undecided.resources}


async def test_the_nearest_to_each_spot_of_a_batch_are_named(stored) -> None:
    reader, drawn = stored[0], stored[1][::EVERY]
    rng, found = random.Random(f"{SEED} batch"), 0
    for registry in drawn:
        sight, (conditions, meets) = sight_of(rng, registry), rng.choice(CASES)
        origins, k = [origin_of(rng) for _ in range(3)], rng.choice([1, 3])
        max_m = rng.choice([None, 9_000.0])
        answer = await assign(reader, sight, conditions, origins, k=k, max_m=max_m)
        for _ in range(WORLDS):
            things = [
                thing
                for thing in complete.draw(rng, registry, [])
                if seen(sight, thing) and in_service(thing) and meets(thing)
            ]
            for origin, assigned in zip(origins, answer.answers, strict=True):
                hits = {hit["id"]: hit for hit in assigned.hits}
                metres = complete.distances_m(things, true_spot(rng, origin))
                for away_m, thing in nearest_of(things, metres, max_m)[:k]:
                    known = thing.id in hits.keys() | set(assigned.undecided)
                    assert known or assigned.more_undecided, (registry.exercise, conditions, k)
                    if thing.id in hits:
                        assert hits[thing.id]["distance_min_m"] <= away_m + SLACK_M
                        assert away_m <= hits[thing.id]["distance_max_m"] + SLACK_M
                    found += 1
                certain = {hit["id"] for hit in assigned.hits if hit["certain"]}
                assert certain <= {thing.id for thing in things}, (registry.exercise, conditions)
    assert found > 15 * len(drawn)


HELP = {
    "shelters": lambda thing: (
        thing.kind == "shelter"
        and thing.values["opening"] == "open"
        and room(thing) >= 40
        and "flood" in thing.values["hazards"]
    ),
    "district": lambda thing: thing.kind == "supply_depot" and thing.values["tier"] == "district",
    "town": lambda thing: thing.kind == "supply_depot" and thing.values["tier"] == "town",
}


async def test_the_help_around_an_alarm_is_named_in_every_world(stored) -> None:
    reader, drawn = stored[0], stored[1][::EVERY]
    rng, found, helped = random.Random(f"{SEED} situation"), 0, 0
    for registry in drawn:
        sight, origin = sight_of(rng, registry), origin_of(rng)
        max_m = rng.choice([None, 12_000.0])
        alarm = Alarm(origin=origin, hazard="flood", k=2, persons=40, max_m=max_m)
        answer = await situation(reader, sight, alarm, 365)
        told = {"shelters": answer.shelters, **answer.depots}
        watching = features(answer.covering).keys() | named(answer.covering)
        teams = features(answer.teams).keys() | named(answer.teams)
        for _ in range(WORLDS):
            things = [
                thing
                for thing in complete.draw(rng, registry, [])
                if seen(sight, thing) and in_service(thing)
            ]
            metres = dict(
                zip(map(id, things), complete.distances_m(things, true_spot(rng, origin)), strict=True)
            )
            for kind, meets in HELP.items():
                known = spans_of(features(told[kind]), told[kind].undecided)
                fitting = [thing for thing in things if meets(thing)]
                for away_m, thing in nearest_of(fitting, [metres[id(t)] for t in fitting], max_m)[:2]:
                    assert thing.id in known or told[kind].undecided.more, (registry.exercise, kind)
                    least, most = known[thing.id]
                    assert least is None or least <= away_m + SLACK_M
                    assert most is None or away_m <= most + SLACK_M
                    found += 1
            for thing in things:
                radius_m = thing.values.get("watch_radius_m")
                if radius_m is not None and thing.record.properties.operational != "no":
                    assert metres[id(thing)] > radius_m - SLACK_M or thing.id in watching
                if thing.kind == "rescue_team" and (max_m is None or metres[id(thing)] <= max_m - SLACK_M):
                    specialties = thing.values["specialties"] & {"water", "comprehensive"}
                    assert not specialties or teams, (registry.exercise, "a team that fits is known")
                    helped += bool(specialties)
    assert found > 4 * len(drawn)
    assert helped > 2 * len(drawn)


async def test_what_lies_in_an_alert_in_a_world_is_named(stored) -> None:
    reader, drawn = stored[0], stored[1][::EVERY]
    rng, inside = random.Random(f"{SEED} alert"), 0
    for registry in drawn:
        sight, (conditions, meets) = sight_of(rng, registry), rng.choice(CASES)
        spots = [near(rng, CENTRE, 9_000) for _ in range(2)]
        radii_km = [rng.choice(CIRCLE_KM) for _ in spots]
        texts = [f"{lat},{lon} {km}" for (lon, lat), km in zip(spots, radii_km, strict=True)]
        alert = CapAlert(info=[CapInfo(area=[CapArea(circle=texts)])])
        answer = await alert_area(reader, sight, question_of(conditions, sight, 365), alert)
        hits, doubtful = features(answer), named(answer)
        certain = {identity for identity, hit in hits.items() if hit["certain"]}
        for _ in range(WORLDS):
            things = complete.draw(rng, registry, [])
            true, edge = set(), set()
            for spot, km in zip(spots, radii_km, strict=True):
                for thing, away_m in zip(things, complete.distances_m(things, spot), strict=True):
                    if abs(away_m - km * 1000) < SLACK_M:
                        edge.add(thing.id)
                    if away_m <= km * 1000 and seen(sight, thing) and in_service(thing) and meets(thing):
                        true.add(thing.id)
            assert true - edge <= hits.keys() | doubtful or answer.undecided.more, registry.exercise
            assert certain - edge <= true, registry.exercise
            inside += len(true)
    assert inside > 8 * len(drawn)
