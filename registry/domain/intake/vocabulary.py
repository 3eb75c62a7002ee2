"""The known codes, and the nearest of them to one that is not known."""

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct
from rapidfuzz import fuzz, process

from registry.domain.intake.finding import Message
from registry.domain.values import Name

NEAR_PERCENT = 60
"""Below it the nearest code is no likely meaning: forrest_fire is 96, floood 91, drone_swarm none."""
OWN_SCHEME = "registry"
SCHEMES = {"item": "gbt38565"}
"""The scheme of a code that names none, where it is not the registry's own."""
FORMS = {"gbt38565": re.compile(r"[123](\d\d){0,3}")}
"""The form of the codes of a standard whose whole list is not stored: GB/T 38565 is 1+2+2+2 digits."""
SUBJECTS: dict[str, Message] = {
    "specialty": Message("救援专长", "a specialty"),
    "hazard": Message("灾种", "a hazard"),
    "amenity": Message("设施", "an amenity"),
    "item": Message("物资", "an item"),
    "supply_class": Message("物资大类", "a class of supplies"),
    "topic": Message("事项", "a topic"),
    "facility_kind": Message("设施类型", "a kind of facility"),
    "action": Message("建设行为", "an action"),
    "purpose": Message("目的", "a purpose"),
    "flag": Message("地方标记", "a flag of a place"),
}


class KnownCode(Struct, frozen=True):
    """A code of the vocabulary with its labels."""

    scheme: str
    subject: str
    code: str
    label: Name | None = None


class Nearest(Struct, frozen=True):
    """The known code that one looks like, and its label."""

    code: str
    label: Name | None = None


class Vocabularies:
    """The known codes by subject. A subject without codes is open: any code is accepted."""

    def __init__(self, codes: Iterable[KnownCode]) -> None:
        self._of: dict[str, dict[tuple[str, str], KnownCode]] = {}
        for code in codes:
            self._of.setdefault(code.subject, {})[code.scheme, code.code] = code

    def knows(self, subjects: tuple[str, ...], code: str, scheme: str | None = None) -> bool:
        """Whether the code is known for any of the subjects, or they have no codes yet."""
        scheme = scheme or SCHEMES.get(subjects[0], OWN_SCHEME)
        key = scheme, code
        loaded = [self._of[subject] for subject in subjects if subject in self._of]
        if not loaded or any(key in known for known in loaded):
            return True
        form = FORMS.get(scheme)
        return form is not None and form.fullmatch(code) is not None

    def nearest(self, subjects: tuple[str, ...], text: str) -> Nearest | None:
        """The known code whose code or label is most like the text; None when none is like it."""
        words: dict[str, KnownCode] = {}
        for subject in subjects:
            for known in self._of.get(subject, {}).values():
                label = known.label or Name(known.code)
                words |= {word: known for word in (label.zh, label.en, known.code) if word}
        best = process.extractOne(text, words.keys(), scorer=fuzz.ratio, score_cutoff=NEAR_PERCENT)
        return None if best is None else Nearest(words[best[0]].code, words[best[0]].label)

    def labels(self) -> Mapping[str, Mapping[tuple[str, str], KnownCode]]:
        """Every code by subject, then by scheme and code."""
        return self._of
