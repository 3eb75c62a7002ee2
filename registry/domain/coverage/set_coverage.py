"""Set coverage: how many of the places of a level have a resource, and which have none."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from registry.domain.completeness import SetAnswer, unlisted_at_most
from registry.domain.coverage.coverage import Estimate
from registry.domain.coverage.listing import Unit
from registry.domain.coverage.siting.demand_folding import SitingProblem
from registry.domain.coverage.siting.solver import solve
from registry.domain.errors import InvalidQuery
from registry.domain.values import Name

SOLVING_S = 1.0
MOST_MATCHED = 500
"""More resources than these are counted, not assigned to places one by one."""


class Membership(SetAnswer, frozen=True, kw_only=True):
    """The share of places that have a resource.

    `without` have none for certain. `possible` may have one: of uncertain place, or one that is not listed.
    """

    denominator: str
    """What the share is of."""
    total: int
    """How many places there are."""
    covered: Estimate
    ratio: Estimate
    without: list[Unit]
    possible: list[Unit]


class UnitState(Struct, frozen=True):
    """A counted place: whether a resource is in it for certain, and whether its list is complete."""

    unit: Unit
    certain: bool
    complete: bool


class Candidates(Struct, frozen=True):
    """Resources that are each in one of these places, or, unless `only_here`, elsewhere.

    `belongs` is false where an unknown value leaves open whether they count at all.
    """

    units: tuple[str, ...]
    only_here: bool
    count: int
    belongs: bool


def membership(
    states: Sequence[UnitState],
    candidates: Sequence[Candidates],
    within: Name | None,
    level: str,
    rest: SetAnswer,
) -> Membership:
    """Count the places; InvalidQuery when there is none to count.

    At least so many as the resources that are certain there need; at most so many as all of them can fill.
    """
    if not states:
        raise InvalidQuery(f"no place of level {level} there", field="level")
    certain = {state.unit.code for state in states if state.certain}
    certain |= {one.units[0] for one in candidates if one.belongs and one.only_here and len(one.units) == 1}
    unlisted = unlisted_at_most(rest.completeness)
    open_units = {state.unit.code for state in states if not state.complete} if unlisted != 0 else set()
    reached = {code for one in candidates for code in one.units}
    doubtful = reached | open_units
    possible = [s.unit for s in states if s.unit.code in doubtful - certain]
    without = [s.unit for s in states if s.unit.code not in doubtful | certain]
    total, sure = len(states), len(certain)
    least = sure + _fewest(candidates, certain)
    most = sure + _most(candidates, certain, open_units - certain, unlisted)
    covered = Estimate(float(least), float(sure), float(most))
    covered = Estimate(covered.lower, max(covered.lower, covered.nominal), covered.upper)
    return Membership(
        completeness=rest.completeness,
        undecided=rest.undecided,
        excluded=rest.excluded,
        denominator=f"all {total} places of level {level} in {within}",
        total=total,
        covered=covered,
        ratio=Estimate(covered.lower / total, covered.nominal / total, covered.upper / total),
        without=without,
        possible=possible,
    )


def _fewest(candidates: Sequence[Candidates], certain: set[str]) -> int:
    """The fewest further places that hold all resources which must be in one of them: a hitting set."""
    needing = {
        one.units for one in candidates if one.belongs and one.only_here and certain.isdisjoint(one.units)
    }
    if not needing:
        return 0
    sets = sorted(needing)
    codes = sorted({code for units in sets for code in units})
    rank = {code: at for at, code in enumerate(codes)}
    pairs = [(rank[code], at) for at, units in enumerate(sets) for code in units]
    site, point = np.array(pairs, dtype=np.intp).T
    problem = SitingProblem(
        model="lscp",
        weight=np.ones(len(sets)),
        covered=np.zeros(len(sets), dtype=np.intp),
        site=site,
        point=point,
        sites=len(codes),
    )
    bound = solve(problem, SOLVING_S).bound
    return 1 if bound is None else int(bound)


def _most(
    candidates: Sequence[Candidates], certain: set[str], open_units: set[str], unlisted: int | None
) -> int:
    """The most further places that the uncertain resources and unlisted ones can fill: a matching."""
    if unlisted is None:
        reached = {code for one in candidates for code in one.units} - certain
        return len(open_units | reached)
    sets = [set(one.units) - certain for one in candidates for _ in range(min(one.count, len(one.units)))]
    sets += [open_units] * min(unlisted, len(open_units))
    if len(sets) > MOST_MATCHED:
        return min(len(sets), len(set().union(*sets)))
    return len(_matched(sets))


def _matched(sets: Sequence[set[str]]) -> dict[str, int]:
    """A largest assignment of sets to different members of theirs (Kuhn 1955)."""
    taken: dict[str, int] = {}

    def placed(at: int, seen: set[str]) -> bool:
        for code in sets[at] - seen:
            seen.add(code)
            if code not in taken or placed(taken[code], seen):
                taken[code] = at
                return True
        return False

    for at in range(len(sets)):
        placed(at, set())
    return taken
