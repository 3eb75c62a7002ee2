"""The arcs of disc boundaries that no other disc covers.

A union of n discs has at most 6n - 12 of them (Kedem, Livne, Pach and Sharir 1986). The arcs of one disc
follow from its neighbours alone, whereas an overlay of polygons splits every edge by every other. The
circles about the rings give the edges near which two rings cross; the rings give the exact point.
"""

from typing import NamedTuple

import numpy as np

from registry.domain.coverage.disc_union.pairs import DiscPairs, Discs
from registry.domain.coverage.geometry.plane import Flags, Floats, Indices, Points

TURN = 2.0 * np.pi
LANE = 16.0
"""Offset of each disc's directions (radians), so that one sort orders those of all discs."""
TIE = 1e-8
STEPS = 6


class UncertainArcs(Exception):
    """The arcs of these discs cannot be decided.

    Rings nearly touch or coincide, or three meet in one point.
    """

    def __init__(self, discs: Indices) -> None:
        super().__init__()
        self.discs = discs


class ArcGaps(NamedTuple):
    """Stretches of rings that no interval covers, with the intervals before and after, sorted by disc.

    `tied` are discs where one interval ends too near another's start to decide whether there is a gap.
    """

    disc: Indices
    start: Floats
    end: Floats
    before: Indices
    after: Indices
    tied: Indices


class Entries(NamedTuple):
    """Where the disc of a pair enters the other: the point, and the edge and share of it on both rings."""

    pair: Indices
    point: Points
    edge: Indices
    share: Floats
    other_edge: Indices
    other_share: Floats


class Arcs(NamedTuple):
    """Uncovered stretches of rings between entries, with the arc that follows each.

    `bare` rings are whole.
    """

    disc: Indices
    entries: Entries
    begins: Indices
    ends: Indices
    follows: Indices
    bare: Flags


def arcs_of(discs: Discs, kept: Flags, pairs: DiscPairs) -> Arcs:
    """The arcs of the kept discs, given their pairs; raises UncertainArcs when they are not certain."""
    hidden = ~kept
    hidden[pairs.disc[pairs.sure >= np.pi]] = True
    covers = np.flatnonzero((pairs.sure > 0.0) & ~hidden[pairs.disc])
    bare = ~hidden
    bare[pairs.disc[covers]] = False
    start, end = pairs.towards - pairs.sure, pairs.towards + pairs.sure
    gaps = _gaps(pairs.disc[covers], start[covers], end[covers])
    entries = _entries(discs, pairs, _seen(pairs, gaps, bare))
    leaving = pairs.reverse(entries.pair)
    start[entries.pair] = _direction(discs, pairs, entries.pair, entries.point, -1.0)
    end[leaving] = _direction(discs, pairs, leaving, entries.point, 1.0)
    covers = covers[np.isin(pairs.disc[covers], gaps.disc)]
    gaps = _gaps(pairs.disc[covers], start[covers], end[covers])
    if len(gaps.tied):
        raise UncertainArcs(gaps.tied)
    return _linked(pairs, entries, gaps, covers[gaps.before], covers[gaps.after], bare)


def _linked(
    pairs: DiscPairs, entries: Entries, gaps: ArcGaps, before: Indices, after: Indices, bare: Flags
) -> Arcs:
    """The gaps as arcs: where one ends, the boundary continues along the disc that is entered there."""
    entry, arc = np.full((2, len(pairs.disc)), -1)
    entry[entries.pair] = np.arange(len(entries.pair))
    arc[before] = np.arange(len(before))
    begins, ends, follows = entry[pairs.reverse(before)], entry[after], arc[pairs.reverse(after)]
    astray = (begins < 0) | (ends < 0) | (follows < 0)
    if astray.any():
        raise UncertainArcs(gaps.disc[astray])
    return Arcs(gaps.disc, entries, begins, ends, follows, bare)


def _direction(discs: Discs, pairs: DiscPairs, pair: Indices, point: Points, side: float) -> Floats:
    """The direction of a point from a pair's disc, counted from the other disc towards `side`."""
    towards = pairs.towards[pair]
    turned = side * (np.angle(point - discs.centre[pairs.disc[pair]]) - towards)
    return np.asarray(towards + side * (turned % TURN))


