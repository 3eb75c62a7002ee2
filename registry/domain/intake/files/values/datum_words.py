"""The datum that a header, a cell or a description of a system names."""

from functools import lru_cache

from registry.domain.intake.files.header_words import DATUM_WORDS, NO_PARAMETERS
from registry.domain.intake.files.text import one_line
from registry.domain.records.resource import Datum


@lru_cache(1_000)
def datum_in(text: str) -> Datum | None:
    """The datum that a header or a cell names."""
    plain = one_line(text).casefold().replace(" ", "")
    for datum, listed in DATUM_WORDS.items():
        if any(word.casefold().replace(" ", "") in plain for word in listed.split("|")):
            return datum  # type: ignore[return-value]
    return None


@lru_cache(1_000)
def without_parameters(text: str) -> bool:
    """Whether a header or a cell names a system whose parameters are not public."""
    plain = one_line(text).upper().replace(" ", "")
    return any(word in plain for word in NO_PARAMETERS.split("|"))
