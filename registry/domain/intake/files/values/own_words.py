"""The word table of an office: its own words, in any language, for columns, closed lists and codes.

Its rows are coded values of the subjects `words.column`, `words.opening` or another closed list, and
`words.hazard` or another subject of the vocabulary. The scheme is the language, the code what the words mean,
and bars part words.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from registry.domain.errors import Invalid
from registry.domain.intake.files.header_words import FIELD_WORDS, LABELS
from registry.domain.intake.files.text import header_key, one_line, words
from registry.domain.intake.files.values import labels
from registry.domain.intake.lists.list_kind import LIST_KINDS, list_fields

WORDS = "words."
COLUMN = f"{WORDS}column"


class OwnWords(Struct, frozen=True):
    """Words by their folded form: of columns, and of the values of each closed list or subject."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """A folded heading to the field that it means."""
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """A subject or a closed list to its folded words and their codes."""

    def choice(self, listed: str, text: str) -> str | None:
        """The value of a closed list that a word means exactly, in any language."""
        return labels.choice(listed, text) or self.values.get(listed, {}).get(_folded(text))


def own_words(values: Iterable[tuple[str, str, Iterable[str]]]) -> OwnWords:
    """The words of a table: rows of subject, code and labels; other subjects are passed by."""
    columns: dict[str, str] = {}
    of_lists: dict[str, dict[str, str]] = {}
    for subject, code, listed in values:
        if not subject.startswith(WORDS):
            continue
        known = columns if subject == COLUMN else of_lists.setdefault(subject.removeprefix(WORDS), {})
        for label in listed:
            known |= {_folded(word): code for word in words(label) if word.strip()}
    return OwnWords(columns, of_lists)


def check_words(subject: str, code: str) -> None:
    """Raise Invalid for words of a column or of a value that no file can have."""
    if not subject.startswith(WORDS):
        return
    listed = subject.removeprefix(WORDS)
    known = _columns() if subject == COLUMN else LABELS.get(listed)
    if known is not None and code not in known:
        some = ", ".join(sorted(known)[:40])
        raise Invalid(
            f"{subject} has no {code}; it has {some}",
            field="code",
            zh=f"{subject} 中没有 {code}，可用：{some}",
        )


def _columns() -> set[str]:
    return set(FIELD_WORDS).union(*(list_fields(kind) for kind in LIST_KINDS))


def _folded(text: str) -> str:
    return header_key(text) or one_line(text)
