"""Shared value types: bounded text and numbers, bilingual names, coded values."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct


class CodeOf(Struct, frozen=True):
    """Marks a code: a known code of one of these subjects of the vocabulary, or of a place.

    `domain/intake/members.py` reads the marks. Every body and parameter whose type has them is checked.
    """

    subjects: tuple[str, ...]


class FoldedText(Struct, frozen=True):
    """Marks a text that is folded when it comes in; a text of one line also has its spaces joined."""

    one_line: bool = True


class ObservedAt(Struct, frozen=True):
    """Marks an instant or a day at which something was observed: never in the future, nor before 1990."""


class Located(Struct, frozen=True):
    """Marks a position at which something is; 0, 0 is the mark of a device without a fix."""


PRINTABLE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]*$"
ShortText = Annotated[str, Meta(min_length=1, max_length=200, pattern=PRINTABLE), FoldedText()]
LongText = Annotated[str, Meta(max_length=4000, pattern=PRINTABLE), FoldedText(one_line=False)]
Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z][0-9A-Za-z_.\-]*$")]
ItemCode = Annotated[Code, CodeOf(("item", "supply_class"))]
PlaceCode = Annotated[Code, CodeOf(("place",))]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Degrees = Annotated[float, Meta(ge=0, le=360)]
Metres = Annotated[float, Meta(ge=0, le=20_037_509)]
Radius = Annotated[float, Meta(gt=0, le=500_000)]
EyeHeight = Annotated[float, Meta(gt=0, le=500)]
SquareMetres = Annotated[float, Meta(ge=0, le=1e15)]
Count = Annotated[int, Meta(ge=0, le=2_000_000_000)]
Quantity = Annotated[float, Meta(ge=0, le=1e12)]
ObservedInstant = Annotated[datetime, ObservedAt()]
ObservedDay = Annotated[date, ObservedAt()]


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
    """The list that the code is of."""

    def key(self) -> str:
        """The one-string form that is stored and filtered by: scheme:code."""
        return f"{self.scheme}:{self.code}"
