"""Siting against enumeration of every choice, and against instances whose optimum is known."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.coverage.siting.demand_folding import SitingProblem, fold, greedy, interchange
from registry.domain.coverage.siting.solver import solve


def instance(seed, demands=25, sites=9, reach=0.3, existing=1):
    """A planar instance: weights, counts covered already, and pairs within reach."""
    rng = np.random.default_rng(seed)
    spots, candidates, old = rng.random((demands, 2)), rng.random((sites, 2)), rng.random((existing, 2))
    far = np.hypot(*(spots[:, None] - candidates[None]).transpose(2, 0, 1))
    covered = (np.hypot(*(spots[:, None] - old[None]).transpose(2, 0, 1)) <= reach).sum(axis=1)
    point, site = np.nonzero(far <= reach)
    weight = rng.integers(1, 20, demands).astype(float)
    return {"weight": weight, "covered": covered, "site": site, "point": point, "sites": sites}, far <= reach


def value(given, within, chosen, need):
    counts = given["covered"] + within[:, list(chosen)].sum(axis=1)
    return given["weight"][counts >= need].sum()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2]), st.integers(1, 4))
def test_maximal_covering_equals_the_best_of_all_choices(seed, need, most):
    given, within = instance(seed)
    best = max(value(given, within, c, need) for c in combinations(range(9), most))
    found = solve(SitingProblem("mclp", **given, need=need, most=most), 20.0)
    assert found.status == "optimal"
    assert found.objective == pytest.approx(best)
    assert found.bound == pytest.approx(best)
    assert value(given, within, found.chosen, need) == pytest.approx(best)
    assert len(found.chosen) <= most


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2]), st.sampled_from([0.5, 0.8, 0.95, 1.0]))
def test_set_covering_needs_as_few_as_the_smallest_choice(seed, need, target):
    given, within = instance(seed, reach=0.4)
    wanted = target * given["weight"].sum()
    fewest = next(
        (
            n
            for n in range(10)
            for c in combinations(range(9), n)
            if value(given, within, c, need) >= wanted - 1e-9
        ),
        None,
    )
    found = solve(SitingProblem("lscp", **given, need=need, target=target), 20.0)
    if fewest is None:
        assert found.status == "infeasible"
        assert found.reachable_weight < wanted
    else:
        assert (found.status, found.objective) == ("optimal", fewest)
        assert value(given, within, found.chosen, need) >= wanted - 1e-9


def test_the_fano_plane_needs_three_points_to_meet_every_line():
    lines = [(0, 1, 2), (0, 3, 4), (0, 5, 6), (1, 3, 5), (1, 4, 6), (2, 3, 6), (2, 4, 5)]
    point, site = np.array([(row, at) for row, line in enumerate(lines) for at in line]).T
    none = np.zeros(7, dtype=int)
    found = solve(SitingProblem("lscp", np.ones(7), none, site, point, 7), 20.0)
    assert (found.status, found.objective) == ("optimal", 3.0)
    two = solve(SitingProblem("mclp", np.ones(7), none, site, point, 7, most=2), 20.0)
    assert two.objective == 5.0


def test_five_queens_dominate_the_chessboard():
    cells = [(r, c) for r in range(8) for c in range(8)]
    sees = [
        (a, b)
        for a, (r, c) in enumerate(cells)
        for b, (s, d) in enumerate(cells)
        if r == s or c == d or abs(r - s) == abs(c - d)
    ]
    site, point = np.array(sees).T
    found = solve(SitingProblem("lscp", np.ones(64), np.zeros(64, dtype=int), site, point, 64), 60.0)
    assert (found.status, found.objective) == ("optimal", 5.0)


def test_a_run_cut_short_says_how_far_it_may_be_off():
    given, within = instance(3, demands=1_500, sites=200, reach=0.12, existing=0)
    found = solve(SitingProblem("mclp", **given, most=15), 0.05)
    assert found.bound >= found.objective == value(given, within, found.chosen, 1)
    assert found.gap == pytest.approx((found.bound - found.objective) / found.objective)
    assert found.status in ("feasible", "optimal")
    best = solve(SitingProblem("mclp", **given, most=15), 60.0)
    assert found.objective <= best.objective <= found.bound + 1e-6


def test_the_start_is_a_greedy_choice_that_swaps_improve():
    given, _ = instance(4, demands=400, sites=60, reach=0.15)
    classes = fold(SitingProblem("mclp", **given, most=6))
    first = greedy(classes, 6, np.inf)
    better = interchange(classes, first)
    assert len(set(better)) == 6
    assert classes.value(better) >= classes.value(first) > 0


def test_nothing_to_do_is_an_answer():
    nothing = np.empty(0, dtype=int)
    covered = SitingProblem("lscp", np.ones(3), np.ones(3, dtype=int), nothing, nothing, 0)
    assert solve(covered, 1.0).objective == 0.0
    out_of_reach = SitingProblem("mclp", np.ones(3), np.zeros(3, dtype=int), nothing, nothing, 0, most=2)
    assert (solve(out_of_reach, 1.0).objective, solve(out_of_reach, 1.0).status) == (0.0, "optimal")


SPOPT = [
    ("mclp", 1, 200, 40, 15, 5, 4443.0),
    ("mclp", 2, 300, 60, 12, 8, 7644.0),
    ("mclp", 3, 400, 80, 10, 10, 8456.0),
    ("mclp", 4, 150, 50, 20, 4, 4763.0),
    ("mclp", 5, 500, 100, 9, 12, 11760.0),
    ("lscp", 11, 120, 60, 25, 0, 7.0),
    ("lscp", 12, 200, 80, 22, 0, 9.0),
    ("lscp", 13, 150, 100, 18, 0, 14.0),
    ("lscp", 14, 100, 60, 30, 0, 5.0),
]
"""Optima that spopt 0.7.0 with CBC proved on the same instances."""


@pytest.mark.parametrize(("model", "seed", "demands", "sites", "reach", "most", "optimum"), SPOPT)
def test_the_optimum_is_that_of_another_library(model, seed, demands, sites, reach, most, optimum):
    rng = np.random.default_rng(seed)
    spots, candidates = rng.uniform(0, 100, (demands, 2)), rng.uniform(0, 100, (sites, 2))
    weight = rng.integers(1, 100, demands).astype(float)
    far = np.hypot(*(spots[:, None] - candidates[None]).transpose(2, 0, 1))
    point, site = np.nonzero(far <= reach)
    covered = np.zeros(demands, dtype=int)
    found = solve(SitingProblem(model, weight, covered, site, point, sites, most=max(most, 1)), 60.0)
    assert (found.status, found.objective) == ("optimal", pytest.approx(optimum))
