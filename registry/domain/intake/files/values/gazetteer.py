"""Find the town that an address or a cell names: the longest name of the gazetteer, the district first."""

from collections.abc import Iterable

from msgspec import Struct

from registry.domain.intake.files.text import header_key

SUFFIXES = (
    "街道办事处", "街道办", "街办", "街道", "民族乡", "镇人民政府", "镇政府", "乡政府", "镇", "乡", "鎮",
    "鄉", "自治县", "县", "縣", "区", "區", "市", "町", "村", "社区", "社區",
)  # fmt: skip
TOWNS = ("街道", "街办", "镇", "乡", "民族乡")
SEATS = ("district", "county", "prefecture", "city")


class PlaceName(Struct, frozen=True, kw_only=True):
    """A place as the gazetteer knows it."""

    code: str
    level: str
    names: tuple[str, ...]
    parent: str | None = None


class Gazetteer:
    """The places below a jurisdiction by their names; a name without its suffix counts where it is unique."""

    def __init__(self, places: Iterable[PlaceName], home: str | None = None) -> None:
        self.places = {place.code: place for place in places}
        self._home = home
        self._by_name: dict[str, set[str]] = {}
        for place in self.places.values():
            for name in place.names:
                for form in _forms(name):
                    self._by_name.setdefault(form, set()).add(place.code)
        self._longest = max((len(name) for name in self._by_name), default=0)

    def exact(self, text: str) -> set[str]:
        """The places whose name or code is this text."""
        plain = text.strip()
        if plain in self.places:
            return {plain}
        return self._at_home(self._by_name.get(header_key(plain), set()))

    def in_address(self, text: str) -> set[str]:
        """The smallest places that an address names: the longest names, below the district named before.

        Several codes where a name repeats and the address does not say in which district.
        """
        plain, found, position = header_key(text), [], 0
        while position < len(plain):
            length = self._longest_at(plain, position)
            if length:
                found.append(self._by_name[plain[position : position + length]])
            position += length or 1
        return self._deepest(found)

    def _longest_at(self, text: str, position: int) -> int:
        for length in range(min(self._longest, len(text) - position), 1, -1):
            if text[position : position + length] in self._by_name:
                return length
        return 0

    def _deepest(self, found: list[set[str]]) -> set[str]:
        """The last of a chain of names in which each lies below the one before."""
        chosen: set[str] = set()
        for codes in found:
            below = {code for code in codes if chosen & self._above(code)}
            if not chosen:
                chosen = codes
            elif below:
                chosen = below
        return self._at_home(chosen)

    def _at_home(self, codes: set[str]) -> set[str]:
        """Of several places with one name those in the office's own district, if any is."""
        if len(codes) < 2 or self._home is None:
            return set(codes)
        return {code for code in codes if self._home in self._above(code)} or set(codes)

    def _above(self, code: str) -> set[str]:
        above: set[str] = set()
        at = self.places.get(code)
        while at is not None and at.parent is not None and at.parent not in above:
            above.add(at.parent)
            at = self.places.get(at.parent)
        return above


def _forms(name: str) -> set[str]:
    """A name, without its suffix, and with the suffixes that people use for the same one."""
    whole = header_key(name)
    forms = {whole}
    for suffix in SUFFIXES:
        stem = whole.removesuffix(suffix)
        if stem != whole and len(stem) >= 2:
            forms.add(stem)
            if suffix in TOWNS or suffix.endswith(("镇", "乡", "街道")):
                forms |= {stem + other for other in ("街道", "街办", "街道办", "街道办事处", "镇", "乡")}
            if suffix in ("区", "县"):
                forms |= {stem + "区", stem + "县"}
            break
    return {form for form in forms if len(form) >= 2}
