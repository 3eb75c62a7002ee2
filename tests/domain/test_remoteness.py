"""Distances to the nearest resource against every distance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.coverage.demand import DemandPoint
from registry.domain.coverage.distance_to_nearest import distance_to_nearest
from registry.domain.coverage.watcher import Watcher
from registry.domain.errors import InvalidQuery
from tests.domain.coverage_oracles import distances_m, sample, watchers


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
    found = distance_to_nearest(watchers(spots, 1.0, doubt), points, limit=60)
    low = np.maximum(every - doubt, 0.0).min(axis=1)
    high = (every + doubt).min(axis=1)
    for reached in found.farthest:
        at = int(reached.point.id)
        assert reached.distance_m.nominal == pytest.approx(every[at].min(), abs=1e-6)
        assert reached.distance_m.lower == pytest.approx(low[at], abs=1e-6)
        assert reached.distance_m.upper == pytest.approx(high[at], abs=1e-6)
        assert every[at, int(reached.resource)] == pytest.approx(every[at].min(), abs=1e-6)
    assert found.quantiles[-1].distance_m == pytest.approx(every.min(axis=1)[weight > 0].max())
    shares = [q.distance_m for q in found.quantiles]
    assert shares == sorted(shares)


def test_quantiles_count_weight():
    points = [DemandPoint(106.0, 29.0, 9.0), DemandPoint(106.5, 29.0, 1.0)]
    found = distance_to_nearest([*watchers([(106.0, 29.0)], 1.0), Watcher(id="x")], points, limit=1)
    assert [round(q.distance_m) for q in found.quantiles[:3]] == [0, 0, 0]
    assert found.quantiles[3].distance_m == found.farthest[0].distance_m.nominal > 40_000
    assert (found.located, found.unlocated) == (1, 1)
    assert found.mean_m == pytest.approx(found.quantiles[-1].distance_m / 10)


def test_nothing_to_measure_is_said():
    with pytest.raises(InvalidQuery, match="located resource"):
        distance_to_nearest([Watcher(id="x")], [DemandPoint(1, 1)], limit=1)
    with pytest.raises(InvalidQuery, match="demand point"):
        distance_to_nearest(watchers([(1, 1)], 1.0), [], limit=1)
