"""Lower, nominal and upper against brute force over possible positions."""

import msgspec
import numpy as np
import pytest
import shapely
from msgspec import UNSET

from registry.domain.coverage.coverage import assess, coverage_of
from registry.domain.coverage.geometry.plane import to_plane
from registry.domain.coverage.geometry.study_area import lay_out
from registry.domain.coverage.watcher import Disc, ViewSector, Watcher
from tests.domain.coverage_oracles import CLOSED, GEOD, distances_m, part, sample, watchers

BOX = (105.9, 28.9, 106.3, 29.3)
AREA = shapely.box(*BOX)
TOWN = shapely.Polygon([(106.05, 29.05), (106.08, 29.04), (106.09, 29.08), (106.06, 29.10), (106.065, 29.07)])
EDGE_M = 25.0


def answer(*some, area=AREA):
    return coverage_of(assess(lay_out([part(area)]), list(some), CLOSED))


def possible_positions(extent, rng, n=600):
    """Positions drawn from an extent, its border included."""
    if isinstance(extent, Disc):
        reach = extent.radius_m * np.sqrt(rng.uniform(0, 1, n))
        reach[: n // 2] = extent.radius_m
        lon, lat, _ = GEOD.fwd(np.full(n, extent.lon), np.full(n, extent.lat), rng.uniform(0, 360, n), reach)
        return np.column_stack([lon, lat])
    west, south, east, north = extent.bounds
    inside = sample(rng, west, south, east, north, n)
    inside = inside[shapely.contains_xy(extent, *inside.T)]
    border = shapely.get_coordinates(shapely.segmentize(extent, 0.0005))
    return np.concatenate([inside, border])


def brute_force(points, extents, radius_m, rng):
    """Per point: how far the nearest and the farthest possible position is."""
    d = distances_m(points, np.concatenate([possible_positions(e, rng) for e in extents]))
    return d.min(axis=1), d.max(axis=1)


def membership(assessment, bound, points):
    """Which lon/lat points the drawing of a bound covers."""
    ground = assessment.area
    left = shapely.union_all(getattr(assessment, bound).pieces)
    xy = ground.plane.forward(points)
    return ~shapely.contains_xy(left, *xy.T)


EXTENTS = {
    "disc": (Disc(106.1, 29.1, 1_500.0),),
    "small disc and far disc": (Disc(106.1, 29.1, 300.0), Disc(106.14, 29.12, 500.0)),
    "two distant discs": (Disc(106.0, 29.0, 300.0), Disc(106.2, 29.2, 500.0)),
    "polygon": (TOWN,),
    "polygon and disc": (TOWN, Disc(106.1, 29.08, 800.0)),
}


@pytest.mark.parametrize("name", EXTENTS)
def test_unlocated_interval_is_what_sampling_possible_positions_gives(name):
    rng = np.random.default_rng(11)
    extents, radius_m = EXTENTS[name], 5_000.0
    stored = tuple(e if isinstance(e, Disc) else shapely.to_wkb(e) for e in extents)
    one = Watcher(id="1", radius_m=radius_m, extents=stored)
    points = sample(rng, *BOX, 1_500)
    nearest, farthest = brute_force(points, extents, radius_m, rng)
    found = assess(lay_out([part(AREA)]), [one], CLOSED)
    clear = np.abs(farthest - radius_m) > EDGE_M
    assert np.array_equal(membership(found, "lower", points)[clear], (farthest <= radius_m)[clear])
    clear = np.abs(nearest - radius_m) > 10 * EDGE_M
    assert np.array_equal(membership(found, "upper", points)[clear], (nearest <= radius_m)[clear])
    assert coverage_of(found).covered_m2.nominal == coverage_of(found).covered_m2.lower


def test_located_interval_is_the_three_discs():
    r, u = 5_000.0, 1_200.0
    one = watchers([(106.1, 29.1)], r, u)
    found = assess(lay_out([part(AREA)]), one, CLOSED)
    for state, reach in (("lower", r - u), ("nominal", r), ("upper", r + u)):
        ground = found.area.whole.area - getattr(found, state).whole.area
        assert ground == pytest.approx(np.pi * reach**2, rel=1e-6)


def test_a_disc_that_lies_inside_covers_its_own_area_wherever_it_stands():
    r, u = 5_000.0, 1_200.0
    found = answer(*watchers([(106.1, 29.1)], r, u)).covered_m2
    assert found.lower == pytest.approx(found.upper, rel=1e-6)
    assert found.nominal == pytest.approx(np.pi * r**2, rel=1e-6)


def test_doubt_beyond_the_radius_leaves_no_certain_ground():
    found = answer(*watchers([(106.1, 29.1)], 1_000.0, 1_000.0)).covered_m2
    assert found.lower == pytest.approx(np.pi * 1_000.0**2, rel=1e-5)
    one = watchers([(106.1, 29.1)], 1_000.0, 1_000.0)
    bare = assess(lay_out([part(AREA)]), one, CLOSED)
    assert bare.lower.whole.area == pytest.approx(bare.area.whole.area)


def test_what_has_no_radius_or_no_place_is_untestable_by_name():
    named = msgspec.structs.replace
    base = Watcher(id="a")
    unplaced = named(base, id="b", radius_m=10.0)
    found = answer(named(base, position=(106.1, 29.1)), unplaced, base)
    assert [(u.id, u.reason, u.unknown) for u in found.undecided.resources] == [
        ("a", "unknown_value", ["watch_radius_m"]),
        ("b", "no_position", UNSET),
        ("a", "unknown_value", ["watch_radius_m"]),
    ]
    assert found.counts.untestable == 3
    assert (found.ratio.lower, found.ratio.upper) == (0.0, 1.0)
    assert answer(unplaced).covered_m2.upper == pytest.approx(np.pi * 10.0**2)


def test_an_extent_that_is_not_known_takes_away_the_certain_ground():
    known = Watcher(id="1", radius_m=5_000.0, extents=(Disc(106.1, 29.1, 100.0),))
    part_known = msgspec.structs.replace(known, extents_complete=False)
    assert answer(known).ratio.lower > 0.0
    assert answer(part_known).ratio.lower == 0.0
    assert answer(part_known).covered_m2.upper == pytest.approx(
        min(2 * np.pi * 5_000.0**2, answer(known).area_m2), rel=1e-3
    )


def test_a_footprint_overrides_the_radius_and_moves_with_the_doubt():
    side_m = 4_000.0
    lat = 29.1
    lon_m, lat_m = (GEOD.inv(106.1, lat, 106.1 + dx, lat + dy)[2] for dx, dy in ((0.001, 0), (0, 0.001)))
    dx, dy = 0.001 * side_m / lon_m / 2, 0.001 * side_m / lat_m / 2
    square = shapely.to_wkb(shapely.box(106.1 - dx, lat - dy, 106.1 + dx, lat + dy))
    one = msgspec.structs.replace(watchers([(106.1, lat)], 9e3, 500.0)[0], footprint=square)
    state = assess(lay_out([part(AREA)]), [one], CLOSED)
    low, high = (state.area.whole.area - left.whole.area for left in (state.lower, state.upper))
    assert low == pytest.approx((side_m - 1_000.0) ** 2, rel=1e-3)
    assert high == pytest.approx(side_m**2 + 4 * side_m * 500.0 + np.pi * 500.0**2, rel=1e-3)
    found = answer(one).covered_m2
    assert found.nominal == pytest.approx(side_m**2, rel=1e-3)
    assert (found.lower, found.upper) == pytest.approx((found.nominal, found.nominal), rel=1e-6)
    fixed = answer(Watcher(id="1", footprint=square)).covered_m2
    assert fixed.lower == fixed.upper == pytest.approx(found.nominal)


def test_a_line_is_watched_on_all_sides():
    lon, lat, _ = GEOD.fwd(106.05, 29.1, 60.0, 8_000.0)
    line = shapely.LineString([(106.05, 29.1), (lon, lat)])
    whole = answer(Watcher(id="1", radius_m=700.0, line=shapely.to_wkb(line), uncertainty_m=200.0))
    found = whole.covered_m2
    for got, r in ((found.lower, 500.0), (found.nominal, 700.0), (found.upper, 900.0)):
        true = 2 * r * 8_000.0 + np.pi * r**2
        assert got == pytest.approx(true, rel=1e-4)
        assert abs(got - true) <= whole.error_bound_m2
    assert whole.error_bound_m2 < 1e-4 * found.upper


@pytest.mark.parametrize("span", [60.0, 200.0, 300.0])
def test_uncertain_sector_against_sampled_apexes(span):
    rng = np.random.default_rng(5)
    view, r, u = ViewSector(20.0, (20.0 + span) % 360), 5_000.0, 800.0
    located = msgspec.structs.replace(watchers([(106.1, 29.1)], r, u)[0], view=view)
    unlocated = Watcher(id="2", radius_m=r, extents=(Disc(106.1, 29.1, u),), view=view)
    points = sample(rng, *BOX, 800)
    apexes = possible_positions(Disc(106.1, 29.1, u), rng, 500)
    shape = (len(points), len(apexes))
    pairs = [np.broadcast_to(a, shape).ravel() for a in (apexes[:, 0], apexes[:, 1])]
    pairs += [np.broadcast_to(p, shape).ravel() for p in (points[:, :1], points[:, 1:])]
    azimuth, _, distance = GEOD.inv(*pairs)
    seen = ((distance <= r) & ((azimuth - view.from_deg) % 360 <= span)).reshape(shape)
    for one in (located, unlocated):
        found = assess(lay_out([part(AREA)]), [one], CLOSED)
        lower, upper = membership(found, "lower", points), membership(found, "upper", points)
        assert not (lower & ~seen.all(axis=1)).any()
        assert not (seen.any(axis=1) & ~upper).any()
        near_all, near_any = np.mean(seen.all(axis=1) & ~lower), np.mean(upper & ~seen.any(axis=1))
        assert max(near_all, near_any) < 0.02


def test_order_holds_for_every_mixture():
    rng = np.random.default_rng(2)
    for _ in range(10):
        n = int(rng.integers(1, 25))
        some = watchers(
            sample(rng, *BOX, n), rng.uniform(500, 6_000, n), rng.choice([0.0, 100.0, 4_000.0], n)
        )
        some += [Watcher(id="u", radius_m=5_000.0, extents=(shapely.to_wkb(TOWN),))]
        found = answer(*some)
        assert found.ratio.lower <= found.ratio.nominal <= found.ratio.upper
        assert found.covered_m2.upper <= found.area_m2


def test_assumed_places_share_overlapping_ground_by_nearness():
    discs = [Disc(106.1, 29.1, 3_000.0), Disc(106.13, 29.1, 3_000.0), Disc(106.1, 29.14, 2_000.0)]
    ground = lay_out([part(d, str(i)) for i, d in enumerate(discs)])
    whole = shapely.union_all([shapely.Polygon(ground.plane.forward(c)) for c in map(_circle, discs)])
    assert ground.area_m2.sum() == pytest.approx(whole.area, rel=2e-6)
    assert shapely.union_all(ground.shapes).area == pytest.approx(ground.area_m2.sum(), rel=1e-9)
    assert abs(ground.area_m2[0] - ground.area_m2[1]) < 0.2 * ground.area_m2[0]


def _circle(disc):
    lon, lat, _ = GEOD.fwd(
        np.full(4096, disc.lon),
        np.full(4096, disc.lat),
        np.linspace(0, 360, 4096),
        np.full(4096, disc.radius_m),
    )
    return np.column_stack([lon, lat])


def test_a_drawn_boundary_comes_before_an_assumed_one():
    ground = lay_out([part(Disc(106.1, 29.1, 3_000.0), "assumed"), part(TOWN, "drawn")])
    assert ground.area_m2[1] == pytest.approx(to_plane(ground.plane, TOWN).area, rel=1e-9)
    assert ground.area_m2.sum() == pytest.approx(ground.whole.area, rel=1e-9)
