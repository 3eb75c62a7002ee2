"""What a list of reference data may hold: its kinds, and the columns that each is read from."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from msgspec import Meta, Struct, UnsetType, field

from registry.domain.geojson import Border, LineString, MultiLineString, MultiPolygon, Polygon
from registry.domain.intake.files.text import header_key, words
from registry.domain.intake.lists.list_words import LIST_TITLES, LIST_WORDS, OF_ONE_KIND
from registry.domain.places.road_range import Kilometres
from registry.domain.places.rule import Rule
from registry.domain.places.vocabulary import VocabularyCode
from registry.domain.places.zone import Represents, Zone, ZoneGeometry
from registry.domain.plans.entry import OF_THEIR_OWN, REGISTERS, Entry
from registry.domain.plans.provision import Words
from registry.domain.records.contact import Contact
from registry.domain.records.resource import KINDS, Source, StockLine
from registry.domain.values import Code, CodeOf, Metres, Name, ShortText

ListKind = Literal[
    "place", "zone", "rule", "vocabulary", "contact", "stock",
    "organisation", "responsibility", "hotline", "event", "hazard_point", "expert", "indicator", "agreement",
    "denominator", "inventory", "site", "hospital", "water_source", "fire_break", "hazard_source",
    "service_point", "cordon",
]  # fmt: skip
FileKind = Literal[
    "rescue_team", "shelter", "fire_watch_point", "supply_depot",
    "place", "zone", "rule", "vocabulary", "contact", "stock",
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
NO_COLUMN = ("geometry", "location", "resource", "sources")
"""Members that several columns, the shape of a row or its file say."""
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
    geometry: Border | None = None


class ZoneLine(Zone, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A zone as a row of a list says it; its geometry is the shape of the row.

    A shape that does not say what it represents is a shore, the edge of an area, or a centre line, whose
    edge is nobody knows how far away.
    """

    geometry: LineString | MultiLineString | Polygon | MultiPolygon | None = None
    represents: Represents | None = None
    measures_km: Annotated[list[list[Kilometres]], Meta(max_length=200)] | None = None
    offset_max_m: Metres | None = None
    uncertainty_m: Metres = 0.0
    surveyed_on: date | None = None
    source: Source | None = None

    def zone(self) -> Zone:
        """The zone without its geometry."""
        return Zone(**{name: getattr(self, name) for name in Zone.__struct_fields__})

    def drawing(self) -> ZoneGeometry | None:
        """The geometry and how it is measured from; None where no shape came."""
        if self.geometry is None:
            return None
        return ZoneGeometry(
            geometry=self.geometry,
            represents=self.represents or self._usual(),
            measures_km=self.measures_km,
            offset_max_m=self.offset_max_m,
            uncertainty_m=self.uncertainty_m,
            surveyed_on=self.surveyed_on,
            source=self.source or Source(kind="import", reference="list"),
        )

    def _usual(self) -> Represents:
        if self.kind == "river_shore":
            return "shore"
        return "land_edge" if isinstance(self.geometry, Polygon | MultiPolygon) else "centre_line"


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
    def choices(self) -> tuple[str, ...]:
        """The words of a closed list that a cell may be chosen from."""
        kind = bare(self.hint)
        if kind is bool:
            return ("是", "否")
        return get_args(kind) if get_origin(kind) is Literal else ()

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
        if name in SET_BY_THE_REGISTRY or name in NO_COLUMN:
            continue
        if _is_name(hint):
            fields[name] = ListField(member=name, tongue="zh", hint=str)
            fields[f"{name}_en"] = ListField(member=name, tongue="en", hint=str)
        else:
            subjects = _subjects(hint)
            if (kind, name) == ("zone", "source"):
                continue
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


def members_of(kind: ListKind, given: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The members of the body among what a row states; a name keeps the language that it does not state."""
    known = _BODIES[kind].__struct_fields__
    named = {one.member for one in list_fields(kind).values() if one.tongue is not None}
    return {
        name: {**(before.get(name) or {}), **value} if name in named else value
        for name, value in given.items()
        if name in known
    }


def bare(hint: Any) -> Any:
    """A type without its marks and without None."""
    if get_origin(hint) is Annotated:
        return bare(get_args(hint)[0])
    if get_origin(hint) in (Union, UnionType):
        kinds = [one for one in get_args(hint) if one not in (type(None), UnsetType)]
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
    return Name in parts or Words in parts


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
    "zone": ZoneLine,
    "rule": Rule,
    "vocabulary": VocabularyCode,
    "contact": ContactLine,
    "stock": StockEntry,
    **{one.__struct_config__.tag: one for one in get_args(Entry)},
}
