"""Travel times by road against a plain Dijkstra, and what must hold of them whatever the network."""

import math
import os
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import Geod, Transformer

from registry.domain.errors import Invalid, InvalidQuery
from registry.domain.roads.closures import Vehicle, crossing, too_small_for
from registry.domain.roads.first_arrival import first_arrivals
from registry.domain.roads.leg import FOOT_M_PER_S, FREE, MAX_OFFROAD_M, RoadSpot, Traffic
from registry.domain.roads.network import BACKWARD, FORWARD, RoadNetwork
from registry.domain.roads.search import RoadSearch
from registry.domain.roads.snapping import pieces_within, snap
from registry.domain.roads.speeds import CLASSES, DEFAULT_SPEEDS, read_speeds
from registry.store.roads.osm_file import read_extract
from tests.roads import (
    SYN60,
    PlainDijkstra,
    extract_of,
    network_of,
    place_on,
    random_extract,
    two_banks,
    write_osm,
)

GEOD = Geod(ellps="WGS84")
OWN = os.environ.get("REGISTRY_TEST_EXTRACT")
"""An extract of one's own that the comparison takes in too."""


@pytest.fixture(scope="module")
def syn60() -> RoadNetwork:
    return network_of(read_extract(SYN60))


@pytest.fixture(scope="module", params=["syn60", "random", "sparse", *(["own"] if OWN else [])])
def network(request, syn60: RoadNetwork) -> RoadNetwork:
    if request.param == "syn60":
        return syn60
    if request.param == "own":
        return network_of(read_extract(Path(OWN)))
    return network_of(random_extract(5, 400) if request.param == "random" else random_extract(6, 60))


def places(network: RoadNetwork, seed: int, count: int) -> list[tuple[int, float]]:
    """Places on pieces, whose nearest piece is no other one."""
    rng = np.random.default_rng(seed)
    asked = [
        (int(rng.integers(0, len(network.begin))), float(rng.uniform(0.05, 0.95))) for _ in range(9 * count)
    ]
    met = snap(network, [RoadSpot(*place_on(network, *one)) for one in asked], np.full(len(asked), 1.0)).piece
    own = [one for one, piece in zip(asked, met, strict=True) if piece == one[0]]
    assert len(own) >= count
    return own[:count]


def spots(network: RoadNetwork, seed: int, count: int, radius_m: float = 0.0) -> list[RoadSpot]:
    rng = np.random.default_rng(seed)
    west, south, east, north = network.head.extent
    return [
        RoadSpot(float(lon), float(lat), radius_m)
        for lon, lat in zip(rng.uniform(west, east, count), rng.uniform(south, north, count), strict=True)
    ]


@pytest.mark.parametrize("shut", [0.0, 0.15])
def test_a_thousand_pairs_are_those_of_a_plain_search(network: RoadNetwork, shut: float) -> None:
    rng = np.random.default_rng(3)
    closed = np.flatnonzero(rng.random(len(network.begin)) < shut)
    oracle, search = PlainDijkstra(network, closed.tolist()), RoadSearch(network)
    origins, targets = places(network, 1, 25), places(network, 2, 40)
    reached = [oracle.from_place(*origin) for origin in origins]
    at = [RoadSpot(*place_on(network, *one)) for one in origins]
    for to in targets:
        legs = search.seconds(at, RoadSpot(*place_on(network, *to)), traffic=Traffic(tuple(closed)))
        for leg, origin, known in zip(legs, origins, reached, strict=True):
            expected = oracle.seconds(known, origin, to)
            if math.isinf(expected):
                assert leg.unknown == "not_connected", (origin, to)
            else:
                assert leg.seconds_min == pytest.approx(expected, abs=1e-6), (origin, to)
                assert leg.free_flow_max_s == leg.seconds_min


def test_another_origin_changes_no_answer(syn60: RoadNetwork) -> None:
    search = RoadSearch(syn60)
    origins, to = spots(syn60, 4, 60, 80.0) + spots(syn60, 5, 60), spots(syn60, 6, 1)[0]
    for target in (to, to._replace(radius_m=200.0)):
        alone = [search.seconds([one], target, limit_s=900)[0] for one in origins]
        assert search.seconds(origins, target, limit_s=900) == alone
        assert search.seconds(origins[::-1], target, limit_s=900) == alone[::-1]


