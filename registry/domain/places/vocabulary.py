"""A coded value: what a code of a scheme means for a subject."""

from msgspec import Struct

from registry.domain.values import Code, Name, ShortText


class VocabularyCode(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A code of a scheme for a subject, with its labels and where it was published."""

    scheme: Code
    code: Code
    subject: Code
    """What the code is for."""
    label: Name
    source: ShortText | None = None
    """Where the list was published."""
