"""The conditions on records, each declared once: its type with bounds, its words, and what has the property.

Query parameters, bodies, command-line options, OGC queryables and the reference page come from `Criteria`.
`registry/store/filters.py` holds the SQL of each condition under the same name.
"""

import re
from datetime import datetime, timedelta
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct, inspect, structs

from registry.domain.errors import InvalidQuery
from registry.domain.records.resource import (
    Force,
    Kind,
    Lifecycle,
    Opening,
    Operational,
    Ownership,
    Quality,
    Readiness,
    ShelterLevel,
    TeamLevel,
    Tier,
    WatchForm,
)
from registry.domain.values import CodeOf, Count, PlaceCode, Quantity

Level = Literal[ShelterLevel, TeamLevel]
Bbox = tuple[float, float, float, float]
CodedText = Annotated[str, Meta(min_length=1, max_length=129, pattern=r"^[0-9A-Za-z][0-9A-Za-z_.:\-]*$")]
CodedList = Annotated[tuple[CodedText, ...], Meta(min_length=1, max_length=50)]
Kinds = Annotated[tuple[Kind, ...], Meta(min_length=1, max_length=4)]
Days = Annotated[float, Meta(ge=0, le=36_500)]
NamePart = Annotated[str, Meta(min_length=1, max_length=100)]
Partners = Literal["include", "exclude", "only"]
STOCK_SCHEME = "gbt38565"
OWN_SCHEME = "registry"
TRIGRAM = re.compile(r"[^\W_]{3}")

TEAM: Kind = "rescue_team"
SHELTER: Kind = "shelter"
WATCH: Kind = "fire_watch_point"
DEPOT: Kind = "supply_depot"


UNKNOWN = True
"""A record may leave the value unknown: it then neither meets nor fails the condition."""


def _says(en: str, zh: str, unknown: bool = False, *kinds: Kind) -> Meta:
    """The words of a condition, whether it can be undecided, and the kinds that have the property."""
    description = f"{en} · {zh}" + (f" ({', '.join(kinds)})" if kinds else "")
    return Meta(description=description, extra={"en": en, "zh": zh, "unknown": unknown, "kinds": kinds})


BY_NAME = _says("Part of a name, Chinese or English", "名称片段")
IN_BOX = _says("Box west,south,east,north in degrees, WGS 84; west > east crosses 180°", "经纬度范围")


class Criteria(Struct, frozen=True, kw_only=True):
    """The conditions that every route and every statement share; None states no condition."""

    kind: Annotated[Kind | None, _says("Kind", "类别")] = None
    kinds: Annotated[Kinds | None, _says("Any of these kinds", "任一类别")] = None
    place: Annotated[
        PlaceCode | None, _says("Place or management area, with all under it", "所在地，含下级")
    ] = None
    lifecycle: Annotated[Lifecycle | None, _says("Stage of life", "阶段")] = None
    quality: Annotated[Quality | None, _says("How well the place is known", "位置质量")] = None
    force: Annotated[Force | None, _says("Force", "力量性质", UNKNOWN, TEAM)] = None
    level: Annotated[Level | None, _says("Level", "级别", UNKNOWN, TEAM, SHELTER)] = None
    tier: Annotated[Tier | None, _says("Tier", "层级", UNKNOWN, DEPOT)] = None
    ownership: Annotated[Ownership | None, _says("Ownership", "储备方式", UNKNOWN, DEPOT)] = None
    form: Annotated[WatchForm | None, _says("Form", "形式", UNKNOWN, WATCH)] = None
    specialties_any: Annotated[
        CodedList | None,
        CodeOf(("specialty",)),
        _says("Any of these specialties", "任一专长", UNKNOWN, TEAM),
    ] = None
    specialties_all: Annotated[
        CodedList | None,
        CodeOf(("specialty",)),
        _says("All of these specialties", "全部专长", UNKNOWN, TEAM),
    ] = None
    hazards_any: Annotated[
        CodedList | None,
        CodeOf(("hazard",)),
        _says("For any of these hazards", "适用任一灾种", UNKNOWN, SHELTER),
    ] = None
    hazards_all: Annotated[
        CodedList | None,
        CodeOf(("hazard",)),
        _says("For all of these hazards", "适用全部灾种", UNKNOWN, SHELTER),
    ] = None
    readiness: Annotated[Readiness | None, _says("Readiness", "备勤状态", UNKNOWN, TEAM)] = None
    opening: Annotated[Opening | None, _says("Opening", "开放状态", UNKNOWN, SHELTER)] = None
    operational: Annotated[Operational | None, _says("Operational", "运行状态", UNKNOWN, WATCH)] = None
    free_persons: Annotated[
        Count | None,
        _says("Room for so many, by capacity less known occupancy", "可容纳人数", UNKNOWN, SHELTER),
    ] = None
    item: Annotated[
        CodedText | None,
        CodeOf(("item", "supply_class")),
        _says("Holds this item; by default a GB/T 38565 code", "存有物资", UNKNOWN, DEPOT),
    ] = None
    quantity: Annotated[
        Quantity | None,
        _says("At least so much of the item, as last counted", "该物资数量不少于", False, DEPOT),
    ] = None
    verified_since: Annotated[
        datetime | None, _says("Verified at this instant or later", "此后核实过", UNKNOWN)
    ] = None
    partners: Annotated[
        Partners | None, _says("Partner places' resources: with them, without, or only them", "协作区县资源")
    ] = None

    def given(self) -> dict[str, Any]:
        """The stated conditions by name."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}


class Conditions(Criteria, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller asks of records.

    A code without a scheme is the registry's own; an item without one is a GB/T 38565 code.
    """

    max_age_days: Annotated[Days | None, _says("Verified at most so many days ago", "核实至今天数不超过")] = (
        None
    )