def test_a_closure_shortens_nothing(network: RoadNetwork) -> None:
    search, rng = RoadSearch(network), np.random.default_rng(7)
    origins, to = spots(network, 8, 80), spots(network, 9, 1)[0]
    closed = Traffic(tuple(np.flatnonzero(rng.random(len(network.begin)) < 0.1)))
    pairs = zip(search.seconds(origins, to), search.seconds(origins, to, traffic=closed), strict=True)
    for before, after in pairs:
        assert after.seconds_min is None or after.seconds_min >= before.seconds_min - 1e-9


def test_nothing_is_faster_than_the_straight_line_at_the_greatest_speed(network: RoadNetwork) -> None:
    origins, to = spots(network, 10, 200), spots(network, 11, 1)[0]
    for origin, leg in zip(origins, RoadSearch(network).seconds(origins, to), strict=True):
        straight_m = GEOD.inv(origin.lon, origin.lat, to.lon, to.lat)[2]
        if leg.seconds_min is not None:
            assert leg.seconds_min >= straight_m / network.head.fastest_m_per_s - 1e-6


def test_the_nearest_piece_is_that_of_every_piece_looked_at(network: RoadNetwork) -> None:
    asked = spots(network, 12, 15)
    columns = (
        network.lon[network.begin],
        network.lat[network.begin],
        network.lon[network.end],
        network.lat[network.end],
    )
    lines = shapely.segmentize(shapely.linestrings(np.stack(columns, 1).reshape(-1, 2, 2)), 0.002)
    found = snap(network, asked, np.full(len(asked), MAX_OFFROAD_M))
    for n, spot in enumerate(asked):
        plane = Transformer.from_crs(
            "EPSG:4326", f"+proj=aeqd +lon_0={spot.lon} +lat_0={spot.lat} +ellps=WGS84", always_xy=True
        )
        flat = shapely.transform(lines, lambda x, y, plane=plane: plane.transform(x, y), interleaved=False)
        away = shapely.distance(flat, shapely.Point(0, 0))
        if away.min() > MAX_OFFROAD_M:
            assert found.piece[n] == -1
        else:
            assert found.away_m[n] == pytest.approx(away.min(), rel=1e-5, abs=5e-3)
        for radius_m in (150.0, 700.0):
            sure, perhaps = (
                set(np.flatnonzero(away < radius_m - 0.1)),
                set(np.flatnonzero(away < radius_m + 0.1)),
            )
            assert sure <= set(pieces_within(network, spot, radius_m)) <= perhaps


def test_an_uncertain_spot_has_the_least_and_the_greatest_of_its_places(syn60: RoadNetwork) -> None:
    search, rng = RoadSearch(syn60), np.random.default_rng(13)
    for origin, to in zip(spots(syn60, 14, 6, 250.0), spots(syn60, 15, 6, 150.0), strict=True):
        (leg,) = search.seconds([origin], to)
        for _ in range(15):
            ends = []
            for spot in (origin, to):
                away, turn = spot.radius_m * math.sqrt(rng.random()), rng.uniform(0, 360)
                lon, lat, _ = GEOD.fwd(spot.lon, spot.lat, turn, away)
                ends.append(RoadSpot(lon, lat))
            (exact,) = search.seconds(ends[:1], ends[1])
            assert exact.seconds_min is not None
            assert leg.seconds_min <= exact.seconds_min <= leg.free_flow_max_s


def test_a_limit_hides_what_is_beyond_it_and_changes_nothing_else(syn60: RoadNetwork) -> None:
    search, origins, to = RoadSearch(syn60), spots(syn60, 16, 100), spots(syn60, 17, 1)[0]
    for free, limited in zip(
        search.seconds(origins, to), search.seconds(origins, to, limit_s=300), strict=True
    ):
        if free.seconds_min > 300:
            assert (limited.seconds_min, limited.unknown) == (None, "beyond_limit")
        else:
            assert limited == free


