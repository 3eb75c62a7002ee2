"""Which datum the positions of a file came in, by those of its rows that are known records."""

from statistics import median

from registry.domain.datum import wgs84_of
from registry.domain.intake.territory import GEOD
from registry.domain.records.resource import Datum, Resource

LEAST_ROWS = 5
"""Fewer known records prove nothing: each may have been moved."""
NEAR_M = 350.0
"""Half of the shift: nearer, a datum explains the positions."""
CANDIDATES: tuple[Datum, ...] = ("wgs84", "gcj02", "bd09")
Pair = tuple[float, float]


class DatumVote:
    """Collects positions as they came beside those of the records that they are about."""

    def __init__(self) -> None:
        self._pairs: list[tuple[Pair, Pair]] = []

    @property
    def rows(self) -> int:
        """How many rows have a say."""
        return len(self._pairs)

    def add(self, came: Pair, record: Resource) -> None:
        """Note a row; a record whose own position is not sure has no say."""
        location = record.properties.location
        if record.geometry is None or location.quality != "surveyed" or location.datum == "unknown":
            return
        self._pairs.append((came, record.geometry.coordinates))

    def datum(self) -> Datum | None:
        """The one datum that brings the rows to their records; None where none does, or several do.

        The middle distance counts, so that some that were moved do not matter.
        """
        if len(self._pairs) < LEAST_ROWS:
            return None
        apart_m = {
            datum: median(GEOD.inv(*wgs84_of(datum, came), *known)[2] for came, known in self._pairs)
            for datum in CANDIDATES
        }
        near = sorted((metres, datum) for datum, metres in apart_m.items())
        (best_m, best), (second_m, _) = near[:2]
        return best if best_m < NEAR_M and best_m * 2 < second_m else None
