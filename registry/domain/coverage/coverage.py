"""How much of an area is covered: ratio with its interval, error bound, shares of places.

Coverage is a union, never a sum. It is defined by geodesic distance. The polygons here are drawings with the
right area; `error_bound_m2` bounds the error that is left. The interval holds whatever may be true: wherever
the listed resources stand, and whatever exists beside the list.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import Struct

from registry.domain.completeness import SetAnswer
from registry.domain.coverage.geometry.drawing_error import drawing_error_m2
from registry.domain.coverage.geometry.footprint import CORNERS
from registry.domain.coverage.geometry.gaps_geometry import Uncovered, UncoveredRule, uncovered
from registry.domain.coverage.geometry.interval_cover import CoverInterval, CoverShapes, Slack, cover_interval
from registry.domain.coverage.geometry.plane import Floats, Indices
from registry.domain.coverage.geometry.study_area import StudyArea, touched_parts, unmeasured_m2
from registry.domain.coverage.listing import CoverageListing, FreeCover, Unit, free_cover
from registry.domain.coverage.undecided import undecided
from registry.domain.coverage.watcher import Watcher
from registry.domain.values import Name

METHOD = (
    "union of WGS 84 geodesic footprints; areas on the ellipsoid's equal-area plane centred on the area; "
    f"circles drawn with {CORNERS} corners and the disc's own area"
)
ROUNDING = 1e-12
Progress = Callable[[int, int], None]
"""Called with how many covers are worked out, of how many."""


def no_progress(_done: int, _of: int) -> None:
    """Ignore progress."""


def progress_share(progress: Progress, at: int, of: int) -> Progress:
    """The progress of the whole, reported by the `at`-th (from 0) of `of` equal parts."""
    return lambda done, steps: progress(at * steps + done, of * steps)


class Estimate(Struct, frozen=True):
    """A figure with its bounds: the least, as recorded, and the most."""

    lower: float
    """The least that it can be, whatever the uncertain positions are."""
    nominal: float
    upper: float
    """The most that it can be."""


class PlaceCover(Struct, frozen=True):
    """One place's share of the answer."""

    place: str | None
    name: Name | None
    area_m2: float
    covered_m2: Estimate
    ratio: Estimate
    assumed_extent: bool
    """Whether the extent is assumed rather than surveyed."""


class Counts(Struct, frozen=True):
    """How many resources the answer counts, and how well they are located."""

    resources: int
    """How many resources count."""
    located: int
    uncertain: int
    """How many of them have an uncertain position."""
    untestable: int
    """How many cannot be tested, for want of a position or a radius."""


class Coverage(SetAnswer, frozen=True, kw_only=True):
    """How much of the area is covered, and the basis of that answer.

    `covered_m2` is of the ground that is measured, `area_m2`. `ratio` is of the whole place: at most
    `unmeasured_m2` more belong to it, of the places `without_extent`; None is without bound.
    """

    ratio: Estimate
    covered_m2: Estimate
    area_m2: float
    unmeasured_m2: float | None
    error_bound_m2: float
    method: str
    counts: Counts
    assumed_extent: list[str]
    without_extent: list[Unit]
    by_place: list[PlaceCover]


@dataclass(frozen=True)
class Assessment:
    """The three covers of an area, what each leaves uncovered, and the cover that may lie anywhere."""

    area: StudyArea
    watchers: Sequence[Watcher]
    listing: CoverageListing
    cover_interval: CoverInterval
    lower: Uncovered
    nominal: Uncovered
    upper: Uncovered
    free: FreeCover

    def states(self) -> list[tuple[CoverShapes, Uncovered]]:
        """Each cover with what it leaves uncovered, from least to most."""
        covers = self.cover_interval
        return [(covers.lower, self.lower), (covers.nominal, self.nominal), (covers.upper, self.upper)]


