"""A person or desk to call about a resource; personal data, so it is in no feature and in no history."""

from typing import Annotated

from msgspec import Meta, Struct

from registry.domain.values import ShortText

Phone = Annotated[str, Meta(min_length=3, max_length=40, pattern=r"^[0-9+()\- ]+$")]


class Contact(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who to call, and whether everybody may know."""

    role: ShortText
    """What the contact is for, such as duty officer."""
    name: ShortText | None = None
    """Name of the person or desk."""
    phone: Phone | None = None
    published: bool = False
