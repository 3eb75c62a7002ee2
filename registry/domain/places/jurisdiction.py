"""Whose registry this is: its root place, languages, time zone and the datum of what is entered."""

from typing import Annotated
from zoneinfo import available_timezones

from msgspec import Meta, Struct, field

from registry.domain.errors import Invalid
from registry.domain.records.resource import Datum
from registry.domain.values import Code, Latitude, Longitude, Name

Language = Annotated[str, Meta(pattern=r"^[A-Za-z]{2,3}(-[0-9A-Za-z]{2,8})*$")]
"""A language tag (BCP 47), such as zh-Hans or en."""
Box = tuple[Longitude, Latitude, Longitude, Latitude]
"""West, south, east, north."""


class RegistryJurisdiction(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The place that a registry is for, and how its people write; stored once."""

    name: Name
    root: Code
    languages: Annotated[list[Language], Meta(min_length=1, max_length=20)] = field(
        default_factory=lambda: ["en"]
    )
    tz: str = "UTC"
    area_code: Annotated[str, Meta(max_length=10, pattern=r"^\+?[0-9\-]+$")] | None = None
    datum: Datum = "wgs84"
    home: Box | None = None
    """What a new visitor of the map sees; the extent of the root when it is not stated."""
    document: Code | None = None
    """The document that the plan panel opens with; the first when it is not stated."""


def check_jurisdiction(jurisdiction: RegistryJurisdiction) -> None:
    """Raise Invalid, with the member, for an unknown time zone or a box without a width."""
    if jurisdiction.tz not in available_timezones():
        raise Invalid(f"{jurisdiction.tz} is no time zone of the IANA database", field="tz")
    if jurisdiction.home is not None:
        west, south, east, north = jurisdiction.home
        if west >= east or south >= north:
            raise Invalid("home is west, south, east, north", field="home")
