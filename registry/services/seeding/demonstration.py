"""The demonstration: invented, marked records that fill every published total.

They belong to the exercise `demo`, so no live answer contains them.
"""

import math
import random
from itertools import cycle, pairwise
from typing import Any
from uuid import UUID, uuid5

from registry.domain.geojson import Point
from registry.domain.plans import wording
from registry.domain.records.resource import (
    FireWatchPoint,
    Item,
    Location,
    Properties,
    RescueTeam,
    Resource,
    Shelter,
    Source,
    StockLine,
    SupplyDepot,
)
from registry.domain.values import Coded, Name

EXERCISE = "demo"
NAMESPACE = UUID("8e1a44d0-07b7-5d0b-9d3a-3a6f7c1e2b90")
INVENTED = Source(kind="assumption", reference="demonstration", confidence="assumed", note="invented")
NOTE = "演示数据，纯属虚构。 Demonstration data, invented."
STAND_INS = {"500110002": "500110001", "500110007": "500110001", "500107103": "500107104"}
"""For a town without a known extent, the neighbour whose extent includes it."""
YONGXIN = "500110113"
WATCH_TOWNS = ["500106108"] * 3 + ["500107103"] * 2 + ["500107104"] * 2 + ["500106016"] * 2
DISTRICT_SPECIALTIES = (
    "mine", "hazmat", "water", "bridge_tunnel", "pipeline", "geohazard", "flood_drought", "forest_fire",
    "fire", "medical", "communications", "earthquake",
)  # fmt: skip
"""Power and gas are missing on purpose: the plan requires them, so a check finds them missing."""
STOCK = (
    ("1010101", "棉被", "Quilts", "床", 1.2),
    ("1010201", "折叠床", "Folding beds", "张", 1.0),
    ("1020101", "饮用水", "Drinking water", "箱", 2.5),
    ("1020201", "方便食品", "Ready meals", "箱", 2.0),
    ("2010101", "帐篷", "Tents", "顶", 0.2),
    ("2020101", "发电机", "Generators", "台", 0.005),
)

Places = dict[str, dict[str, Any]]


def demonstration(features: list[dict[str, Any]]) -> list[Resource]:
    """The resources of the exercise for the seeded places; the same places give the same records."""
    places = {item["id"]: item["properties"] for item in features}
    towns = places["qijiang"]["members"]
    return [
        *_watch_points(places),
        *_checkpoints(places),
        *_teams(places, towns),
        *_shelters(places, towns),
        *_depots(places, towns),
    ]


def _record(key: str, point: tuple[float, float], **values: Any) -> Resource:
    kind: type[Properties] = values.pop("kind")
    name = values.pop("name")
    location = Location("surveyed", 20.0, source="invented point inside the town's assumed extent")
    properties = kind(
        name=Name(f"【演示】{name[0]}", f"[demo] {name[1]}"),
        location=location,
        sources=[INVENTED],
        note=NOTE,
        exercise=EXERCISE,
        **values,
    )
    return Resource(id=uuid5(NAMESPACE, key), geometry=Point(point), properties=properties)


def _watch_points(places: Places) -> list[Resource]:
    return [
        _record(
            f"watch-{n}",
            spot(places, town, f"watch-{n}", spread_m=4000),
            kind=FireWatchPoint,
            name=(f"红外火情监测点{n}", f"Infrared fire-watch point {n}"),
            place=town,
            form="infrared_camera",
            watch_radius_m=5000.0,
            operational="degraded" if n == 7 else "yes",
        )
        for n, town in enumerate(WATCH_TOWNS, 1)
    ]


def _checkpoints(places: Places) -> list[Resource]:
    return [
        _record(
            f"checkpoint-{n}",
            spot(places, YONGXIN, f"checkpoint-{n}", spread_m=6000),
            kind=FireWatchPoint,
            name=(f"永新镇森林防火检查点{n}", f"Yongxin forest checkpoint {n}"),
            place=YONGXIN,
            form="checkpoint",
            operational="yes",
        )
        for n in range(1, 15)
    ]


def _teams(places: Places, towns: list[str]) -> list[Resource]:
    seat = towns[0]
    district = [
        _team(places, seat, f"district-{n}", "district", specialty, n)
        for n, specialty in zip(range(23), cycle(DISTRICT_SPECIALTIES), strict=False)
    ]
    town = [_team(places, code, f"town-{code}", "town", "comprehensive", n) for n, code in enumerate(towns)]
    community = [
        _team(places, towns[n % len(towns)], f"community-{n}", "community", "fire", n) for n in range(79)
    ]
    return district + town + community


TEAM_NAMES = {
    "district": ("区级部门救援队{n}（{s}）", "District team {n} ({s})"),
    "town": ("{zh}综合应急救援队", "{en} comprehensive rescue team"),
    "community": ("{zh}社区应急救援站{n}", "{en} community rescue station {n}"),
}
FORCES = {"district": "professional", "town": "standing", "community": "mass"}


