"""Sight: what one request may see. It is built once a request, and every read obeys it."""

from datetime import datetime

from msgspec import Struct

from registry.domain.records.resource import Visibility

STRICTEST_FIRST: tuple[Visibility, ...] = ("restricted", "internal", "public")


def stricter(one: Visibility, other: Visibility) -> Visibility:
    """The stricter of two visibilities."""
    return min(one, other, key=STRICTEST_FIRST.index)


class Sight(Struct, frozen=True, kw_only=True):
    """The records that a request may know of.

    `clearance` public sees public records, and internal ones as a grid cell; internal sees both exactly;
    restricted sees all. `scope` names the places under which internal clearance also sees restricted records.
    `as_of` reads what was recorded at a past instant. `exercise` reads a drill instead of real life.
    """

    exercise: str | None = None
    clearance: Visibility = "public"
    scope: tuple[str, ...] = ()
    as_of: datetime | None = None


PUBLIC = Sight()
EVERYTHING = Sight(clearance="restricted")
