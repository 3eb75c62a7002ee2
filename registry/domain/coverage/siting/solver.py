"""Maximal covering (MCLP) and set covering (LSCP), each demand once or twice.

Church and ReVelle (1974) for MCLP, Toregas et al. (1971) for LSCP, Hogan and ReVelle (1986) for backup.
HiGHS solves them exactly from a greedy start. The bound says how far an interrupted run may be from the
optimum.
"""

from dataclasses import dataclass
from typing import Any, Literal

import highspy
import numpy as np

from registry.domain.coverage.geometry.plane import Indices
from registry.domain.coverage.siting.demand_folding import (
    DemandClasses,
    SitingProblem,
    fold,
    greedy,
    interchange,
    pruned,
)

SolverStatus = Literal["optimal", "feasible", "infeasible", "no_solution"]
NOTHING = np.empty(0, dtype=np.intp)
SLACK = 1e-9
ROOM = 1e-6
"""Share of the demand by which the solver's target is below the real one. A row that holds only within its
feasibility tolerance made HiGHS 1.15 miss choices. `_made_good` adds what is short."""


@dataclass(frozen=True)
class SitingSolution:
    """The chosen sites, and how good the choice is proven to be.

    `objective` is the covered weight (MCLP) or the number of sites (LSCP). No choice passes `bound`. They and
    `gap` are None where there is no choice. `reachable_weight` is what all candidates together would cover.
    """

    status: SolverStatus
    chosen: Indices
    objective: float | None
    bound: float | None
    gap: float | None
    covered_weight: float
    reachable_weight: float
    seconds: float


def solve(problem: SitingProblem, time_limit_s: float) -> SitingSolution:
    """An optimal choice, or the best one found within the time limit."""
    settled = float(problem.weight[problem.settled].sum())
    possible = settled + float(problem.weight[problem.reachable].sum())
    target = problem.target * float(problem.weight.sum()) * (1.0 - SLACK)
    if problem.model == "lscp" and target > possible:
        return SitingSolution("infeasible", NOTHING, None, None, None, settled, possible, 0.0)
    classes = fold(problem)
    if len(classes.weight) == 0 or (problem.model == "lscp" and target <= settled):
        objective = settled if problem.model == "mclp" else 0.0
        return SitingSolution("optimal", NOTHING, objective, objective, 0.0, settled, possible, 0.0)
    start = _start(problem, classes, target - settled)
    highs = _program(problem, classes, target - settled)
    highs.setSolution(_warm(classes, start))
    highs.setOptionValue("time_limit", time_limit_s)
    highs.run()
    return _read(highs, problem, classes, start, target - settled, settled, possible)


def _start(problem: SitingProblem, classes: DemandClasses, target: float) -> Indices:
    if problem.model == "mclp":
        return interchange(classes, greedy(classes, problem.most, np.inf))
    return pruned(classes, greedy(classes, problem.sites, target), target)


def _scale(classes: DemandClasses) -> float:
    return float(classes.weight.max())


def _program(problem: SitingProblem, classes: DemandClasses, target: float) -> Any:
    """Columns: sites, then classes. Rows: each class (its sites ≥ lacking · y), then the budget or target."""
    sites, rows = problem.sites, len(classes.weight)
    share = classes.weight / _scale(classes)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = sites + rows, rows + 1
    lp.col_lower_, lp.col_upper_ = np.zeros(sites + rows), np.ones(sites + rows)
    whole, part = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    lp.integrality_ = [whole] * sites + [whole if n > 1 else part for n in classes.lacking]
    least, most = np.zeros(rows + 1), np.full(rows + 1, highspy.kHighsInf)
    if problem.model == "mclp":
        lp.sense_, lp.col_cost_ = highspy.ObjSense.kMaximize, np.append(np.zeros(sites), share)
        last, last_value, most[rows] = np.arange(sites), np.ones(sites), float(problem.most)
    else:
        lp.sense_, lp.col_cost_ = highspy.ObjSense.kMinimize, np.append(np.ones(sites), np.zeros(rows))
        last, last_value = sites + np.arange(rows), share
        if target > classes.weight.sum() - classes.weight.min() / 2:
            lp.col_lower_ = np.append(np.zeros(sites), np.ones(rows))
        else:
            least[rows] = target / _scale(classes) - ROOM * share.sum()
    lp.row_lower_, lp.row_upper_ = least, most
    _fill(lp, classes, sites, last, last_value)
    make: Any = highspy.Highs
    highs = make()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("mip_rel_gap", 0.0)
    highs.setOptionValue("mip_abs_gap", SLACK if problem.model == "mclp" else 1.0 - 1e-6)
    highs.passModel(lp)
    return highs


def _fill(
    lp: highspy.HighsLp, classes: DemandClasses, sites: int, last: Indices, last_value: np.ndarray
) -> None:
    rows = len(classes.weight)
    row = np.concatenate([classes.row, np.arange(rows), np.full(len(last), rows)])
    column = np.concatenate([classes.site, sites + np.arange(rows), last])
    value = np.concatenate([np.ones(len(classes.row)), -classes.lacking.astype(float), last_value])
    order = np.lexsort((column, row))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows + 1))])
    lp.a_matrix_.index_, lp.a_matrix_.value_ = column[order], value[order]


def _warm(classes: DemandClasses, start: Indices) -> highspy.HighsSolution:
    values = np.zeros(classes.sites + len(classes.weight))
    values[start] = 1.0
    values[classes.sites :] = classes.counts(start) >= classes.lacking
    warm = highspy.HighsSolution()
    warm.col_value = values.tolist()
    return warm


def _made_good(problem: SitingProblem, classes: DemandClasses, chosen: Indices, target: float) -> Indices:
    """The choice completed to the target, which the solver may miss by `ROOM`."""
    while problem.model == "lscp" and classes.value(chosen) < target:
        gains = classes.gains(classes.counts(chosen))
        gains[chosen] = -1.0
        chosen = np.append(chosen, np.argmax(gains))
    return chosen


def _read(
    highs: Any,
    problem: SitingProblem,
    classes: DemandClasses,
    start: Indices,
    target: float,
    settled: float,
    possible: float,
) -> SitingSolution:
    info, chosen = highs.getInfo(), start
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        chosen = np.flatnonzero(np.asarray(highs.getSolution().col_value[: problem.sites]) > 0.5)
    optimal = highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    enough = _made_good(problem, classes, chosen, target)
    optimal, chosen = optimal and len(enough) == len(chosen), enough
    if problem.model == "mclp":
        chosen = pruned(classes, chosen, classes.value(chosen) * (1.0 - SLACK))
    covered = problem.covered_weight(chosen)
    limit = float(info.mip_dual_bound)
    if problem.model == "mclp":
        objective = covered
        ceiling = settled + limit * _scale(classes) if np.isfinite(limit) else possible
        bound = objective if optimal else max(objective, min(ceiling, possible))
    else:
        objective = float(len(chosen))
        floor = float(np.ceil(limit - 1e-6)) if np.isfinite(limit) else 0.0
        bound = objective if optimal else min(objective, floor)
    gap = abs(bound - objective) / max(objective, 1e-12)
    status: SolverStatus = "optimal" if optimal else "feasible"
    return SitingSolution(status, chosen, objective, bound, gap, covered, possible, float(highs.getRunTime()))
