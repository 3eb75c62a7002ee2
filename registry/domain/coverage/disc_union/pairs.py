"""Which discs of a drawing meet, and in which directions, from the circles about their rings."""

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import shapely

from registry.domain.coverage.geometry.plane import Flags, Floats, Indices, Points

LEAST_M = 1e-6
FLAT = np.cos(0.13)
"""A ring of 64 corners deviates from its circle by up to 0.05 rad. Two rings that cross at more than 0.13 rad
cross once."""
MOST_STRAY = 0.003
AT_ONCE = 128
MOST_PAIRS = 300_000


class Discs(NamedTuple):
    """Counterclockwise rings (discs, corners), and the circle about each.

    The ring strays by at most `slack`.
    """

    rings: Points
    centre: Points
    radius: Floats
    slack: Floats


@dataclass(frozen=True)
class DiscPairs:
    """Discs that may overlap. The second half repeats the first half seen from the other disc.

    Seen from its centre, the ring of `disc` is inside `other` within `sure` of the direction `towards`, and
    outside it beyond `most`. `clear` says that it enters and leaves once in between.
    """

    disc: Indices
    other: Indices
    towards: Floats
    sure: Floats
    most: Floats
    clear: Flags

    def reverse(self, at: Indices) -> Indices:
        """The same pairs seen from the other disc."""
        return np.asarray((at + len(self.disc) // 2) % max(1, len(self.disc)))

    def among(self, kept: Flags) -> "DiscPairs":
        """The pairs of kept discs."""
        some = kept[self.disc] & kept[self.other]
        return DiscPairs(**{field.name: getattr(self, field.name)[some] for field in fields(self)})


def discs_of(rings: Points) -> Discs:
    """The circle about each ring: the ring lies within `slack` of the radius."""
    centre = rings.mean(axis=1)
    arm = rings - centre[:, None]
    square = arm.real**2 + arm.imag**2
    most = np.sqrt(square.max(axis=1))
    least = np.sqrt(square.min(axis=1)) * (1.0 - (np.pi / rings.shape[1]) ** 2)
    return Discs(rings, centre, (most + least) / 2.0, (most - least) / 2.0)


def pairs_of(discs: Discs) -> DiscPairs | None:
    """All pairs of discs that may overlap; None when there are too many to be worth it."""
    near = _near(discs)
    if near is None:
        return None
    one, two = near
    disc, other = np.concatenate([one, two]), np.concatenate([two, one])
    radius, across = discs.radius[disc], discs.radius[other]
    slack = discs.slack[disc] + discs.slack[other]
    step = discs.centre[other] - discs.centre[disc]
    apart = np.maximum(np.abs(step), LEAST_M)
    sure, flat = _meeting(apart, radius, across - slack)
    most, flatter = _meeting(apart, radius, across + slack)
    clear = (np.maximum(np.abs(sure), np.abs(most)) < 1.0) & (np.maximum(flat, flatter) < FLAT)
    clear &= (discs.slack < MOST_STRAY * discs.radius)[disc]
    return DiscPairs(
        disc=disc,
        other=other,
        towards=np.angle(step),
        sure=np.arccos(np.clip(sure, -1.0, 1.0)),
        most=np.arccos(np.clip(most, -1.0, 1.0)),
        clear=clear & np.roll(clear, len(one)),
    )


def _near(discs: Discs) -> tuple[Indices, Indices] | None:
    reach = discs.radius + discs.slack
    x, y = discs.centre.real, discs.centre.imag
    boxes = shapely.box(x - reach, y - reach, x + reach, y + reach)
    tree, near_pairs, total = shapely.STRtree(boxes), [], 0
    for start in range(0, len(boxes), AT_ONCE):
        pairs = tree.query(boxes[start : start + AT_ONCE])
        one, two = pairs[:, pairs[0] + start < pairs[1]]
        one += start
        near = np.abs(discs.centre[two] - discs.centre[one]) < reach[one] + reach[two]
        near_pairs.append((one[near], two[near]))
        total += int(near.sum())
        if total > MOST_PAIRS:
            return None
    one, two = np.concatenate(near_pairs, axis=1)
    return one, two


def _meeting(apart: Floats, radius: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Cosines of the direction in which two circles meet, and of the angle at which they do."""
    direction = (radius**2 + apart**2 - other**2) / (2.0 * radius * apart)
    return direction, np.abs(radius**2 + other**2 - apart**2) / (
        2.0 * radius * np.maximum(np.abs(other), LEAST_M)
    )
