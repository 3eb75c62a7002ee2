"""Reads the roads of an OpenStreetMap extract by `osmium`, of the optional extra `roads`."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from registry.domain.errors import Invalid
from registry.domain.roads.build import RoadExtract
from registry.domain.roads.network import BACKWARD, FORWARD
from registry.domain.roads.speeds import CLASSES

NUMBER = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(km/h|kmh|kph|mph|t|m)?\s*$")
KMH_PER_MPH = 1.609344
BLOCKING = frozenset({"block", "bollard", "chain", "debris", "jersey_barrier", "log", "turnstile", "wall"})
"""Barriers that no vehicle passes. Gates are opened for those who come to help."""
FORBIDDEN = frozenset({"no", "private", "agricultural", "forestry"})
ROUND = frozenset({"roundabout", "circular"})

Bounds = tuple[float, float, float, float]


class _Roads:
    """What is collected of a file: junctions in the order in which they are met, pieces, and counts."""

    def __init__(self, within: Bounds | None) -> None:
        self.within = within
        self.number: dict[int, int] = {}
        self.lon: list[float] = []
        self.lat: list[float] = []
        self.blocked: set[int] = set()
        self.pieces: list[tuple[int, int, int, int, float, float, float]] = []
        self.ways = self.without_speed = 0
        self.newest: datetime | None = None

    def add_way(self, way: Any) -> None:
        tags = dict(way.tags)
        direction = _direction(tags)
        if direction == 0:
            return
        self.ways += 1
        stamp = way.timestamp
        if self.newest is None or stamp > self.newest:
            self.newest = stamp
        kmh = speed_of(tags)
        self.without_speed += kmh != kmh
        said = (
            direction,
            CLASSES.index(tags["highway"]),
            kmh,
            number_of(tags.get("maxweight")),
            number_of(tags.get("maxheight")),
        )
        before = None
        for node in way.nodes:
            here = self._junction(node)
            if here is not None and before is not None and here[0] != before[1]:
                self.pieces.append((before[1], here[0], *said))
            before = here

    def _junction(self, node: Any) -> tuple[int, int] | None:
        """The number of a node for the piece before it and for the one behind; None outside.

        Where no vehicle passes they differ, and are met by nothing else.
        """
        if not node.location.valid():
            return None
        lon, lat = node.lon, node.lat
        if self.within is not None:
            west, south, east, north = self.within
            if not (west <= lon <= east and south <= lat <= north):
                return None
        if node.ref in self.blocked:
            return self._new(lon, lat), self._new(lon, lat)
        known = self.number.get(node.ref)
        if known is None:
            known = self.number[node.ref] = self._new(lon, lat)
        return known, known

    def _new(self, lon: float, lat: float) -> int:
        self.lon.append(lon)
        self.lat.append(lat)
        return len(self.lon) - 1


def read_extract(path: Path, within: Bounds | None = None, extract_at: datetime | None = None) -> RoadExtract:
    """The roads of a file, of `within` (west, south, east, north) only.

    Invalid where it is no extract, or does not say when it was taken.
    """
    import osmium

    roads = _Roads(within)
    try:
        found: Any
        entities = osmium.osm.NODE | osmium.osm.WAY
        keys = osmium.filter.KeyFilter("highway", "barrier")
        for found in osmium.FileProcessor(str(path), entities).with_locations().with_filter(keys):
            if found.is_way():
                roads.add_way(found)
            elif found.tags.get("barrier") in BLOCKING:
                roads.blocked.add(found.id)
        stated = _stated_at(osmium, path)
    except (RuntimeError, ValueError) as error:
        raise Invalid(f"{path.name} is no OpenStreetMap extract: {error}", field="file") from error
    if not roads.pieces:
        raise Invalid(
            f"{path.name} has no road that a vehicle may follow", field="file", zh="文件中没有可通车的道路"
        )
    taken_at = extract_at or stated or roads.newest
    if taken_at is None or taken_at.year < 2004:
        raise Invalid(f"{path.name} does not say when it was taken: give --extract-at", field="extract_at")
    return _as_arrays(roads, path.name, taken_at.astimezone(UTC))


def _as_arrays(roads: _Roads, source: str, taken_at: datetime) -> RoadExtract:
    pieces = np.asarray(roads.pieces, float).reshape(-1, 7)
    lon, lat, used = np.asarray(roads.lon), np.asarray(roads.lat), np.zeros(len(roads.lon), bool)
    ends = pieces[:, :2].astype(np.int64)
    used[ends.ravel()] = True
    number = np.cumsum(used, dtype=np.int64) - 1
    return RoadExtract(
        source=source,
        extract_at=taken_at,
        lon=lon[used],
        lat=lat[used],
        begin=number[ends[:, 0]].astype(np.int32),
        end=number[ends[:, 1]].astype(np.int32),
        ways=pieces[:, 2].astype(np.uint8),
        road_class=pieces[:, 3].astype(np.uint8),
        kmh=pieces[:, 4].astype(np.float32),
        max_t=pieces[:, 5].astype(np.float32),
        max_height_m=pieces[:, 6].astype(np.float32),
        way_count=roads.ways,
        without_speed=roads.without_speed,
        barriers=len(roads.blocked),
    )


def _stated_at(osmium: Any, path: Path) -> datetime | None:
    """When the header says that the extract was taken."""
    with osmium.io.Reader(str(path), osmium.osm.NOTHING) as reader:
        header = reader.header()
    for name in ("osmosis_replication_timestamp", "timestamp"):
        if text := header.get(name):
            return datetime.fromisoformat(text)
    return None


def _direction(tags: dict[str, str]) -> int:
    """Which ways a vehicle may follow a road: 1 ahead, 2 back, 3 both, 0 none.

    Ferries are none: how long one waits for them is not known.
    """
    road = tags.get("highway")
    if road not in CLASSES or tags.get("area") == "yes":
        return 0
    access = next(
        (tags[key] for key in ("emergency", "motor_vehicle", "vehicle", "access") if key in tags), None
    )
    if access in FORBIDDEN:
        return 0
    oneway = tags.get("oneway")
    if oneway in ("-1", "reverse"):
        return BACKWARD
    if oneway in ("yes", "true", "1"):
        return FORWARD
    round_or_fast = tags.get("junction") in ROUND or road in ("motorway", "motorway_link")
    if round_or_fast and oneway not in ("no", "false", "0"):
        return FORWARD
    return FORWARD | BACKWARD


def speed_of(tags: dict[str, str]) -> float:
    """The posted speed in km/h, NaN for none or one that is no number, such as `CN:urban`."""
    text = tags.get("maxspeed")
    found = NUMBER.match(text or "")
    if found is None or found[2] in ("t", "m") or float(found[1]) <= 0:
        return float("nan")
    return float(found[1]) * (KMH_PER_MPH if found[2] == "mph" else 1.0)


def number_of(text: str | None) -> float:
    """A limit in tonnes or metres, NaN for none or one that is no number."""
    found = NUMBER.match(text or "")
    return float("nan") if found is None or found[2] not in (None, "t", "m") else float(found[1])
