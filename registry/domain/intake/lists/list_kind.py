"""What a list of reference data may hold: its kinds, and the columns that each is read from."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from msgspec import Meta, Struct, field

from registry.domain.geojson import Area
from registry.domain.intake.files.text import header_key, words
from registry.domain.intake.lists.list_words import LIST_TITLES, LIST_WORDS, OF_ONE_KIND
from registry.domain.places.rule import Rule
from registry.domain.places.zone import Zone
from registry.domain.plans.entry import OF_THEIR_OWN, REGISTERS, Entry
from registry.domain.records.contact import Contact
from registry.domain.records.resource import KINDS, StockLine
from registry.domain.values import Code, CodeOf, Name, ShortText

ListKind = Literal[
    "place", "zone", "rule", "contact", "stock",
    "organisation", "responsibility", "hotline", "event", "hazard_point", "expert", "indicator", "agreement",
    "denominator", "inventory", "site", "hospital", "water_source", "fire_break", "hazard_source",
    "service_point", "cordon",
]  # fmt: skip
FileKind = Literal[
    "rescue_team", "shelter", "fire_watch_point", "supply_depot", "place", "zone", "rule", "contact", "stock",
    "organisation", "responsibility", "hotline", "event", "hazard_point", "expert", "indicator", "agreement",
    "denominator", "inventory", "site", "hospital", "water_source", "fire_break", "hazard_source",
    "service_point", "cordon",
]  # fmt: skip
LIST_KINDS: tuple[ListKind, ...] = get_args(ListKind)
FILE_KINDS: tuple[FileKind, ...] = get_args(FileKind)
assert (*KINDS, *LIST_KINDS) == FILE_KINDS
NO_LIST = {"standing_question"}
"""Registers of which no office keeps a list."""
assert set(REGISTERS) - OF_THEIR_OWN.keys() - NO_LIST <= set(LIST_KINDS)
SET_BY_THE_REGISTRY = frozenset({"version", "created_at", "updated_at", "exercise", "register"})
OWNER = ("resource_id", "resource_code", "resource_name")
"""The columns that say which resource a contact or a stock line belongs to."""
POSITION = ("longitude", "latitude", "coordinates")


class PlaceLine(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A place as a row of a list says it; its border is the shape of the row."""

    code: Code
    name: Name
    level: Code
    parent: Code | None = None
    list_version: ShortText = "own"
    valid_from: date | None = None
    valid_to: date | None = None
    successors: Annotated[list[Code], Meta(max_length=100)] = field(default_factory=list)
    members: Annotated[list[Code], Meta(max_length=10_000)] = field(default_factory=list)
    source: ShortText | None = None
    geometry: Area | None = None


class ContactLine(Contact, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A contact as a row says it."""

    resource: UUID


class StockEntry(StockLine, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A stock line as a row says it."""

    resource: UUID


class ListField(Struct, frozen=True, kw_only=True):
    """A column: the member of the body that it says, the language of a name, and the type of the member."""

    member: str
    tongue: Literal["zh", "en"] | None = None
    hint: Any = None
    is_place: bool = False
    """Whether its values are codes of places, which a list may name instead."""
    subjects: tuple[str, ...] = ()
    """The subjects of its codes, which a list may name instead."""

    @property
    def is_plain(self) -> bool:
        """Whether people can fill it in: a structure is a JSON text."""
        kind = bare(self.hint)
        inner = bare(get_args(kind)[0]) if get_origin(kind) is list else kind
        is_structure = isinstance(inner, type) and issubclass(inner, Struct)
        return not is_structure and get_origin(inner) not in (dict, Union, UnionType)


def body_of(kind: ListKind) -> type[Struct]:
    """The type of what a row makes."""
    return _BODIES[kind]


@cache
def list_fields(kind: ListKind) -> dict[str, ListField]:
    """The columns of a kind by name, in their order; a name has one for each language."""
    fields: dict[str, ListField] = {}
    for name, hint in get_type_hints(_BODIES[kind], include_extras=True).items():
        if name in SET_BY_THE_REGISTRY or name in ("geometry", "location", "resource", "sources"):
            continue
        if _is_name(hint):
            fields[name] = ListField(member=name, tongue="zh", hint=str)
            fields[f"{name}_en"] = ListField(member=name, tongue="en", hint=str)
        else:
            subjects = _subjects(hint)
            is_place = subjects == ("place",) or (kind, name) in (("place", "parent"), ("rule", "territory"))
            fields[name] = ListField(
                member=name, hint=hint, is_place=is_place, subjects=() if is_place else subjects
            )
    if kind in ("contact", "stock"):
        fields = {name: ListField(member=name, hint=str) for name in OWNER} | fields
    hints = get_type_hints(_BODIES[kind])
    if "location" in hints:
        fields |= {name: ListField(member="geometry") for name in POSITION}
    if "id" in hints and hints["id"] is UUID:
        fields["external_id"] = ListField(member="id", hint=str)
    return fields


def bare(hint: Any) -> Any:
    """A type without its marks and without None."""
    if get_origin(hint) is Annotated:
        return bare(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        kinds = [one for one in get_args(hint) if one is not type(None)]
        return bare(kinds[0]) if len(kinds) == 1 else hint
    return hint


def _subjects(hint: Any) -> tuple[str, ...]:
    """The subjects that a type is marked with, itself or in its parts."""
    for part in get_args(hint):
        if isinstance(part, CodeOf):
            return part.subjects
        if found := _subjects(part):
            return found
    return ()


def _is_name(hint: Any) -> bool:
    parts = get_args(hint) if get_origin(hint) is not None else (hint,)
    return Name in parts


@cache
def list_vocabulary(kind: ListKind) -> dict[str, str]:
    """Folded header words to the columns of a kind; the name of a column is one of its words."""
    known: dict[str, str] = {}
    for name in list_fields(kind):
        for word in (name, name.replace("_", " "), *_words(kind, name)):
            known.setdefault(header_key(word), name)
    return known


def list_title(kind: ListKind, name: str) -> str:
    """The heading of a column in a template, which is read back as it."""
    known = list_vocabulary(kind)
    return next((word for word in _words(kind, name) if known[header_key(word)] == name), name)


def _words(kind: ListKind, name: str) -> list[str]:
    listed = OF_ONE_KIND.get(kind, {}).get(name) or LIST_WORDS.get(name)
    return [] if listed is None else words(listed)


def list_label(kind: ListKind) -> str:
    """The name of a kind in both languages."""
    return LIST_TITLES[kind]


_BODIES: Mapping[str, type[Struct]] = {
    "place": PlaceLine,
    "zone": Zone,
    "rule": Rule,
    "contact": ContactLine,
    "stock": StockEntry,
    **{one.__struct_config__.tag: one for one in get_args(Entry)},
}
