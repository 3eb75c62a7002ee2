"""Small random registries: places, records that are known more or less well, totals and inventories.

A registry lies in one exercise and has places of its own, so that many share one database.
"""

import random
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from pyproj import Geod

from registry.domain.plans.document import Document
from registry.domain.plans.entry import Inventory
from registry.domain.plans.provision import Provision
from registry.domain.records.resource import KINDS, Kind, Resource
from registry.domain.values import Name
from registry.store.database.pool import Writer
from registry.store.places import places
from registry.store.plans import entries, plans
from registry.store.records import changes
from tests.builders import A_CHANGE, NOW, make

GEOD = Geod(ellps="WGS84")
CENTRE = (106.65, 29.03)
SIDE_DEG = 0.12
"""Side of a town: some 12 km."""
SPECIALTIES = ("mine", "water", "forest_fire", "comprehensive")
HAZARDS = ("flood", "forest_fire", "earthquake")
ITEMS = ("tent", "blanket")
OPENINGS = ("open", "closed", "full")
Ring = list[tuple[float, float]]


class Place(NamedTuple):
    """A place: its outline as a convex ring, None when it has none."""

    code: str
    parent: str | None
    ring: Ring | None


class Total(NamedTuple):
    """A published total of a kind at a place: exactly so many exist."""

    kind: Kind
    place: str
    total: int


class Registry(NamedTuple):
    """What one registry records; `complete` are the kinds and places whose lists are declared complete."""

    exercise: str
    places: list[Place]
    records: list[Resource]
    totals: list[Total]
    complete: list[tuple[Kind, str | None]]

    @property
    def district(self) -> str:
        """The place that holds all others."""
        return self.places[0].code

    def outline(self, code: str | None) -> Ring | None:
        """The outline of a place, or of the place above it that has one; None where nothing bounds it."""
        by_code = {place.code: place for place in self.places}
        while code is not None:
            place = by_code[code]
            if place.ring is not None:
                return place.ring
            code = place.parent
        return None

    def under(self, code: str | None) -> set[str]:
        """A place with all that lies in it; without a place all of them."""
        return {place.code for place in self.places if code in (None, place.code, place.parent)}

    def of(self, kind: Kind) -> list[Resource]:
        """The records of one kind."""
        return [record for record in self.records if record.kind == kind]


def draw(rng: random.Random, number: int, kinds: Sequence[Kind] = KINDS, most: int = 9) -> Registry:
    """A random registry of at most `most` records; `number` makes its exercise and its places its own."""
    exercise = f"w{number}"
    towns = _places(rng, f"W{number}")
    records = [_record(rng, exercise, towns, rng.choice(kinds)) for _ in range(rng.randint(0, most))]
    registry = Registry(exercise, towns, records, [], [])
    for kind in kinds:
        complete = rng.random() < 0.4
        if complete:
            registry.complete.append((kind, rng.choice([None, registry.district, rng.choice(towns).code])))
        if rng.random() < 0.3:
            unlisted = 0 if complete else rng.choice([0, 1, 3])
            registry.totals.append(Total(kind, registry.district, _listed(registry, kind) + unlisted))
    return registry


def _listed(registry: Registry, kind: Kind) -> int:
    under = registry.under(registry.district)
    return sum(existing(record) and record.properties.place in under for record in registry.of(kind))


def existing(record: Resource) -> bool:
    """Whether a record is one of those that a total counts."""
    return record.properties.lifecycle in ("in_service", "suspended")


def _places(rng: random.Random, prefix: str) -> list[Place]:
    """A district and two to four towns in a grid; the extents of some are not known."""
    west, south = CENTRE[0] - SIDE_DEG, CENTRE[1] - SIDE_DEG
    outline = _box(west, south, 2 * SIDE_DEG)
    district = Place(f"{prefix}D", None, outline if rng.random() < 0.8 else None)
    corners = [(west + i * SIDE_DEG, south + j * SIDE_DEG) for i in (0, 1) for j in (0, 1)]
    towns = [
        Place(
            f"{prefix}T{n}",
            district.code,
            _box(*corner, SIDE_DEG) if rng.random() < 0.85 else None,
        )
        for n, corner in enumerate(corners[: rng.randint(2, 4)])
    ]
    return [district, *towns]


def _box(west: float, south: float, side: float) -> Ring:
    return [(west, south), (west + side, south), (west + side, south + side), (west, south + side)]


def near(rng: random.Random, centre: tuple[float, float], reach_m: float) -> tuple[float, float]:
    """A point at most `reach_m` from another, everywhere as likely."""
    lon, lat, _ = GEOD.fwd(*centre, rng.uniform(0, 360), reach_m * rng.random() ** 0.5)
    return lon, lat