def test_the_first_arrival_is_the_least_of_all_pairs(syn60: RoadNetwork) -> None:
    search, rng = RoadSearch(syn60), np.random.default_rng(23)
    closed = Traffic(tuple(np.flatnonzero(rng.random(len(syn60.begin)) < 0.1)))
    origins, targets = spots(syn60, 21, 12), spots(syn60, 22, 40)
    targets += [origins[0], RoadSpot(107.5, 29.0)]
    for traffic in (FREE, closed):
        times = first_arrivals(search, [(one, True) for one in origins], targets, traffic)
        for n, target in enumerate(targets):
            legs = search.seconds(origins, target, traffic=traffic)
            least = min((leg.seconds_min for leg in legs if leg.seconds_min is not None), default=math.inf)
            assert times.free_flow[n] == pytest.approx(least, abs=1e-6)
            assert times.low[n] == times.free_flow[n]
            assert (times.unknown[n] is not None) == (
                legs[0].unknown in ("too_far_from_road", "no_road_data")
            )


def test_the_first_arrival_of_uncertain_ones_lies_between_its_ends() -> None:
    table = read_speeds(
        b'{"name":"office","source":"a test","kmh":{},'
        b'"factors":[{"condition":"ice","source":"a test","by_class":{},"otherwise":1}]}'
    )
    network = network_of(read_extract(SYN60), table)
    search, rng, traffic = RoadSearch(network), np.random.default_rng(24), Traffic(condition="ice")
    origins, targets = spots(network, 25, 4, 200.0), spots(network, 26, 15)
    times = first_arrivals(search, [(one, True) for one in origins], targets, traffic)
    doubtful = first_arrivals(search, [(one, False) for one in origins], targets, traffic)
    assert np.isinf(doubtful.high).all()
    assert (doubtful.low == times.low).all()
    for _ in range(10):
        moved = []
        for spot in origins:
            away, turn = spot.radius_m * math.sqrt(rng.random()), rng.uniform(0, 360)
            moved.append((RoadSpot(*GEOD.fwd(spot.lon, spot.lat, turn, away)[:2]), True))
        exact = first_arrivals(search, moved, targets, FREE).free_flow
        assert (times.low <= exact + 1e-6).all()
        assert (exact <= times.high + 1e-6).all()


def test_across_a_river_is_an_hour_by_road_and_no_way_when_both_bridges_are_shut() -> None:
    network = network_of(two_banks(201))
    search, middle = RoadSearch(network), 100
    here, there = (RoadSpot(float(network.lon[n]), float(network.lat[n])) for n in (middle, middle + 201))
    assert GEOD.inv(here.lon, here.lat, there.lon, there.lat)[2] == pytest.approx(164, abs=0.5)
    (leg,) = search.seconds([here], there)
    assert leg.seconds_min >= 3600
    bridges = np.flatnonzero(network.end == network.begin + 201)
    assert len(bridges) == 2
    (one_shut,) = search.seconds([here], there, traffic=Traffic((int(bridges[0]),)))
    assert one_shut.seconds_min >= leg.seconds_min
    (cut,) = search.seconds([here], there, traffic=Traffic(tuple(bridges)))
    assert (cut.seconds_min, cut.unknown) == (None, "not_connected")


def test_a_limit_does_not_hide_that_there_is_no_way() -> None:
    network = network_of(two_banks(41))
    here, there = (RoadSpot(float(network.lon[n]), float(network.lat[n])) for n in (20, 61))
    bridges = np.flatnonzero(network.end == network.begin + 41)
    legs = [
        RoadSearch(network).seconds([here], there, limit_s=60, traffic=Traffic(closed))[0].unknown
        for closed in ((), (int(bridges[0]),), tuple(bridges))
    ]
    assert legs == ["beyond_limit", "beyond_limit", "not_connected"]


