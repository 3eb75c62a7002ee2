"""What the tests of many worlds share: who asks, from where, and what is true of a thing in a world."""

import random
from collections.abc import Callable
from typing import Any

import msgspec

from registry.domain.access.sight import Sight
from registry.domain.completeness import SetAnswer
from registry.domain.conditions import Conditions
from registry.domain.proximity.origin import Origin
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