def _team(places: Places, town: str, key: str, level: Any, specialty: str, n: int) -> Resource:
    rng = random.Random(key)
    name = places[town]["name"]
    trained = wording.specialty(specialty)
    zh_pattern, en_pattern = TEAM_NAMES[level]
    zh = zh_pattern.format(n=n + 1, s=trained.zh, zh=name["zh"])
    en = en_pattern.format(n=n + 1, s=trained.en, en=name["en"])
    return _record(
        f"team-{key}",
        spot(places, town, f"team-{key}", spread_m=6000 if level == "district" else 2500),
        kind=RescueTeam,
        name=(zh, en),
        place=town,
        force=FORCES[level],
        level=level,
        specialties=[Coded(specialty)],
        personnel={"district": 30, "town": 15, "community": 6}[level] + rng.randrange(10),
        vehicles=[Item(Name("救援车", "Rescue vehicle"), count=1 + rng.randrange(3))],
        readiness=rng.choice(["available", "available", "available", "committed", "off_duty"]),
    )


def _shelters(places: Places, towns: list[str]) -> list[Resource]:
    return [_shelter(places, towns[n % len(towns)], n) for n in range(54)]


def _shelter(places: Places, town: str, n: int) -> Resource:
    rng = random.Random(f"shelter-{n}")
    name = places[town]["name"]
    capacity = rng.randrange(100, 3000, 50) if n % 9 else None
    outdoor = rng.random() < 0.6
    hazards = rng.sample(["earthquake", "flood", "geohazard", "heat"], 2)
    if n % 2 == 0:
        hazards.append("forest_fire")
    return _record(
        f"shelter-{n}",
        spot(places, town, f"shelter-{n}", spread_m=3000),
        kind=Shelter,
        name=(f"{name['zh']}应急避难场所{n // 21 + 1}", f"{name['en']} shelter {n // 21 + 1}"),
        place=town,
        level="district" if n < 6 else "town",
        duration=rng.choice(["emergency", "short", "long"]),
        space="outdoor" if outdoor else "indoor",
        hazards=[Coded(code) for code in hazards],
        capacity_persons=capacity,
        occupancy_persons=capacity and rng.randrange(capacity // 4 + 1),
        area_m2=None if capacity is None else capacity * 2.0,
        amenities=[Coded("drinking_water"), Coded("toilets")],
        opening=rng.choice(["open", "open", "closed", "full"]) if capacity else "unknown",
    )


def _depots(places: Places, towns: list[str]) -> list[Resource]:
    district = _depot(places, towns[0], "district", "district", 2600, None)
    town = [
        _depot(places, code, f"town-{code}", "town", 150 + 10 * (n % 12), district.id)
        for n, code in enumerate(towns[:-3])
    ]
    community = [
        _depot(places, towns[n], f"community-{n}", "community", 40, town[n].id) for n in range(0, 18, 2)
    ]
    return [district, *town, *community]


def _depot(places: Places, town: str, key: str, tier: Any, persons: int, parent: UUID | None) -> Resource:
    name = places[town]["name"]
    kinds = {
        "district": ("区级应急物资储备库", "District supply depot"),
        "town": (f"{name['zh']}应急物资储备点", f"{name['en']} reserve point"),
        "community": (f"{name['zh']}社区物资储存室", f"{name['en']} community store room"),
    }
    return _record(
        f"depot-{key}",
        spot(places, town, f"depot-{key}", spread_m=2000),
        kind=SupplyDepot,
        name=kinds[tier],
        place=town,
        tier=tier,
        ownership="government",
        serves_persons=persons,
        parent_depot=parent,
        stock=[
            StockLine(code, Name(zh, en), quantity=float(math.ceil(persons * each)), unit=unit)
            for code, zh, en, unit, each in STOCK[: 6 if tier == "district" else 3]
        ],
    )


def spot(places: Places, town: str, key: str, *, spread_m: float) -> tuple[float, float]:
    """A point (lon, lat) inside the extent of a town near its seat; the same key gives the same point."""
    place = places[STAND_INS.get(town, town)]
    rng = random.Random(f"spot-{key}")
    lon, lat = place["point"]
    for _ in range(200):
        bearing, away_m = rng.uniform(0, math.tau), spread_m * math.sqrt(rng.random())
        x = lon + away_m * math.sin(bearing) / (111_320 * math.cos(math.radians(lat)))
        y = lat + away_m * math.cos(bearing) / 110_900
        if holds(place["extent"], x, y):
            return round(x, 6), round(y, 6)
    return lon, lat


def holds(extent: dict[str, Any], x: float, y: float) -> bool:
    """Whether a GeoJSON polygon or multipolygon contains the point, by the even-odd rule."""
    polygons = [extent["coordinates"]] if extent["type"] == "Polygon" else extent["coordinates"]
    rings = [ring for polygon in polygons for ring in polygon]
    return sum(_crossings(ring, x, y) for ring in rings) % 2 == 1


def _crossings(ring: list[list[float]], x: float, y: float) -> int:
    return sum(
        1
        for (ax, ay), (bx, by) in pairwise(ring)
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax
    )
