"""The demand of a siting problem, folded: points with the same sites and the same lack are one row."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from registry.domain.coverage.geometry.plane import Flags, Floats, Indices

SitingModel = Literal["mclp", "lscp"]


@dataclass(frozen=True)
class SitingProblem:
    """Weighted demand, how often each point is covered already, and which sites reach it.

    `site` and `point` are the pairs of a candidate and a demand point within its reach. With `need` 2 a
    point counts when it is reached twice. MCLP places at most `most` sites; LSCP reaches `target` of all the
    weight.
    """

    model: SitingModel
    weight: Floats
    covered: Indices
    site: Indices
    point: Indices
    sites: int
    need: int = 1
    most: int = 1
    target: float = 1.0

    @property
    def settled(self) -> Flags:
        """Demand that is covered often enough already."""
        return np.asarray(self.covered >= self.need)

    @property
    def reachable(self) -> Flags:
        """Demand that lacks cover and that all candidates together can cover often enough."""
        reach = np.bincount(self.point, minlength=len(self.weight))
        return np.asarray(~self.settled & (reach >= self.need - self.covered))

    def covered_weight(self, chosen: Indices) -> float:
        """The weight covered often enough by existing and chosen sites together."""
        taken = np.isin(self.site, chosen)
        counts = self.covered + np.bincount(self.point[taken], minlength=len(self.weight))
        return float(self.weight[counts >= self.need].sum())


@dataclass(frozen=True)
class DemandClasses:
    """One row for every set of sites: its weight, how many sites it lacks, and the pairs of row and site."""

    weight: Floats
    lacking: Indices
    row: Indices
    site: Indices
    sites: int

    def counts(self, chosen: Indices) -> Indices:
        """How many chosen sites reach each row."""
        taken = np.zeros(self.sites, dtype=bool)
        taken[chosen] = True
        return np.bincount(self.row[taken[self.site]], minlength=len(self.weight))

    def value(self, chosen: Indices) -> float:
        """The weight of the rows that the chosen sites reach often enough."""
        return float(self.weight[self.counts(chosen) >= self.lacking].sum())

    def gains(self, counts: Indices) -> Floats:
        """Per site, the weight that one more site there would add; rows that lack more break ties."""
        short = self.lacking - counts
        worth = np.where(short == 1, self.weight, np.where(short > 1, self.weight * 1e-3, 0.0))
        return np.asarray(np.bincount(self.site, worth[self.row], self.sites), dtype=float)


def fold(problem: SitingProblem) -> DemandClasses:
    """The classes of all demand that is uncovered and can be reached."""
    kept = problem.reachable[problem.point]
    order = np.lexsort((problem.site[kept], problem.point[kept]))
    point, site = problem.point[kept][order], problem.site[kept][order]
    starts = np.flatnonzero(np.diff(point, prepend=-1))
    rows: dict[tuple[int, bytes], float] = {}
    for at, group in zip(point[starts], np.split(site, starts[1:]), strict=False):
        key = (int(problem.covered[at]), group.tobytes())
        rows[key] = rows.get(key, 0.0) + float(problem.weight[at])
    members = [np.frombuffer(key[1], dtype=np.intp) for key in rows]
    return DemandClasses(
        weight=np.array(list(rows.values()), dtype=float),
        lacking=np.array([problem.need - key[0] for key in rows], dtype=np.intp),
        row=np.repeat(np.arange(len(members)), [len(m) for m in members]).astype(np.intp),
        site=np.concatenate(members) if members else np.empty(0, dtype=np.intp),
        sites=problem.sites,
    )


def greedy(classes: DemandClasses, most: int, enough: float) -> Indices:
    """Sites taken one by one where they add most, until `most` are taken or `enough` weight is reached."""
    chosen: list[int] = []
    counts = np.zeros(len(classes.weight), dtype=np.intp)
    while len(chosen) < most and classes.weight[counts >= classes.lacking].sum() < enough:
        gains = classes.gains(counts)
        gains[chosen] = -1.0
        best = int(np.argmax(gains))
        if gains[best] <= 0.0:
            break
        chosen.append(best)
        counts = classes.counts(np.array(chosen))
    return np.array(chosen, dtype=np.intp)


def interchange(classes: DemandClasses, chosen: Indices, rounds: int = 20) -> Indices:
    """Swap one site for a better one while that helps (Teitz and Bart 1968)."""
    chosen, best = chosen.copy(), classes.value(chosen)
    for _ in range(rounds):
        before = best
        for at in range(len(chosen)):
            gains = classes.gains(classes.counts(np.delete(chosen, at)))
            gains[np.delete(chosen, at)] = -1.0
            other = chosen.copy()
            other[at] = int(np.argmax(gains))
            if (value := classes.value(other)) > best:
                chosen, best = other, value
        if best <= before:
            break
    return chosen


def pruned(classes: DemandClasses, chosen: Indices, enough: float) -> Indices:
    """The choice without sites that are not needed to reach `enough`."""
    for site in chosen[::-1]:
        fewer = chosen[chosen != site]
        if classes.value(fewer) >= enough:
            chosen = fewer
    return chosen
