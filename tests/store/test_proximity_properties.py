"""Distances from spots, areas and corridors against PROJ's geodesics, over more than 5,000 drawn cases."""

import random
from itertools import pairwise

import numpy as np
import pytest
import shapely
from pyproj import Geod

from registry.domain.access.sight import EVERYTHING
from registry.domain.conditions import Filter
from registry.domain.cursor import DistanceCursor
from registry.domain.proximity.origin import Start
from registry.store.proximity import batches
from registry.store.proximity import within as proximity
from registry.store.proximity.nearest import LOOKED_THROUGH, nearest, nearest_of_each
from registry.store.proximity.undecided import SearchBound, find_undecided
from registry.store.records import changes
from tests.builders import A_CHANGE, NOW, make

GEOD = Geod(ellps="WGS84")
SEED = 20261120
CENTRES = {"qijiang": (106.65, 29.03), "fiji": (179.95, -16.5), "pole": (20.0, 89.6), "null": (0.0, 0.0)}
POINTS, SPOTS, SHAPES = 60, 150, 12


def drawn(name: str) -> random.Random:
    print(f"seed {SEED} {name}")
    return random.Random(f"{SEED}{name}")


def near(rng: random.Random, centre, reach_m: float) -> tuple[float, float]:
    lon, lat, _ = GEOD.fwd(*centre, rng.uniform(0, 360), reach_m * rng.random() ** 0.5)
    return lon, lat


async def scattered(writer, rng, centre) -> dict:
    records = [make("shelter", *near(rng, centre, 40_000)) for _ in range(POINTS)]
    await changes.load(writer, records, A_CHANGE)
    return {record.id: record.geometry.coordinates for record in records}


def to_spot(points, spot) -> np.ndarray:
    lon, lat = np.array(points).T
    return np.asarray(GEOD.inv(lon, lat, np.full_like(lon, spot[0]), np.full_like(lat, spot[1]))[2])


def to_edges(rings, point) -> float:
    """The geodesic distance to edges straight in lon/lat: sampled, then again near the best."""
    best = np.inf
    for ring in rings:
        for a, b in pairwise(ring):
            low, high = 0.0, 1.0
            for _ in range(4):
                t = np.linspace(low, high, 60)
                edge = np.array(a) + t[:, None] * (np.array(b) - np.array(a))
                metres = to_spot(edge, point)
                at, best = int(metres.argmin()), min(best, float(metres.min()))
                low, high = t[max(at - 1, 0)], t[min(at + 1, 59)]
    return best


@pytest.mark.parametrize("name", CENTRES)
async def test_nearest_to_many_spots(writer, name) -> None:
    rng = drawn(name)
    points = await scattered(writer, rng, CENTRES[name])
    spots = [near(rng, CENTRES[name], 60_000) for _ in range(SPOTS)]
    starts = [Start(lon=lon, lat=lat) for lon, lat in spots]
    found = await batches.nearest(writer, EVERYTHING, Filter(), starts, k=5, max_m=None)
    for spot, start, rows in zip(spots, starts, found, strict=True):
        truth = np.sort(to_spot(list(points.values()), spot))[:5]
        hits = rows if rows is not None else (await nearest(writer, EVERYTHING, Filter(), start, k=5)).rows
        assert [row["distance_m"] for row in hits] == pytest.approx(list(truth), abs=0.01)


@pytest.mark.parametrize("few", [0, 4_000], ids=["taken for many", "taken for few"])
@pytest.mark.parametrize("max_m", [None, 20_000.0])
async def test_nearest_of_those_that_meet_a_condition_to_many_spots(writer, monkeypatch, few, max_m) -> None:
    monkeypatch.setattr(batches, "FEW", few)
    batches._how_many.cache_clear()
    rng, centre = drawn("condition"), CENTRES["qijiang"]
    openings = ["open", "closed", "unknown"]
    records = [make("shelter", *near(rng, centre, 40_000), opening=openings[n % 3]) for n in range(POINTS)]
    await changes.load(writer, records, A_CHANGE)
    points = [one.geometry.coordinates for one in records if one.properties.opening == "open"]
    spots = [near(rng, centre, 60_000) for _ in range(SPOTS)]
    starts = [Start(lon=lon, lat=lat) for lon, lat in spots]
    wanted = Filter(kind="shelter", opening="open")
    found = await batches.nearest(writer, EVERYTHING, wanted, starts, k=5, max_m=max_m)
    assert sum(rows is not None for rows in found) > SPOTS / 2
    for spot, rows in zip(spots, found, strict=True):
        truth = [metres for metres in np.sort(to_spot(points, spot))[:5] if max_m is None or metres <= max_m]
        if rows is not None:
            assert [row["distance_m"] for row in rows] == pytest.approx(truth, abs=0.01)
    batches._how_many.cache_clear()