def _gaps(disc: Indices, start: Floats, end: Floats) -> ArcGaps:
    """The stretches of each disc's directions that no interval covers."""
    start, end = _from_zero(start, end)
    order = np.argsort(disc * LANE + start)
    disc, start, ends = disc[order], start[order], (disc * LANE + end)[order]
    reach = np.maximum.accumulate(ends)
    holder = np.maximum.accumulate(np.where(ends >= reach, np.arange(len(disc)), 0))
    first, last = np.diff(disc, prepend=-1) != 0, np.diff(disc, append=-1) != 0
    lane = np.cumsum(first) - 1
    carried = (reach[last] - disc[last] * LANE - TURN)[lane]
    so_far = np.where(first, -np.inf, np.roll(reach, 1) - disc * LANE)
    before = np.where(carried > so_far, holder[last][lane], np.roll(holder, 1))
    begin = np.maximum(so_far, carried)
    tied, some = np.abs(start - begin) <= TIE, np.flatnonzero(start - begin > TIE)
    return ArcGaps(disc[some], begin[some], start[some], order[before[some]], order[some], disc[tied])


def _from_zero(start: Floats, end: Floats) -> tuple[Floats, Floats]:
    turns = np.floor(start / TURN) * TURN
    return start - turns, end - turns


def _seen(pairs: DiscPairs, gaps: ArcGaps, bare: Flags) -> Indices:
    """The pairs whose entry may lie on the union's boundary; raises UncertainArcs when one is not clear."""
    open_ = bare.copy()
    open_[gaps.disc] = True
    some = np.flatnonzero((pairs.most > 0.0) & open_[pairs.disc])
    disc, towards, sure, most = pairs.disc[some], pairs.towards[some], pairs.sure[some], pairs.most[some]
    seen = np.zeros(len(pairs.disc), dtype=bool)
    seen[some] = _meets(gaps, bare, disc, towards - most, towards - sure)
    seen[pairs.reverse(some[_meets(gaps, bare, disc, towards + sure, towards + most)])] = True
    unclear = seen & ~pairs.clear
    if unclear.any():
        raise UncertainArcs(np.maximum(pairs.disc, pairs.other)[unclear])
    return np.flatnonzero(seen)


def _meets(gaps: ArcGaps, bare: Flags, disc: Indices, start: Floats, end: Floats) -> Flags:
    """Whether a stretch of a disc's ring meets a gap. The whole ring of a bare disc is a gap."""
    start, end = _from_zero(start, end)
    lane = np.concatenate([gaps.disc, gaps.disc, [len(bare)]])
    opens = np.concatenate([gaps.start, gaps.start + TURN, [0.0]])
    closes = lane * LANE + np.concatenate([gaps.end, gaps.end + TURN, [0.0]])
    order = np.argsort(closes)
    at = order[np.searchsorted(closes[order], disc * LANE + start)]
    return np.asarray(bare[disc] | ((lane[at] == disc) & (opens[at] <= end)))


def _entries(discs: Discs, pairs: DiscPairs, crossing: Indices) -> Entries:
    """Walk from the edges near which the circles cross to the edges where the rings cross."""
    rings, count = discs.rings, discs.rings.shape[1]
    one, two, back = pairs.disc[crossing], pairs.other[crossing], pairs.reverse(crossing)
    middle = (pairs.sure + pairs.most) / 2.0
    edge = _edge_at(discs, one, (pairs.towards - middle)[crossing])
    other = _edge_at(discs, two, (pairs.towards + middle)[back])
    for _ in range(STEPS):
        a, c = rings[one, edge], rings[two, other]
        along, across = rings[one, (edge + 1) % count] - a, rings[two, (other + 1) % count] - c
        turn = _cross(across, along)
        turn[turn == 0.0] = -1.0
        share, other_share = _cross(across, c - a) / turn, _cross(along, c - a) / turn
        step, other_step = (np.clip(np.floor(s), -2, 2).astype(np.intp) for s in (share, other_share))
        astray = (step != 0) | (other_step != 0) | (turn < 0.0)
        if not astray.any():
            return Entries(crossing, a + share * along, edge, share, other, other_share)
        edge, other = (edge + step) % count, (other + other_step) % count
    raise UncertainArcs(np.maximum(one, two)[astray])


def _cross(a: Points, b: Points) -> Floats:
    return np.asarray(a.real * b.imag - a.imag * b.real)


def _edge_at(discs: Discs, disc: Indices, direction: Floats) -> Indices:
    """The edge of a ring that lies in about that direction."""
    count = discs.rings.shape[1]
    from_first = direction - np.angle(discs.rings[disc, 0] - discs.centre[disc])
    return np.asarray(np.floor(from_first % TURN * (count / TURN)).astype(np.intp) % count)
