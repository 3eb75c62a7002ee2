"""Complete worlds: where each record of a registry is, what it has, and what exists beside the list.

A world agrees with a registry when everything that the registry records is true in it. An honest answer of
the registry contains the true answer of every such world.
"""

import random
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely

from registry.domain.records.location import reach_of_doubt_m
from registry.domain.records.resource import Kind, Resource
from tests.worlds.registries import (
    CENTRE,
    GEOD,
    HAZARDS,
    ITEMS,
    OPENINGS,
    SIDE_DEG,
    SPECIALTIES,
    Registry,
    Ring,
    Total,
    existing,
    near,
)

ANYWHERE_M = 60_000.0
"""How far from the centre something may be of which nothing is known; worlds need not be larger."""
MOST_UNLISTED = 3


class Thing(NamedTuple):
    """Something that exists in a world: its record, None when it is not listed, its position and values."""

    kind: Kind
    record: Resource | None
    at: tuple[float, float]
    values: dict[str, Any]

    @property
    def id(self) -> str | None:
        """The identity of its record."""
        return None if self.record is None else str(self.record.id)


def draw(rng: random.Random, registry: Registry, kinds: Iterable[Kind]) -> list[Thing]:
    """One complete world that agrees with a registry: all its records, and what is not listed."""
    listed = [_of_record(rng, registry, record) for record in registry.records]
    return listed + [thing for kind in kinds for thing in _unlisted(rng, registry, kind)]


def distances_m(things: Sequence[Thing], spot: tuple[float, float]) -> list[float]:
    """The geodesic distance in metres of each thing from a spot."""
    lon, lat = np.array([thing.at for thing in things]).reshape(-1, 2).T
    metres = GEOD.inv(lon, lat, np.full_like(lon, spot[0]), np.full_like(lat, spot[1]))[2]
    return [float(value) for value in metres]


def _of_record(rng: random.Random, registry: Registry, record: Resource) -> Thing:
    return Thing(record.kind, record, _position(rng, registry, record), _values(rng, record))


def _position(rng: random.Random, registry: Registry, record: Resource) -> tuple[float, float]:
    location = record.properties.location
    if record.geometry is not None:
        reach_m = reach_of_doubt_m(location, record.geometry)
        turn, share = rng.uniform(0, 360), rng.choice([0.0, 1.0, rng.random() ** 0.5])
        lon, lat, _ = GEOD.fwd(*record.geometry.coordinates, turn, reach_m * share)
        return lon, lat
    codes = location.candidate_places or [record.properties.place]
    return _inside(rng, registry.outline(rng.choice(codes)))


def _inside(rng: random.Random, ring: Ring | None) -> tuple[float, float]:
    """A point of a convex ring, at times a corner of it; without a ring anywhere."""
    if ring is None:
        return near(rng, CENTRE, ANYWHERE_M)
    if rng.random() < 0.2:
        return rng.choice(ring)
    (west, south), (east, north) = ring[0], ring[2]
    return rng.uniform(west, east), rng.uniform(south, north)


def _unlisted(rng: random.Random, registry: Registry, kind: Kind) -> list[Thing]:
    """What exists beside the list: as many as the totals demand, nowhere that is declared complete."""
    complete = [place for of, place in registry.complete if of == kind]
    totals = [total for total in registry.totals if total.kind == kind]
    count = rng.randint(0, MOST_UNLISTED)
    if totals:
        count = _unlisted_of(registry, totals[0])
    if None in complete or (totals and registry.district in complete):
        count = 0
    things = []
    for _ in range(count):
        at = _where_unlisted(rng, registry, complete, inside=bool(totals))
        if at is not None:
            things.append(Thing(kind, None, at, _any_values(rng, kind)))
    return things


def _unlisted_of(registry: Registry, total: Total) -> int:
    under = registry.under(total.place)
    listed = [one for one in registry.of(total.kind) if existing(one) and one.properties.place in under]
    return max(0, total.total - len(listed))


def _where_unlisted(
    rng: random.Random, registry: Registry, complete: list[str | None], *, inside: bool
) -> tuple[float, float] | None:
    """A position outside the places that are complete; inside the district where a total is of it."""
    closed = [shapely.Polygon(ring) for code in complete if (ring := registry.outline(code)) is not None]
    for _ in range(20):
        at = _inside(rng, registry.places[0].ring) if inside else near(rng, CENTRE, 2 * SIDE_DEG * 111_000)
        if not any(ground.covers(shapely.Point(at)) for ground in closed):
            return at
    return None


def _values(rng: random.Random, record: Resource) -> dict[str, Any]:
    """The values of a record, with what it does not state drawn."""
    properties, drawn = record.properties, _any_values(rng, record.kind)
    stated = {name: getattr(properties, name, None) for name in drawn}
    for name in ("specialties", "hazards"):
        if name in stated:
            stated[name] = {code.code for code in stated[name]} or None
    if "stock" in stated:
        stated["stock"] = _stock(drawn["stock"], record)
    values = {name: drawn[name] if value in (None, "unknown") else value for name, value in stated.items()}
    values |= {"lifecycle": properties.lifecycle, "place": properties.place}
    if record.kind == "fire_watch_point":
        values["watch_radius_m"] = stated["watch_radius_m"]
    return values


def _stock(drawn: dict[str, float], record: Resource) -> dict[str, float]:
    """What a depot holds that has not expired: what was never counted is drawn."""
    lines = getattr(record.properties, "stock", [])
    if not lines:
        return drawn
    held = {}
    for line in lines:
        expired = line.expires_on is not None and line.expires_on.year < 2026
        quantity = drawn[line.item_code] if line.quantity is None else line.quantity
        held[line.item_code] = 0.0 if expired else float(quantity)
    return held


def _any_values(rng: random.Random, kind: Kind) -> dict[str, Any]:
    """Values that anything of a kind may have."""
    if kind == "rescue_team":
        return {
            "specialties": set(rng.sample(SPECIALTIES, rng.randint(0, 3))),
            "readiness": rng.choice(["available", "off_duty"]),
        }
    if kind == "shelter":
        return {
            "hazards": set(rng.sample(HAZARDS, rng.randint(0, 3))),
            "opening": rng.choice(OPENINGS),
            "capacity_persons": rng.choice([0, 40, 500]),
            "occupancy_persons": rng.choice([0, 30, 500]),
        }
    if kind == "fire_watch_point":
        return {"watch_radius_m": rng.choice([500.0, 6_000.0]), "operational": rng.choice(["yes", "no"])}
    return {
        "tier": rng.choice(["district", "town"]),
        "stock": {item: rng.choice([0.0, 50.0]) for item in ITEMS},
    }
