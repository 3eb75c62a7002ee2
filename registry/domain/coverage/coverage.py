"""How much of an area is covered: ratio with its interval, error bound, shares of places.

Coverage is a union, never a sum. It is defined by geodesic distance. The polygons here are drawings with the
right area; `error_bound_m2` bounds the error that is left.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import Struct

from registry.domain.coverage.geometry.drawing_error import drawing_error_m2
from registry.domain.coverage.geometry.footprint import CORNERS
from registry.domain.coverage.geometry.gaps_geometry import Uncovered, UncoveredRule, uncovered
from registry.domain.coverage.geometry.interval_cover import CoverInterval, CoverShapes, cover_interval
from registry.domain.coverage.geometry.plane import Floats
from registry.domain.coverage.geometry.study_area import StudyArea
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
    nominal: float
    upper: float


class PlaceCover(Struct, frozen=True):
    """One place's share of the answer."""

    place: str | None
    name: Name | None
    area_m2: float
    covered_m2: Estimate
    ratio: Estimate
    assumed_extent: bool


class Counts(Struct, frozen=True):
    """How many resources the answer counts, and how well they are located."""

    resources: int
    located: int
    uncertain: int
    untestable: int


class Untestable(Struct, frozen=True):
    """A resource that could not be tested, with the reason."""

    id: str
    name: Name | None
    reason: str


class Coverage(Struct, frozen=True):
    """How much of the area is covered, and the basis of that answer."""

    ratio: Estimate
    covered_m2: Estimate
    area_m2: float
    error_bound_m2: float
    method: str
    counts: Counts
    untestable: list[Untestable]
    assumed_extent: list[str]
    by_place: list[PlaceCover]


@dataclass(frozen=True)
class Assessment:
    """The three covers of an area, and what each leaves uncovered."""

    area: StudyArea
    watchers: Sequence[Watcher]
    cover_interval: CoverInterval
    lower: Uncovered
    nominal: Uncovered
    upper: Uncovered

    def states(self) -> list[tuple[CoverShapes, Uncovered]]:
        """Each cover with what it leaves uncovered, from least to most."""
        covers = self.cover_interval
        return [(covers.lower, self.lower), (covers.nominal, self.nominal), (covers.upper, self.upper)]


def assess(
    area: StudyArea,
    watchers: Sequence[Watcher],
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
    return Assessment(area, watchers, covers, opened[0], opened[len(opened) // 2], opened[-1])


def coverage_of(assessment: Assessment) -> Coverage:
    """The figures of an assessment; lower ≤ nominal ≤ upper."""
    area, parts_m2 = assessment.area, assessment.area.area_m2
    low, mid, high = (_covered(area, o) for o in (assessment.lower, assessment.nominal, assessment.upper))
    low, high = np.minimum(low, mid), np.maximum(mid, high)
    total = float(parts_m2.sum())
    covered = Estimate(float(low.sum()), float(mid.sum()), float(high.sum()))
    return Coverage(
        ratio=_ratio(covered, total),
        covered_m2=covered,
        area_m2=total,
        error_bound_m2=max(drawing_error_m2(area, c, o.whole) for c, o in assessment.states()),
        method=METHOD,
        counts=_counts(assessment),
        untestable=[Untestable(w.id, w.name, _why_not(w)) for w in assessment.watchers if not w.testable],
        assumed_extent=_assumed(assessment),
        by_place=[
            _place(area, i, Estimate(*map(float, c))) for i, c in enumerate(zip(low, mid, high, strict=True))
        ],
    )


def _covered(area: StudyArea, left: Uncovered) -> Floats:
    covered = area.area_m2 - np.bincount(left.part, left.piece_m2, len(area.parts))
    return np.where(covered > ROUNDING * area.area_m2, covered, 0.0)


def _ratio(covered: Estimate, area_m2: float) -> Estimate:
    return Estimate(
        *(
            min(1.0, c / area_m2) if area_m2 > 0.0 else 0.0
            for c in (covered.lower, covered.nominal, covered.upper)
        )
    )


def _place(area: StudyArea, at: int, covered: Estimate) -> PlaceCover:
    part, area_m2 = area.parts[at], float(area.area_m2[at])
    return PlaceCover(part.code, part.name, area_m2, covered, _ratio(covered, area_m2), part.assumed)


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


def _why_not(watcher: Watcher) -> str:
    return "no radius" if watcher.radius_m is None else "no position"
