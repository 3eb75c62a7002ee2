"""How much of an area is covered, and where it is not: ratio, interval, error bound.

Coverage is a union, never a sum, and is defined by geodesic distance; the polygons here are drawings of it
whose area is right, and `error_bound_m2` says what may be left of the difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import Struct

from registry.domain.coverage.ground.drawing_error import drawing_error_m2
from registry.domain.coverage.ground.footprint import CORNERS
from registry.domain.coverage.ground.gaps_geometry import Open, Opening, left_open
from registry.domain.coverage.ground.ground import Ground
from registry.domain.coverage.ground.interval_cover import Cover, Spread, spread
from registry.domain.coverage.ground.plane import Floats
from registry.domain.coverage.progress import Told, unheard
from registry.domain.coverage.watcher import Watcher
from registry.domain.values import Name

METHOD = (
    "union of WGS 84 geodesic footprints; areas on the ellipsoid's equal-area plane centred on the area; "
    f"circles drawn with {CORNERS} corners and the disc's own area"
)
ROUNDING = 1e-12


class Interval(Struct, frozen=True):
    """A figure at its least, as recorded, and at its most."""

    lower: float
    nominal: float
    upper: float


class PlaceCover(Struct, frozen=True):
    """One place's share of the answer."""

    place: str | None
    name: Name | None
    area_m2: float
    covered_m2: Interval
    ratio: Interval
    assumed_extent: bool


class Counts(Struct, frozen=True):
    """How many resources stand behind the answer, and how well they are placed."""

    resources: int
    located: int
    uncertain: int
    untestable: int


class Unnamed(Struct, frozen=True):
    """A resource that could not be tested, by name."""

    id: str
    name: Name | None
    reason: str


class Coverage(Struct, frozen=True):
    """How much of the area is covered, and what that answer rests on."""

    ratio: Interval
    covered_m2: Interval
    area_m2: float
    error_bound_m2: float
    method: str
    counts: Counts
    untestable: list[Unnamed]
    assumed_extent: list[str]
    by_place: list[PlaceCover]


@dataclass(frozen=True)
class Assessment:
    """The three covers over a ground and what each leaves open."""

    ground: Ground
    watchers: Sequence[Watcher]
    spread: Spread
    lower: Open
    nominal: Open
    upper: Open

    def states(self) -> list[tuple[Cover, Open]]:
        """Each cover with what it leaves open, from least to most."""
        covers = self.spread
        return [(covers.lower, self.lower), (covers.nominal, self.nominal), (covers.upper, self.upper)]


def assess(
    ground: Ground, watchers: Sequence[Watcher], opening: Opening = left_open, told: Told = unheard
) -> Assessment:
    """Work out what the watchers leave open at their least, as recorded and at their most.

    `opening` says what counts as open, by default all that nobody covers.
    """
    covers = spread(ground.plane, [w for w in watchers if w.testable])
    certain = covers.lower is covers.nominal
    asked = [covers.nominal] if certain else [covers.lower, covers.nominal, covers.upper]
    told(0, len(asked))
    opened = []
    for cover in asked:
        opened.append(opening(ground, cover))
        told(len(opened), len(asked))
    return Assessment(ground, watchers, covers, opened[0], opened[len(opened) // 2], opened[-1])


def describe(assessment: Assessment) -> Coverage:
    """The answer in numbers; lower never exceeds nominal, nor nominal upper."""
    ground, area = assessment.ground, assessment.ground.area_m2
    low, mid, high = (_covered(ground, o) for o in (assessment.lower, assessment.nominal, assessment.upper))
    low, high = np.minimum(low, mid), np.maximum(mid, high)
    total = float(area.sum())
    covered = Interval(float(low.sum()), float(mid.sum()), float(high.sum()))
    return Coverage(
        ratio=_ratio(covered, total),
        covered_m2=covered,
        area_m2=total,
        error_bound_m2=max(drawing_error_m2(ground, c, o.whole) for c, o in assessment.states()),
        method=METHOD,
        counts=_counts(assessment),
        untestable=[Unnamed(w.id, w.name, _why_not(w)) for w in assessment.watchers if not w.testable],
        assumed_extent=_assumed(assessment),
        by_place=[
            _place(ground, i, Interval(*map(float, c)))
            for i, c in enumerate(zip(low, mid, high, strict=True))
        ],
    )


def _covered(ground: Ground, left: Open) -> Floats:
    covered = ground.area_m2 - np.bincount(left.part, left.piece_m2, len(ground.parts))
    return np.where(covered > ROUNDING * ground.area_m2, covered, 0.0)


def _ratio(covered: Interval, area_m2: float) -> Interval:
    return Interval(
        *(
            min(1.0, c / area_m2) if area_m2 > 0.0 else 0.0
            for c in (covered.lower, covered.nominal, covered.upper)
        )
    )


def _place(ground: Ground, at: int, covered: Interval) -> PlaceCover:
    part, area = ground.parts[at], float(ground.area_m2[at])
    return PlaceCover(part.code, part.name, area, covered, _ratio(covered, area), part.assumed)


def _assumed(assessment: Assessment) -> list[str]:
    """The places whose extent stands for a boundary, in the area or as a possible position."""
    grounds = {part.code or "" for part in assessment.ground.parts if part.assumed}
    return sorted(grounds.union(*(w.assumed for w in assessment.watchers if w.testable)))


def _counts(assessment: Assessment) -> Counts:
    tested = [w for w in assessment.watchers if w.testable]
    return Counts(
        resources=len(assessment.watchers),
        located=sum(w.located for w in tested),
        uncertain=int(assessment.spread.uncertain.sum()),
        untestable=len(assessment.watchers) - len(tested),
    )


def _why_not(watcher: Watcher) -> str:
    return "no radius" if watcher.radius_m is None else "no position"
