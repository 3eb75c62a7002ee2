"""Shared value types: bounded text and numbers, bilingual names, coded values."""

from typing import Annotated

from msgspec import Meta, Struct

PRINTABLE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]*$"
ShortText = Annotated[str, Meta(min_length=1, max_length=200, pattern=PRINTABLE)]
LongText = Annotated[str, Meta(max_length=4000, pattern=PRINTABLE)]
Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z][0-9A-Za-z_.\-]*$")]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Degrees = Annotated[float, Meta(ge=0, le=360)]
Metres = Annotated[float, Meta(ge=0, le=20_037_509)]
Radius = Annotated[float, Meta(gt=0, le=500_000)]
SquareMetres = Annotated[float, Meta(ge=0, le=1e15)]
Count = Annotated[int, Meta(ge=0, le=2_000_000_000)]
Quantity = Annotated[float, Meta(ge=0, le=1e12)]


class Name(Struct, frozen=True, forbid_unknown_fields=True):
    """A name in Chinese, English or both; at least one is given."""

    zh: ShortText | None = None
    en: ShortText | None = None

    def __post_init__(self) -> None:
        if self.zh is None and self.en is None:
            raise ValueError("a name needs zh or en")

    def __str__(self) -> str:
        return self.zh or self.en or ""


class Coded(Struct, frozen=True, forbid_unknown_fields=True):
    """A value from a vocabulary; the lists in plan documents are open, so codes are data."""

    code: Code
    scheme: Code = "registry"

    def key(self) -> str:
        """The one-string form that is stored and filtered by: scheme:code."""
        return f"{self.scheme}:{self.code}"