def _record(rng: random.Random, exercise: str, towns: Sequence[Place], kind: Kind) -> Resource:
    codes = [place.code for place in towns]
    given: dict[str, Any] = {"exercise": exercise, "place": rng.choice([*codes, None])}
    given["visibility"] = rng.choice(["public", "public", "public", "internal", "restricted"])
    given["lifecycle"] = rng.choice(["in_service", "in_service", "in_service", "suspended", "planned"])
    given |= _values(rng, kind)
    given["id"] = UUID(int=rng.getrandbits(128) & ~(0xF << 76) | 0x7 << 76)
    quality = rng.choice(["surveyed", "surveyed", "approximate", "candidate_places", "unknown"])
    given["quality"] = quality
    if quality in ("surveyed", "approximate"):
        lon, lat = near(rng, CENTRE, 15_000)
        vague = quality == "approximate" or rng.random() < 0.3
        given["uncertainty_m"] = round(rng.uniform(0, 5_000), 1) if vague else None
        given["datum"] = rng.choice(["wgs84", "wgs84", "wgs84", "unknown"])
        return make(kind, lon, lat, **given)
    if quality == "candidate_places":
        given["candidate_places"] = rng.sample(codes[1:], rng.randint(1, 2))
    return make(kind, None, **given)


def _values(rng: random.Random, kind: Kind) -> dict[str, Any]:
    """The values of one kind, of which any may be unknown."""
    if kind == "rescue_team":
        codes = rng.sample(SPECIALTIES, rng.randint(0, 2))
        readiness = rng.choice(["available", "off_duty", "unknown"])
        return {"specialties": [{"code": code} for code in codes], "readiness": readiness}
    if kind == "shelter":
        codes = rng.sample(HAZARDS, rng.randint(0, 2))
        return {
            "hazards": [{"code": code} for code in codes],
            "opening": rng.choice([*OPENINGS, "open", "unknown"]),
            "capacity_persons": rng.choice([None, 0, 50, 200]),
            "occupancy_persons": rng.choice([None, 0, 60]),
        }
    if kind == "fire_watch_point":
        radius_m = rng.choice([None, 500.0, 3_000.0, 6_000.0])
        return {"watch_radius_m": radius_m, "operational": rng.choice(["yes", "no", "unknown"])}
    return {"tier": rng.choice(["district", "town", None]), "stock": _stock(rng)}


def _stock(rng: random.Random) -> list[dict[str, Any]]:
    items = rng.sample(ITEMS, rng.randint(0, 2))
    return [
        {
            "item_code": item,
            "name": {"zh": item},
            "unit": "个",
            "quantity": rng.choice([None, 0, 30, 100]),
            "expires_on": rng.choice([None, None, "2025-06-30", "2030-01-01"]),
        }
        for item in items
    ]


async def store(writer: Writer, registries: Iterable[Registry]) -> None:
    """Store registries beside each other; totals are of no exercise, they hold for the places they name."""
    drawn = list(registries)
    for registry in drawn:
        await places.upsert(writer, [_place_row(place) for place in registry.places])
    await places.derive(writer)
    await changes.load(writer, [record for one in drawn for record in one.records], A_CHANGE)
    await plans.put_documents(writer, [Document(id="worlds", kind="plan", title=Name(en="Worlds"))])
    totals = [(one, number, total) for one in drawn for number, total in enumerate(one.totals)]
    await plans.put_provisions(writer, [_provision(one, n, total) for one, n, total in totals])
    declared = [(one, kind, place) for one in drawn for kind, place in one.complete]
    inventories = [_inventory(number, *each) for number, each in enumerate(declared)]
    await entries.insert_many(writer, inventories, "test")


def _place_row(place: Place) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(places.PLAIN) | {"code": place.code, "parent": place.parent}
    row |= {"name_en": place.code, "level": "town" if place.parent else "district"}
    row |= {"list_version": "worlds", "flags": {}, "extent": None, "point": None, "extent_basis": "none"}
    if place.ring is not None:
        ring = {"type": "Polygon", "coordinates": [[*place.ring, place.ring[0]]]}
        row |= {"extent": msgspec.json.encode(ring).decode(), "extent_basis": "boundary"}
    return row


def _provision(registry: Registry, number: int, total: Total) -> Provision:
    text = {"zh": "总数", "en": "total"}
    stated = {"id": f"{registry.exercise}-{number}", "document": "worlds", "locator": f"000:{number + 1}"}
    stated |= {"kind": "published_total", "title": text, "text": text, "place": total.place}
    stated |= {"subject": {"kind": total.kind}, "requirement": {"value": total.total, "unit": "item"}}
    return msgspec.convert(stated, Provision)


def _inventory(number: int, registry: Registry, kind: Kind, place: str | None) -> Inventory:
    return Inventory(
        id=UUID(int=(0x7 << 76) + (number << 8) + KINDS.index(kind)),
        place=place,
        visibility="public",
        exercise=registry.exercise,
        of="resources",
        kind=kind,
        on=date(2026, 1, 1),
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
