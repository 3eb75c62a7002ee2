"""Distances to the nearest resource against every distance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.completeness import NOTHING_UNDECIDED
from registry.domain.coverage.demand import DemandPoint, MissingDemand
from registry.domain.coverage.distance_to_nearest import DistanceEstimate, distance_to_nearest
from registry.domain.coverage.watcher import Disc, Watcher
from registry.domain.errors import InvalidQuery
from tests.domain.coverage_oracles import CLOSED, OPEN, distances_m, sample, watchers


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.sampled_from([0.0, 300.0, 20_000.0]))
def test_nearest_distances_and_intervals_agree_with_brute_force(seed, count, most_doubt):
    rng = np.random.default_rng(seed)
    spots, lonlat = sample(rng, 104, 27, 109, 32, count), sample(rng, 104, 27, 109, 32, 60)
    doubt = rng.uniform(0, most_doubt, count)
    weight = rng.integers(0, 9, 60)
    points = [
        DemandPoint(*at, float(w), str(i))
        for i, (at, w) in enumerate(zip(lonlat.tolist(), weight, strict=True))
    ]
    every = distances_m(lonlat, spots)
    found = measure(watchers(spots, 1.0, doubt), points, limit=60)
    low = np.maximum(every - doubt, 0.0).min(axis=1)
    high = (every + doubt).min(axis=1)
    for reached in found.farthest:
        at = int(reached.point.id)
        nearest = int(every[at].argmin())
        told = every[at, nearest] if every[at, nearest] > doubt[nearest] else None
        assert reached.distance_m.nominal == pytest.approx(told, abs=1e-6)
        assert reached.distance_m.lower == pytest.approx(low[at], abs=1e-6)
        assert reached.distance_m.upper == pytest.approx(high[at], abs=1e-6)
        assert every[at, int(reached.resource)] == pytest.approx(every[at].min(), abs=1e-6)
    heavy = weight > 0
    assert found.quantiles[-1].distance_m.lower == pytest.approx(low[heavy].max())
    assert found.quantiles[-1].distance_m.upper == pytest.approx(high[heavy].max())
    if not most_doubt:
        assert found.quantiles[-1].distance_m.nominal == pytest.approx(every.min(axis=1)[heavy].max())
    for bound in ("lower", "upper"):
        shares = [getattr(q.distance_m, bound) for q in found.quantiles]
        assert shares == sorted(shares)


def measure(some, points, missing=(), limit=1, given=CLOSED):
    undecided = NOTHING_UNDECIDED
    return distance_to_nearest(some, points, missing, listing=given, undecided=undecided, limit=limit)


NEAR, FAR = DemandPoint(106.0, 29.0, 9.0), DemandPoint(106.5, 29.0, 1.0)


def test_quantiles_count_weight():
    found = measure([*watchers([(106.0, 29.0)], 1.0), Watcher(id="x")], [NEAR, FAR])
    nominal = [q.distance_m.nominal for q in found.quantiles]
    assert [round(metres) for metres in nominal[:3]] == [0, 0, 0]
    assert nominal[3] == found.farthest[0].distance_m.nominal > 40_000
    assert (found.located, found.unlocated) == (1, 1)
    assert found.mean_m.nominal == pytest.approx(nominal[-1] / 10)
    assert found.mean_m.lower == 0.0, "the other may stand at either point"


def test_a_stand_in_measured_against_itself_is_not_at_zero():
    seat = DemandPoint(106.0, 29.0)
    found = measure(watchers([(106.0, 29.0)], 1.0, 1_000.0), [seat])
    for distance in (found.mean_m, *(q.distance_m for q in found.quantiles)):
        assert distance == DistanceEstimate(0.0, None, 1_000.0)


def test_a_resource_known_by_its_town_is_as_far_as_the_town_allows():
    town = Watcher(id="1", radius_m=1.0, extents=(Disc(106.5, 29.0, 2_000.0),))
    apart = distances_m(np.array([[106.0, 29.0]]), np.array([[106.5, 29.0]]))[0, 0]
    found = measure([town], [NEAR]).farthest[0]
    assert found.resource is None
    assert found.distance_m.nominal is None
    assert found.distance_m.lower == pytest.approx(apart - 2_000.0, rel=1e-3)
    assert found.distance_m.upper == pytest.approx(apart + 2_000.0, rel=1e-3)


def test_what_is_not_listed_may_be_at_any_point():
    some = watchers([(106.0, 29.0)], 1.0)
    assert measure(some, [FAR]).mean_m.lower > 40_000.0
    mean = measure(some, [FAR], given=OPEN).mean_m
    assert (mean.lower, mean.upper) == (0.0, mean.nominal)
    assert measure([], [FAR], given=OPEN).mean_m == DistanceEstimate(0.0, None, None)
    assert measure([], [FAR]).mean_m == DistanceEstimate(None, None, None), "there is none"


def test_a_weight_that_is_not_known_leaves_no_figure_of_all():
    missing = [MissingDemand("T", None, "weight")]
    found = measure(watchers([(106.0, 29.0)], 1.0), [NEAR], missing)
    assert (found.weight, found.mean_m, found.quantiles, found.missing) == (None, None, None, missing)
    assert found.farthest[0].distance_m.nominal == 0.0


def test_no_demand_is_refused():
    with pytest.raises(InvalidQuery, match="demand point"):
        measure(watchers([(1, 1)], 1.0), [])
