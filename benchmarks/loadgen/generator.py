"""Load data: real-shaped points with plausible records of all four kinds, made as COPY text.

A few hundred prototypes are rendered by the same code as real records; a generated row is a prototype with
its identity, name, place and point put in, so that a million rows cost seconds instead of minutes.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import numpy as np
import shapely
from shapely.geometry import shape

from benchmarks.loadgen.properties import properties_of
from benchmarks.loadgen.template import MARK_ID, MARK_POINT, Prototype, copy_line, identities, wkb
from registry.domain.geojson import Point
from registry.domain.records.change import new_version
from registry.domain.records.resource import KINDS, Kind, Location, Resource, Source
from registry.domain.search_key import key_of
from registry.domain.values import Name
from registry.services.seeding import seed
from registry.store.records import resource_row

CHUNK = 20_000
PROTOTYPES = 48
SHARES: dict[Kind, float] = {
    "shelter": 0.4,
    "rescue_team": 0.3,
    "supply_depot": 0.15,
    "fire_watch_point": 0.15,
}
JITTER_M = 1500.0
APART = 0.07
"""Share of records made one by one: hidden ones, and ones whose place is not a point."""

LABELS: dict[Kind, tuple[str, str]] = {
    "shelter": ("避难场所", "Shelter"),
    "rescue_team": ("救援队", "Rescue team"),
    "supply_depot": ("物资库", "Supply depot"),
    "fire_watch_point": ("火情监测点", "Fire-watch point"),
}


class Spots(NamedTuple):
    """Where the generated records are: positions and, where known, the town that holds each."""

    lon: list[float]
    lat: list[float]
    place: list[str | None]


class Generator:
    """Makes `count` records for one realm; the same count always gives the same kinds and positions."""

    def __init__(self, count: int, exercise: str | None, features: list[dict[str, Any]]) -> None:
        self.count = count
        self.exercise = exercise
        self.now = datetime.now(UTC)
        self.rng = np.random.default_rng(20260101)
        self.spots = spots(self.rng, count, features)
        self.keys: dict[tuple[str | None, Kind], str] = {}
        self.names = {item["id"]: item["properties"]["name"] for item in features}
        self.prototypes = {kind: [self._prototype(kind, n) for n in range(PROTOTYPES)] for kind in KINDS}
        kinds = list(SHARES)
        chosen = self.rng.choice(len(kinds), count, p=[SHARES[kind] for kind in kinds])
        self.kinds = [kinds[n] for n in chosen.tolist()]
        self.apart = (self.rng.random(count) < APART).tolist()

    def _prototype(self, kind: Kind, n: int) -> Prototype:
        record = self._record(kind, n, MARK_ID, Name("¤zh¤", "¤en¤"), "¤place¤", MARK_POINT)
        return Prototype.of(record)

    def _record(
        self, kind: Kind, n: int, identity: UUID, name: Name, place: str | None, point: Point | None
    ) -> Resource:
        rng = random.Random(f"{kind}-{n}")
        exact = n % 3 != 0
        location = Location(
            "surveyed" if exact else "approximate", 10.0 if exact else 300.0, source="generated"
        )
        properties = properties_of(
            kind,
            rng,
            name=name,
            place=place,
            location=location,
            visibility="public",
            exercise=self.exercise,
            sources=[Source(kind="import", reference="load-data", confidence="assumed", note="generated")],
        )
        return new_version(Resource(id=identity, geometry=point, properties=properties), self.now)

    def chunks(self) -> "Iterator[Chunk]":
        """The rows as COPY text, some thousands at a time."""
        for start in range(0, self.count, CHUNK):
            yield self._chunk(start, min(start + CHUNK, self.count))

    def _chunk(self, start: int, end: int) -> "Chunk":
        lon, lat = self.spots.lon[start:end], self.spots.lat[start:end]
        began_ms = int(self.now.timestamp() * 1000) - (self.count - start) // 100
        ids, points = identities(self.rng, began_ms, end - start), wkb(lon, lat)
        lines: list[str] = []
        flat: list[str] = []
        stock: list[str] = []
        for n, identity, point in zip(range(start, end), ids, points, strict=True):
            if self.apart[n]:
                record = self._made(n, identity)
                lines.append(copy_line(resource_row.row_of(record, "generator")))
                flat.append(copy_line(resource_row.flat_row(record)))
                continue
            prototype, values = (
                self.prototypes[self.kinds[n]][n % PROTOTYPES],
                self._holes(n, identity, point),
            )
            lines.append(prototype.row.filled(values))
            flat.append(prototype.flat.filled(values))
            stock.extend(line.replace(str(MARK_ID), identity) for line in prototype.stock)
        return Chunk(end - start, *("".join(text).encode() for text in (lines, flat, stock)))

    def _name(self, n: int) -> Name:
        place = self.spots.place[n]
        town = self.names[place] if place else _NOWHERE
        zh, en = LABELS[self.kinds[n]]
        return Name(f"{town['zh']}{zh}{n}", f"{town['en']} {en} {n}")

    def _search_key(self, n: int) -> str:
        """The key of a name, made once for each town and kind: the number is put in afterwards."""
        place, kind = self.spots.place[n], self.kinds[n]
        key = self.keys.get((place, kind))
        if key is None:
            town, (zh, en) = self.names[place] if place else _NOWHERE, LABELS[kind]
            name = Name(f"{town['zh']}{zh}¤", f"{town['en']} {en} ¤")
            key = self.keys[place, kind] = key_of(name)
        return key.replace("¤", str(n))

    def _holes(self, n: int, identity: str, point: str) -> dict[str, str]:
        place, name = self.spots.place[n], self._name(n)
        return {
            "id": identity,
            "place": place or r"\N",
            "place_json": f'"{place}"' if place else "null",
            "zh": name.zh or "",
            "en": name.en or "",
            "search_key": self._search_key(n),
            "wkb": point,
            "lonlat": f"{self.spots.lon[n]},{self.spots.lat[n]}",
        }

    def _made(self, n: int, identity: str) -> Resource:
        point = Point((self.spots.lon[n], self.spots.lat[n]))
        record = self._record(
            self.kinds[n], n % PROTOTYPES, UUID(identity), self._name(n), self.spots.place[n], point
        )
        return _set_apart(record, n)


_NOWHERE = {"zh": "区外", "en": "Outside"}


def _set_apart(record: Resource, n: int) -> Resource:
    replace = msgspec.structs.replace
    turn = n % 7
    properties = record.properties
    if turn < 3:
        return replace(record, properties=replace(properties, visibility="internal"))
    if turn == 3:
        return replace(record, properties=replace(properties, visibility="restricted"))
    if turn < 6 and properties.place:
        location = Location("candidate_places", None, [properties.place], source="generated")
    else:
        location = Location("unknown", source="generated")
    return replace(record, geometry=None, properties=replace(properties, location=location))


class Chunk(NamedTuple):
    """Some rows of `resource`, `flat_feature` and `stock_line` as COPY text."""

    size: int
    resources: bytes
    flat: bytes
    stock: bytes


def spots(rng: np.random.Generator, count: int, features: list[dict[str, Any]]) -> Spots:
    """Positions scattered around the gazetteer's settlements, larger ones more often, with their towns.

    They come settlement by settlement, as lists are entered: an index of positions that come in no order at
    all has ten times as many pages to read around every spot.
    """
    base = np.array(_settlements(), dtype=float)
    base = base[np.argsort(_along_curve(base[:, 0], base[:, 1]))]
    weight = np.sqrt(base[:, 2] + 1000.0)
    chosen = base[np.sort(rng.choice(len(base), count, p=weight / weight.sum()))]
    lat = chosen[:, 1] + rng.normal(0, JITTER_M / 110_900, count)
    lon = chosen[:, 0] + rng.normal(0, JITTER_M / 111_320, count) / np.cos(np.radians(lat))
    lon, lat = lon.round(7), lat.round(7)
    return Spots(lon.tolist(), lat.tolist(), _towns_of(lon, lat, features))


def _along_curve(lon: Any, lat: Any) -> Any:
    """Where positions are on the Z-order curve: neighbours there are near each other."""
    x, y = (((lon + 180) / 360) * 65_535).astype(int), (((lat + 90) / 180) * 65_535).astype(int)
    return sum(((x >> bit & 1) << 2 * bit) | ((y >> bit & 1) << 2 * bit + 1) for bit in range(16))


def _settlements() -> list[tuple[float, float, float]]:
    found = seed.read_features("raw/places_region.geojson")
    return [(*item["geometry"]["coordinates"], item["properties"]["pop"] or 0) for item in found]


def _towns_of(lon: Any, lat: Any, features: list[dict[str, Any]]) -> list[str | None]:
    extents = {item["id"]: item["properties"]["extent"] for item in features if item["properties"]["extent"]}
    codes = list(extents)
    tree = shapely.STRtree([shape(extents[code]) for code in codes])
    place: list[str | None] = [None] * len(lon)
    for start in range(0, len(lon), CHUNK):
        inside, towns = tree.query(
            shapely.points(lon[start : start + CHUNK], lat[start : start + CHUNK]), "within"
        )
        for i, town in zip(inside.tolist(), towns.tolist(), strict=True):
            place[start + i] = codes[town]
    return place
