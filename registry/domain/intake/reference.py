"""What the gate knows of the jurisdiction: its places and vocabularies, and the records near one."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from registry.domain.intake.territory import Territory
from registry.domain.intake.vocabulary import Vocabularies
from registry.domain.records.resource import DEFAULT_VISIBILITY, Visibility
from registry.domain.values import Name


class Reference(Struct, frozen=True):
    """Reference data, the same for every record; a worker keeps it until it changes."""

    territory: Territory
    vocabularies: Vocabularies


class KnownRecord(Struct, frozen=True, kw_only=True):
    """A stored record that a new one may be a double of."""

    id: UUID
    name: Name
    place: str | None = None
    lon: float | None = None
    lat: float | None = None
    distance_m: float | None = None


class Ground(Struct, frozen=True, kw_only=True):
    """What a record is compared with. `near` are records of its kind near its point or in its place.

    `default_visibility` is that of a new record whose maker states none.
    """

    reference: Reference
    now: datetime
    near: tuple[KnownRecord, ...] = ()
    default_visibility: Visibility = DEFAULT_VISIBILITY


EMPTY = Reference(Territory(()), Vocabularies(()))
"""A registry without places and vocabularies."""
