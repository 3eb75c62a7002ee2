"""A stretch of a named road between two kilometres."""

from typing import Annotated

from msgspec import Meta, Struct

from registry.domain.values import Code

Kilometres = Annotated[float, Meta(ge=0, le=100_000)]


class RoadRange(Struct, frozen=True, forbid_unknown_fields=True):
    """A named road between two kilometres."""

    road: Code
    from_km: Kilometres
    to_km: Kilometres

    def __post_init__(self) -> None:
        if self.to_km <= self.from_km:
            raise ValueError("to_km is not beyond from_km")
