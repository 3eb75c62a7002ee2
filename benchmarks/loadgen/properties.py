"""What a generated record of each kind says beside its name and place."""

import random
from typing import Any

from registry.domain.records.resource import (
    FireWatchPoint,
    Force,
    Item,
    Kind,
    Properties,
    RescueTeam,
    Shelter,
    StockLine,
    SupplyDepot,
)
from registry.domain.values import Coded, Name

FORCES: dict[str, Force] = {"district": "professional", "town": "standing", "community": "mass"}
SPECIALTIES = (
    "mine",
    "hazmat",
    "water",
    "bridge_tunnel",
    "pipeline",
    "geohazard",
    "flood_drought",
    "fire",
    "medical",
)
HAZARDS = ("earthquake", "flood", "geohazard", "forest_fire", "heat")
AMENITIES = ("drinking_water", "toilets", "power", "first_aid", "beds")


def properties_of(kind: Kind, rng: random.Random, **shared: Any) -> Properties:
    """Plausible properties of a record of this kind."""
    return _MAKERS[kind](rng, shared)


def _team(rng: random.Random, shared: dict[str, Any]) -> Properties:
    level: Any = rng.choice(["district", "town", "town", "community", "community"])
    return RescueTeam(
        **shared,
        force=FORCES[level],
        level=level,
        specialties=[Coded(code) for code in rng.sample(SPECIALTIES, rng.randint(1, 3))],
        personnel=rng.randint(5, 60),
        vehicles=[Item(Name("救援车", "Rescue vehicle"), count=rng.randint(1, 5))],
        readiness=rng.choice(["available", "available", "available", "committed", "off_duty", "unknown"]),
    )


def _shelter(rng: random.Random, shared: dict[str, Any]) -> Properties:
    capacity = rng.choice([None, rng.randrange(50, 5000, 50)])
    return Shelter(
        **shared,
        level=rng.choice(["district", "town", "community"]),
        duration=rng.choice(["emergency", "short", "long"]),
        space=rng.choice(["indoor", "outdoor"]),
        hazards=[Coded(code) for code in rng.sample(HAZARDS, 2)],
        capacity_persons=capacity,
        occupancy_persons=capacity and rng.randrange(capacity),
        area_m2=capacity and capacity * 2.0,
        amenities=[Coded(code) for code in rng.sample(AMENITIES, 2)],
        opening=rng.choice(["open", "open", "closed", "full", "unknown"]),
    )


def _watch_point(rng: random.Random, shared: dict[str, Any]) -> Properties:
    form: Any = rng.choice(["infrared_camera", "watchtower", "sentry_post", "checkpoint"])
    return FireWatchPoint(
        **shared,
        form=form,
        watch_radius_m=None if form == "checkpoint" else float(rng.randrange(1000, 8000, 500)),
        eye_height_m=rng.choice([None, 8.0, 15.0, 30.0]),
        operational=rng.choice(["yes", "yes", "degraded", "no", "unknown"]),
    )


def _depot(rng: random.Random, shared: dict[str, Any]) -> Properties:
    tier: Any = rng.choice(["district", "town", "town", "community", "community"])
    return SupplyDepot(
        **shared,
        tier=tier,
        ownership=rng.choice(["government", "government", "commercial", "social"]),
        serves_persons=rng.choice([None, rng.randrange(50, 4000, 50)]),
        stock=[
            StockLine("1010101", Name("棉被", "Quilts"), quantity=float(rng.randrange(1000)), unit="床"),
            StockLine(
                "1020101", Name("饮用水", "Drinking water"), quantity=float(rng.randrange(5000)), unit="箱"
            ),
        ],
    )


_MAKERS = {
    "rescue_team": _team,
    "shelter": _shelter,
    "fire_watch_point": _watch_point,
    "supply_depot": _depot,
}
