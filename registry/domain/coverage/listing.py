"""The list behind an analysis, and the cover that may lie anywhere in its area."""

import math
from collections.abc import Sequence

from msgspec import Struct, field

from registry.domain.completeness import Completeness, Excluded, unlisted_at_most
from registry.domain.coverage.watcher import Watcher
from registry.domain.values import Name


class Unit(Struct, frozen=True):
    """A place by its code and name."""

    code: str
    name: Name


class CoverageListing(Struct, frozen=True, kw_only=True):
    """How complete the list of resources is, and the ground of the place that is not measured.

    `radius_m` is the reach that every resource of the list has, None when each has its own. The ground of the
    places `without_extent` is not known; `unmeasured` bounds it (WKB in lon/lat), None when nothing does.
    """

    completeness: Completeness
    excluded: Excluded = field(default_factory=dict)
    radius_m: float | None = None
    without_extent: list[Unit] = field(default_factory=list)
    unmeasured: list[bytes] | None = field(default_factory=list)


class FreeCover(Struct, frozen=True):
    """Cover that may lie anywhere: of unlisted resources, and of listed ones whose position nothing bounds.

    None stands for any number of resources, and for any area.
    """

    resources: int | None
    area_m2: float | None

    @property
    def none(self) -> bool:
        """Whether no ground can be covered by what is not placed."""
        return self.resources == 0

    def more(self, covered_m2: float) -> float:
        """The most that may be covered when so much is covered by what is placed."""
        return math.inf if self.area_m2 is None else covered_m2 + self.area_m2

    def less(self, sole_m2: float) -> float:
        """The least that is left of ground when free cover lies on it."""
        return 0.0 if self.area_m2 is None else max(0.0, sole_m2 - self.area_m2)


NO_FREE_COVER = FreeCover(0, 0.0)


def free_cover(listing: CoverageListing, watchers: Sequence[Watcher]) -> FreeCover:
    """What unlisted resources and listed ones without bounds may cover beside the rest."""
    unlisted = unlisted_at_most(listing.completeness)
    loose = [watcher for watcher in watchers if watcher.unbounded]
    reaches = [watcher.radius_m for watcher in loose] + [listing.radius_m] * min(unlisted or 0, 1)
    count = None if unlisted is None else unlisted + len(loose)
    if count is None or None in reaches:
        return FreeCover(count, None)
    own = [_disc_m2(watcher.radius_m) for watcher in loose]
    return FreeCover(count, sum(own) + (unlisted or 0) * _disc_m2(listing.radius_m))


def _disc_m2(radius_m: float | None) -> float:
    """The most that a disc of this radius covers on WGS 84, whose curvature is nowhere negative."""
    return math.pi * (radius_m or 0.0) ** 2