WANTED = [
    Filter(),
    Filter(kind="shelter", opening="open"),
    Filter(kind="shelter", opening="closed", free_persons=40),
    Filter(kind="shelter", opening="unknown", verified_since=NOW.replace(year=2031)),
    Filter(kind="rescue_team"),
]


def meets(record, wanted: Filter) -> bool:
    told = record.properties
    if wanted.kind == "rescue_team":
        return False
    if wanted.opening is not None and told.opening != wanted.opening:
        return False
    return wanted.verified_since is None and (told.capacity_persons or 0) >= (wanted.free_persons or 0)


@pytest.mark.parametrize("max_m", [None, 20_000.0])
@pytest.mark.parametrize("name", CENTRES)
async def test_nearest_of_each_of_several_conditions(writer, name, max_m) -> None:
    rng, centre = drawn(f"each {name}"), CENTRES[name]
    openings = ["open", "closed", "unknown"]
    records = [
        make(
            "shelter",
            *near(rng, centre, 40_000),
            opening=openings[n % 3],
            capacity_persons=rng.randint(0, 99),
        )
        for n in range(POINTS)
    ]
    await changes.load(writer, records, A_CHANGE)
    for _ in range(SPOTS // 5):
        spot = near(rng, centre, 60_000)
        start = Start(lon=spot[0], lat=spot[1])
        found = await nearest_of_each(writer, EVERYTHING, WANTED, start, k=4, max_m=max_m)
        for wanted, hits in zip(WANTED, found, strict=True):
            points = [one.geometry.coordinates for one in records if meets(one, wanted)]
            truth = np.sort(to_spot(points, spot))[:4] if points else []
            expected = [metres for metres in truth if max_m is None or metres <= max_m]
            assert [row["distance_m"] for row in hits.rows] == pytest.approx(expected, abs=0.01), wanted


async def test_what_an_unknown_value_keeps_out_is_the_same_from_fewer_rows(writer) -> None:
    """All that is nearer than the last hit is among those that were looked through for it."""
    rng, centre = drawn("left out"), CENTRES["qijiang"]
    records = [
        make("shelter", *near(rng, centre, 40_000), opening=["open", "unknown", "closed"][n % 3])
        for n in range(5 * POINTS)
    ]
    await changes.load(writer, records, A_CHANGE)
    unknown = [one.geometry.coordinates for one in records if one.properties.opening == "unknown"]
    wanted, fewer = Filter(kind="shelter", opening="open"), 0
    for _ in range(SPOTS // 5):
        spot = near(rng, centre, 30_000)
        start = Start(lon=spot[0], lat=spot[1])
        hits = await nearest(writer, EVERYTHING, wanted, start, k=4)
        bound_m = hits.rows[-1]["distance_m"]
        for scanned in (None, hits.scanned):
            bound = SearchBound(wanted, bound_m, bound_m, scanned)
            (found,) = await find_undecided(writer, EVERYTHING, [bound], start)
            assert len(found.records) == int((to_spot(unknown, spot) <= bound_m).sum())
        fewer += hits.scanned is not None and hits.scanned < LOOKED_THROUGH
    assert fewer == SPOTS // 5


@pytest.mark.parametrize("name", CENTRES)
async def test_the_pages_of_a_radius_are_all_of_it_in_order(writer, name) -> None:
    """A page reads as many of the nearest as it needs, by a sphere, and answers by the ellipsoid."""
    rng, centre = drawn(f"pages {name}"), CENTRES[name]
    points = await scattered(writer, rng, centre)
    for limit in (1, 16, 17, 100):
        spot, radius_m = near(rng, centre, 30_000), rng.uniform(10_000, 60_000)
        start, after, found = Start(lon=spot[0], lat=spot[1]), None, []
        while rows := await proximity.within_distance(
            writer, EVERYTHING, Filter(), start, radius_m=radius_m, after=after, limit=limit
        ):
            found += rows
            after = DistanceCursor(rows[-1]["distance_m"], rows[-1]["id"])
        truth = dict(zip(points, to_spot(list(points.values()), spot), strict=True))
        agree({row["id"]: row["distance_m"] for row in found}, truth, radius_m)
        assert len({row["id"] for row in found}) == len(found)
        assert [row["distance_m"] for row in found] == sorted(row["distance_m"] for row in found)


def star(rng: random.Random, centre) -> list[tuple[float, float]]:
    """A simple ring around a centre that stays on its side of the antimeridian."""
    turns = sorted(rng.uniform(0, 360) for _ in range(rng.randint(5, 9)))
    ring = [GEOD.fwd(*centre, turn, rng.uniform(2_000, 15_000))[:2] for turn in turns]
    if centre[0] > 90:
        ring = [(lon if lon > 0 else 180.0, lat) for lon, lat in ring]
    return [*ring, ring[0]]


@pytest.mark.parametrize("name", CENTRES)
async def test_distance_from_areas(writer, name) -> None:
    rng = drawn(name)
    points = await scattered(writer, rng, CENTRES[name])
    shapes = [shapely.Polygon(star(rng, near(rng, CENTRES[name], 20_000))) for _ in range(2 * SHAPES)]
    for shape in [shape for shape in shapes if shape.is_valid][:SHAPES]:
        start = Start(shape=shapely.to_wkb(shape))
        radius_m = rng.uniform(0, 40_000)
        rows = await proximity.within_distance(
            writer, EVERYTHING, Filter(), start, radius_m=radius_m, limit=1000
        )
        found = {row["id"]: row["distance_m"] for row in rows}
        truth = {
            identity: 0.0 if shape.covers(shapely.Point(at)) else to_edges([shape.exterior.coords], at)
            for identity, at in points.items()
        }
        agree(found, truth, radius_m)


def agree(found: dict, truth: dict, radius_m: float) -> None:
    slack = dict.fromkeys(truth, 0.01)
    assert {i for i, metres in truth.items() if metres < radius_m - slack[i]} <= set(found)
    for identity, metres in found.items():
        assert metres == pytest.approx(truth[identity], abs=slack[identity])
        assert truth[identity] <= radius_m + slack[identity]


@pytest.mark.parametrize("name", CENTRES)
async def test_distance_from_corridors(writer, name) -> None:
    rng = drawn(name)
    points = await scattered(writer, rng, CENTRES[name])
    for _ in range(SHAPES):
        line = [near(rng, CENTRES[name], 30_000) for _ in range(3)]
        if max(abs(a[0] - b[0]) for a, b in pairwise(line)) > 180:
            continue
        width_m = rng.uniform(0, 8_000)
        start = Start(shape=shapely.to_wkb(shapely.LineString(line)), margin_m=width_m / 2)
        rows = await proximity.within_distance(writer, EVERYTHING, Filter(), start, radius_m=0, limit=1000)
        found = {row["id"]: row["distance_m"] for row in rows}
        truth = {identity: to_edges([line], at) for identity, at in points.items()}
        agree(found, truth, width_m / 2)


@pytest.mark.parametrize("name", CENTRES)
def test_the_interval_of_an_uncertain_spot_holds_every_position(name) -> None:
    rng = drawn(name)
    for _ in range(400):
        spot, record = near(rng, CENTRES[name], 30_000), near(rng, CENTRES[name], 30_000)
        margin_m, doubt_m = rng.uniform(0, 9_000), rng.uniform(0, 9_000)
        measured = GEOD.inv(*spot, *record)[2]
        told = Start(margin_m=margin_m, uncertain=True).interval(measured, doubt_m)
        true_m = GEOD.inv(*near(rng, spot, margin_m), *near(rng, record, doubt_m))[2]
        assert told.min_m - 0.01 <= true_m <= told.max_m + 0.01


async def test_the_nearest_with_an_item_that_most_hold_come_first(conn, writer) -> None:
    """The stock of many may be read first, which loses the order of the records that hold it."""
    rng, centre = drawn("stock"), CENTRES["qijiang"]
    line = {"item_code": "tent", "name": {"zh": "帐篷"}, "quantity": 3}
    records = [make("supply_depot", *near(rng, centre, 40_000), stock=[line]) for _ in range(900)]
    await changes.load(writer, records, A_CHANGE)
    for way in ("nestloop", "hashjoin"):
        await conn.execute(f"SET LOCAL enable_{way} = off")  # what is left sorts both sides by identity
    points = [record.geometry.coordinates for record in records]
    for _ in range(5):
        spot = near(rng, centre, 40_000)
        start = Start(lon=spot[0], lat=spot[1])
        for wanted in (Filter(item="gbt38565:tent"), Filter(item="gbt38565:tent", quantity=2.0)):
            hits = await nearest(writer, EVERYTHING, wanted, start, k=3)
            truth = np.sort(to_spot(points, spot))[:3]
            assert [row["distance_m"] for row in hits.rows] == pytest.approx(list(truth), abs=0.01)


async def test_what_lies_in_a_large_area_is_found_by_one_look(writer, monkeypatch) -> None:
    """Were everything at distance 0 looked for, the farthest records would be measured against every edge."""
    rng, centre = drawn("inside"), CENTRES["qijiang"]
    await scattered(writer, rng, centre)
    asked = []
    rows = writer.rows
    monkeypatch.setattr(writer, "rows", lambda *question: asked.append(question) or rows(*question))
    start = Start(shape=shapely.to_wkb(shapely.Point(centre).buffer(1, 500)))
    hits = await nearest(writer, EVERYTHING, Filter(), start, k=5)
    assert [row["distance_m"] for row in hits.rows] == [0.0] * 5
    assert len(asked) == 1


def test_more_than_five_thousand_cases() -> None:
    assert len(CENTRES) * (SPOTS * 5 + 2 * SHAPES * POINTS + 400) > 5_000