class ListConditions(Conditions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller asks of a list of records."""

    q: Annotated[NamePart | None, BY_NAME] = None
    bbox: Annotated[Bbox | None, IN_BOX] = None


class Filter(Criteria, frozen=True, kw_only=True, omit_defaults=True):
    """The conditions as statements take them: codes are `scheme:code`, relative times are instants.

    `free_persons` compares capacity less known occupancy; `item` with `quantity` a counted stock line.
    """

    q: Annotated[NamePart | None, BY_NAME] = None
    bbox: Annotated[Bbox | None, IN_BOX] = None
    valid_at: Annotated[datetime | None, _says("Valid at this instant", "此时有效")] = None


class Condition(Struct, frozen=True, kw_only=True):
    """One declared condition.

    `type` has its bounds, `choices` the values of a code, `kinds` the kinds that have the property.
    `unknown` says that a record may leave the value unknown.
    """

    name: str
    type: inspect.Type
    choices: tuple[str, ...]
    description: str
    en: str
    zh: str
    unknown: bool
    kinds: tuple[Kind, ...]

    @property
    def is_list(self) -> bool:
        """Whether it takes several codes."""
        return isinstance(self.type, inspect.VarTupleType)


@cache
def declared(criteria: type[Criteria]) -> dict[str, Condition]:
    """The conditions of these criteria by name, those of `Criteria` first."""
    info = inspect.type_info(criteria)
    assert isinstance(info, inspect.StructType)
    hints = get_type_hints(criteria, include_extras=True)
    found = {field.name: _condition(field, hints[field.name]) for field in info.fields}
    return {name: found[name] for name in [*Criteria.__struct_fields__, *found]}


def _condition(field: inspect.Field, hint: Any) -> Condition:
    annotated = field.type
    assert isinstance(annotated, inspect.Metadata)
    assert isinstance(annotated.type, inspect.UnionType)
    kinds = [kind for kind in annotated.type.types if not isinstance(kind, inspect.NoneType)]
    words = {**(annotated.extra or {}), **(annotated.extra_json_schema or {})}
    return Condition(name=field.name, type=kinds[0], choices=literal_values(hint), **words)


def literal_values(hint: Any) -> tuple[str, ...]:
    """The values of the literal types in a type hint, in the order they were written in."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    if get_origin(hint) not in (Annotated, Union, UnionType):
        return ()
    return tuple(dict.fromkeys(value for part in get_args(hint) for value in literal_values(part)))


CODE_LISTS = {name for name, condition in declared(Conditions).items() if condition.is_list} - {"kinds"}


def filter_of(conditions: Conditions, now: datetime) -> Filter:
    """The filter of a question: what is in service, unless a lifecycle is given, and valid now.

    InvalidQuery for conditions that contradict each other.
    """
    values = _values(conditions, now)
    return Filter(**{"lifecycle": "in_service"} | values, valid_at=now)


def to_the_minute(wanted: Filter) -> Filter:
    """The filter by which an answer is kept: dates of validity are days, so that a minute changes few."""
    at = wanted.valid_at
    return wanted if at is None else structs.replace(wanted, valid_at=at.replace(second=0, microsecond=0))


def list_filter_of(conditions: ListConditions, now: datetime) -> Filter:
    """The filter of a list: whatever the lifecycle and the validity, unless they are given."""
    return Filter(**_values(conditions, now))


def _values(conditions: Conditions, now: datetime) -> dict[str, Any]:
    if conditions.kind is not None and conditions.kinds is not None:
        raise InvalidQuery("give kind or kinds, not both", field="kinds")
    if conditions.quantity is not None and conditions.item is None:
        raise InvalidQuery("a quantity is of an item", field="quantity")
    values = conditions.given()
    for name in CODE_LISTS & values.keys():
        values[name] = tuple(_with_scheme(code, OWN_SCHEME) for code in values[name])
    if conditions.kinds is not None:
        values["kinds"] = tuple(sorted(set(conditions.kinds)))
    if conditions.item is not None:
        values["item"] = _with_scheme(conditions.item, STOCK_SCHEME)
    if conditions.partners == "include":
        del values["partners"]
    values.pop("max_age_days", None)
    return values | {"verified_since": _verified_since(conditions, now)}


def _verified_since(conditions: Conditions, now: datetime) -> datetime | None:
    since = aware(conditions.verified_since, "verified_since")
    if conditions.max_age_days is None:
        return since
    youngest = now - timedelta(days=conditions.max_age_days)
    return youngest if since is None else max(since, youngest)


def _with_scheme(code: str, scheme: str) -> str:
    return code if ":" in code else f"{scheme}:{code}"


def parse_bbox(text: str) -> Bbox:
    """Four numbers west,south,east,north in WGS 84; west > east crosses the antimeridian."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InvalidQuery("bbox is four numbers: west,south,east,north", field="bbox") from error
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise InvalidQuery("bbox has longitudes in ±180 and latitudes in ±90, south first", field="bbox")
    return west, south, east, north


def aware(moment: datetime | None, field: str) -> datetime | None:
    """`moment`; InvalidQuery when it has no time zone."""
    if moment is not None and moment.tzinfo is None:
        raise InvalidQuery(f"{field} needs a time zone", field=field)
    return moment


def has_trigram(text: str) -> bool:
    """Whether a trigram index can find the text: 大河 is too short for one, 大河乡 is not."""
    return TRIGRAM.search(text) is not None