def test_the_way_on_foot_counts_and_is_told() -> None:
    network = network_of(two_banks(21, river_m=2000))
    lon, lat = float(network.lon[10]), float(network.lat[10])
    beside, far = (RoadSpot(*GEOD.fwd(lon, lat, 0, away_m)[:2]) for away_m in (400, 600))
    beyond = RoadSpot(*GEOD.fwd(lon, lat, 180, 600)[:2])
    legs = RoadSearch(network).seconds([beside, far, beyond], RoadSpot(float(network.lon[11]), lat))
    assert legs[0].offroad_m == pytest.approx(400, abs=0.01)
    assert legs[0].seconds_min == pytest.approx(400 / FOOT_M_PER_S + 36, abs=0.1)
    assert [(leg.seconds_min, leg.unknown) for leg in legs[1:]] == [
        (None, "too_far_from_road"),
        (None, "no_road_data"),
    ]


def test_two_spots_on_one_piece_of_a_one_way_street() -> None:
    lon, lat = [106.6, 106.61, 106.605], [29.0, 29.0, 29.005]
    road = CLASSES.index("residential")
    network = network_of(
        extract_of(lon, lat, [(0, 1, FORWARD, road), (1, 2, FORWARD, road), (2, 0, FORWARD, road)])
    )
    first, second = RoadSpot(106.602, 29.0), RoadSpot(106.608, 29.0)
    search = RoadSearch(network)
    whole = float(network.seconds.sum())
    (ahead,), (round_,) = search.seconds([first], second), search.seconds([second], first)
    assert ahead.seconds_min == pytest.approx(0.6 * float(network.seconds[0]), rel=1e-4)
    assert ahead.seconds_min + round_.seconds_min == pytest.approx(whole, rel=1e-9)


def test_factors_give_the_greatest_time_and_nothing_else_does(syn60: RoadNetwork) -> None:
    table = read_speeds(
        b'{"name":"office","source":"survey 2026","kmh":{"residential":25},'
        b'"factors":[{"condition":"ice","source":"office rule 3","by_class":{"primary":2},"otherwise":3}]}'
    )
    network = network_of(read_extract(SYN60), table)
    origins, to = spots(network, 19, 40), spots(network, 20, 1)[0]
    free = RoadSearch(network).seconds(origins, to)
    icy = RoadSearch(network).seconds(origins, to, traffic=Traffic(condition="ice"))
    for one, other in zip(free, icy, strict=True):
        assert one.seconds_max is None
        assert other.seconds_min == one.seconds_min
        assert one.seconds_min <= other.seconds_max <= 3 * one.seconds_min
    with pytest.raises(InvalidQuery, match="no factors for rain; known: ice"):
        RoadSearch(network).seconds(origins, to, traffic=Traffic(condition="rain"))


def test_closures_take_what_they_touch_and_bridges_hold_what_they_hold() -> None:
    network = network_of(read_extract(SYN60))
    assert len(too_small_for(network, Vehicle(weight_t=19.9))) == 0
    assert len(too_small_for(network, Vehicle(weight_t=20.1))) == 2
    lon, lat = place_on(network, 100, 0.5)
    box = shapely.box(lon - 0.002, lat - 0.002, lon + 0.002, lat + 0.002)
    ends = [
        shapely.LineString([place_on(network, n, 0.0), place_on(network, n, 1.0)])
        for n in range(len(network.begin))
    ]
    touched = [n for n, line in enumerate(ends) if line.intersects(box)]
    assert crossing(network, shapely.to_wkb(box)).tolist() == touched
    assert 100 in touched
    assert crossing(network, shapely.to_wkb(shapely.Point(lon, lat))).tolist() == [100]


SQUARE = {1: (106.60, 29.0), 2: (106.61, 29.0), 3: (106.61, 29.01), 4: (106.60, 29.01)}
RING = [1, 2, 3, 4, 1]


@pytest.mark.parametrize(
    ("tags", "kmh"),
    [
        ({}, 30),
        ({"maxspeed": "50"}, 50),
        ({"maxspeed": "50 km/h"}, 50),
        ({"maxspeed": "30 mph"}, 48.28032),
        ({"maxspeed": "CN:urban"}, 30),
        ({"maxspeed": "none"}, 30),
        ({"maxspeed": "0"}, 30),
        ({"maxspeed": "50; 30"}, 30),
    ],
)
def test_a_posted_speed_counts_when_it_is_a_number(tmp_path: Path, tags: dict, kmh: float) -> None:
    path = write_osm(tmp_path / "a.osm.pbf", SQUARE, [(RING, {"highway": "residential", **tags})])
    network = network_of(read_extract(path))
    length_m = GEOD.inv(106.60, 29.0, 106.61, 29.0)[2]
    assert float(network.seconds[0]) == pytest.approx(length_m * 3.6 / kmh, rel=1e-6)