def assess(
    area: StudyArea,
    watchers: Sequence[Watcher],
    listing: CoverageListing,
    rule: UncoveredRule = uncovered,
    progress: Progress = no_progress,
) -> Assessment:
    """Find what the watchers leave uncovered at their least, as recorded and at their most.

    `rule` finds the uncovered ground of one cover; by default, the ground that no watcher covers.
    """
    covers = cover_interval(area.plane, [w for w in watchers if w.testable])
    certain = covers.lower is covers.nominal
    distinct = [covers.nominal] if certain else [covers.lower, covers.nominal, covers.upper]
    progress(0, len(distinct))
    opened = []
    for cover in distinct:
        opened.append(rule(area, cover))
        progress(len(opened), len(distinct))
    states = opened[0], opened[len(opened) // 2], opened[-1]
    return Assessment(area, watchers, listing, covers, *states, free_cover(listing, watchers))


def coverage_of(assessment: Assessment) -> Coverage:
    """The figures of an assessment; lower ≤ nominal ≤ upper."""
    area, listing = assessment.area, assessment.listing
    total, beside = float(area.area_m2.sum()), unmeasured_m2(area, listing.unmeasured)
    covered, by_part = covered_m2(assessment)
    return Coverage(
        completeness=listing.completeness,
        undecided=undecided(area, assessment.watchers),
        excluded=listing.excluded,
        ratio=ratio_of(covered, total, beside),
        covered_m2=covered,
        area_m2=total,
        unmeasured_m2=beside,
        error_bound_m2=max(drawing_error_m2(area, c, o.whole) for c, o in assessment.states()),
        method=METHOD,
        counts=_counts(assessment),
        assumed_extent=_assumed(assessment),
        without_extent=listing.without_extent,
        by_place=[_place(area, at, covered) for at, covered in enumerate(by_part)],
    )


def covered_m2(assessment: Assessment) -> tuple[Estimate, list[Estimate]]:
    """The covered area of the whole and of each part.

    Drawn ground bounds it: what is covered from every possible position, and from any. So does size: a
    footprint adds at most what it has beyond its lower, and leaves open at most what its upper has beyond it.
    """
    area, covers, free = assessment.area, assessment.cover_interval, assessment.free
    low, mid, high = (_covered(area, o) for o in (assessment.lower, assessment.nominal, assessment.upper))
    watcher, part = uncertain_parts(area, covers)
    above, below = (
        np.bincount(part, m2[watcher], len(mid)) for m2 in (covers.slack.above_m2, covers.slack.below_m2)
    )
    least = np.maximum(low, high - below)
    most = np.minimum(np.minimum(high, low + above) + free.more(0.0), area.area_m2)
    bounds = bounded_m2(covers.slack, np.unique(watcher), free, *(float(m2.sum()) for m2 in (low, mid, high)))
    whole = _ordered(
        max(bounds.lower, float(least.sum())), bounds.nominal, min(bounds.upper, float(most.sum()))
    )
    return whole, [_ordered(*map(float, row)) for row in zip(least, mid, most, strict=True)]


def bounded_m2(
    slack: Slack, watchers: Indices, free: FreeCover, low: float, mid: float, high: float
) -> Estimate:
    """The bounds of an area of drawn ground, narrowed by the sizes of these uncertain footprints."""
    least = max(low, high - float(slack.below_m2[watchers].sum()))
    most = min(high, low + float(slack.above_m2[watchers].sum()))
    return _ordered(least, mid, free.more(most))


def _ordered(lower: float, nominal: float, upper: float) -> Estimate:
    """An estimate whose bounds hold the recorded figure, from which rounding may part them."""
    return Estimate(min(lower, nominal), nominal, max(nominal, upper))


def uncertain_parts(area: StudyArea, covers: CoverInterval) -> tuple[Indices, Indices]:
    """Pairs of an uncertain watcher, by its place in the slack, and a part of the area that it may reach."""
    rank = np.full(len(covers.uncertain), -1, dtype=np.intp)
    rank[covers.slack.watcher] = np.arange(len(covers.slack.watcher))
    watcher, part = touched_parts(area, covers.upper)
    doubtful = rank[watcher] >= 0
    pairs = np.unique(np.column_stack([rank[watcher[doubtful]], part[doubtful]]), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _covered(area: StudyArea, left: Uncovered) -> Floats:
    covered = area.area_m2 - np.bincount(left.part, left.piece_m2, len(area.parts))
    return np.where(covered > ROUNDING * area.area_m2, covered, 0.0)


def ratio_of(covered: Estimate, area_m2: float, unmeasured: float | None = 0.0) -> Estimate:
    """The share of an area that is covered, when at most so much more belongs to it, covered or not."""
    if not area_m2 > 0.0:
        return Estimate(0.0, 0.0, 0.0)
    nominal = min(1.0, covered.nominal / area_m2)
    if unmeasured is None:
        return Estimate(0.0, nominal, 1.0)
    whole = area_m2 + unmeasured
    return Estimate(covered.lower / whole, nominal, min(1.0, (covered.upper + unmeasured) / whole))


def _place(area: StudyArea, at: int, covered: Estimate) -> PlaceCover:
    part, area_m2 = area.parts[at], float(area.area_m2[at])
    return PlaceCover(part.code, part.name, area_m2, covered, ratio_of(covered, area_m2), part.assumed)


def _assumed(assessment: Assessment) -> list[str]:
    """The places whose assumed extent is used for a boundary or for a possible position."""
    grounds = {part.code or "" for part in assessment.area.parts if part.assumed}
    return sorted(grounds.union(*(w.assumed for w in assessment.watchers if w.testable)))


def _counts(assessment: Assessment) -> Counts:
    tested = [w for w in assessment.watchers if w.testable]
    return Counts(
        resources=len(assessment.watchers),
        located=sum(w.located for w in tested),
        uncertain=int(assessment.cover_interval.uncertain.sum()),
        untestable=len(assessment.watchers) - len(tested),
    )