@pytest.mark.parametrize(
    ("tags", "arcs"),
    [
        ({}, 8),
        ({"oneway": "yes"}, 4),
        ({"oneway": "-1"}, 4),
        ({"junction": "roundabout"}, 4),
        ({"highway": "motorway"}, 4),
        ({"highway": "motorway", "oneway": "no"}, 8),
        ({"access": "private", "emergency": "yes"}, 8),
        ({"access": "no", "motor_vehicle": "destination"}, 8),
    ],
)
def test_which_ways_a_road_may_be_followed(tmp_path: Path, tags: dict, arcs: int) -> None:
    path = write_osm(tmp_path / "a.osm.pbf", SQUARE, [(RING, {"highway": "residential", **tags})])
    assert network_of(read_extract(path)).head.counts.arcs == arcs


@pytest.mark.parametrize(
    "tags",
    [
        {"access": "private"},
        {"motor_vehicle": "no"},
        {"highway": "footway"},
        {"highway": "construction"},
        {"highway": "pedestrian", "area": "yes"},
        {"highway": "", "route": "ferry"},
    ],
)
def test_a_file_without_a_road_for_vehicles_is_refused(tmp_path: Path, tags: dict) -> None:
    path = write_osm(tmp_path / "a.osm.pbf", SQUARE, [(RING, {"highway": "residential", **tags})])
    with pytest.raises(Invalid, match="no road that a vehicle may follow"):
        network_of(read_extract(path))


@pytest.mark.parametrize(("barrier", "passes"), [("bollard", False), ("gate", True), ("lift_gate", True)])
def test_a_bollard_stops_and_a_gate_does_not(tmp_path: Path, barrier: str, passes: bool) -> None:
    nodes = SQUARE | {2: (106.61, 29.0, {"barrier": barrier})}
    network = network_of(
        read_extract(write_osm(tmp_path / "a.osm.pbf", nodes, [(RING, {"highway": "service"})]))
    )
    before, behind = RoadSpot(106.609, 29.0), RoadSpot(106.61, 29.001)
    (leg,) = RoadSearch(network).seconds([before], behind)
    assert (leg.seconds_min < 200) == passes
    assert leg.seconds_min is not None


def test_roads_that_fall_apart_are_refused(tmp_path: Path) -> None:
    lone = {10 + n: (106.7 + n / 1000, 29.0) for n in range(3)}
    path = write_osm(
        tmp_path / "a.osm.pbf",
        SQUARE | lone,
        [(RING, {"highway": "residential"}), (sorted(lone), {"highway": "residential"})],
    )
    with pytest.raises(Invalid, match="hang together"):
        network_of(read_extract(path))


def test_what_is_no_extract_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.osm.pbf"
    path.write_bytes(b"no roads here")
    with pytest.raises(Invalid, match="no OpenStreetMap extract"):
        read_extract(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "cannot be read"),
        (b'{"name":"a","source":"b","kmh":{"highroad":5}}', "highroad is no class of road"),
        (
            b'{"name":"a","source":"b","kmh":{},"factors":[{"condition":"ice","by_class":{},"otherwise":2}]}',
            "source",
        ),
        (b'{"name":"a","source":"b","kmh":{"primary":-5}}', "cannot be read"),
    ],
)
def test_speeds_that_make_no_sense_are_refused(content: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read_speeds(content)


def test_only_the_box_is_taken_when_one_is_given() -> None:
    whole, part = read_extract(SYN60), read_extract(SYN60, (106.6, 29.0, 106.65, 29.04))
    assert 0 < len(part.lon) < len(whole.lon)
    assert part.lon.max() <= 106.65
    assert network_of(part).head.speeds == DEFAULT_SPEEDS
    assert FORWARD | BACKWARD == 3
