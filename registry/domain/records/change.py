"""Changes of a record: draft, next version, patch, merge. Pure: the time is an argument."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import Struct, structs

from registry.domain.errors import Invalid, Refused
from registry.domain.geojson import Point
from registry.domain.geometry import wkb
from registry.domain.intake.finding import Message, finding
from registry.domain.intake.shape import read_members
from registry.domain.records.location import check_geometry, check_quality
from registry.domain.records.relocation import located_from_raw
from registry.domain.records.resource import (
    FireWatchPoint,
    Lifecycle,
    Properties,
    Resource,
    Shelter,
    SupplyDepot,
)
from registry.domain.records.state import stock_slot

Verb = Literal["create", "update", "retire", "restore", "verify", "locate", "report", "stock", "seed"]
SERVER_SET = frozenset({"version", "created_at", "updated_at", "verified_at", "verified_by"})
"""Members that the registry sets. A client may send back what it read; the values are ignored."""
NO_OBJECT = Message("应为对象", "expected an object")
TOGETHER = {"geometry": "location", "location": "location"}
"""Members that count as one in a merge, because they only make sense together."""


class Change(Struct, frozen=True, kw_only=True):
    """Who changes a record, why and in which request; `device_at` is the clock of the device."""

    verb: Verb
    actor: str
    at: datetime
    reason: str | None = None
    via: str = "api"
    request_id: str | None = None
    device_at: datetime | None = None


class Draft(Struct, frozen=True, tag_field="type", tag="Feature", kw_only=True, forbid_unknown_fields=True):
    """A Feature that a client sends: its identity may be missing."""

    id: UUID | None = None
    geometry: Point | None = None
    properties: Properties


def record_of(draft: Draft, identity: UUID, exercise: str | None) -> Resource:
    """The record of a draft in the exercise of the request, located from its raw coordinates if need be."""
    properties = draft.properties
    if properties.exercise is not None and properties.exercise != exercise:
        raise Invalid("ask with exercise= to write inside that exercise", field="properties.exercise")
    unset = {name: 0 if name == "version" else None for name in SERVER_SET}
    properties = structs.replace(properties, exercise=exercise, **unset)
    record = Resource(id=identity, geometry=draft.geometry, properties=properties)
    return record if properties.location.raw is None else located_from_raw(record)


def _check_validity(record: Resource) -> None:
    begin, end = record.properties.valid_from, record.properties.valid_to
    if begin and end and begin.tzinfo and end.tzinfo and begin > end:
        raise Invalid(
            "valid_from is after valid_to", field="properties.valid_to", zh="valid_from 晚于 valid_to"
        )


def _check_footprint(record: Resource) -> None:
    properties = record.properties
    if isinstance(properties, FireWatchPoint) and properties.footprint is not None:
        wkb(properties.footprint, "properties.footprint")


def _check_stock(record: Resource) -> None:
    """Invalid for two stock lines that nothing tells apart."""
    stock = record.properties.stock if isinstance(record.properties, SupplyDepot) else []
    for slot, count in Counter(stock_slot(line) for line in stock).items():
        if count > 1:
            raise Invalid(
                f"two stock lines have the same item, unit, lot and expiry: {slot}",
                field="properties.stock",
                zh=f"两行库存的物资、单位、批号和有效期都相同：{slot}",
            )


def _check_capacities(record: Resource) -> None:
    """Invalid for two capacities of one use."""
    listed = record.properties.capacities if isinstance(record.properties, Shelter) else []
    for use, count in Counter(one.use for one in listed).items():
        if count > 1:
            named = "/".join(part for part in use if part)
            raise Invalid(
                f"two capacities are of one space and hazard: {named}",
                field="properties.capacities",
                zh=f"同一空间和灾种的容量重复：{named}",
            )


RULES: tuple[Callable[[Resource], None], ...] = (
    check_geometry,
    check_quality,
    _check_validity,
    _check_footprint,
    _check_stock,
    _check_capacities,
)
"""Each raises Invalid for a record whose members contradict each other."""


def check(record: Resource) -> Resource:
    """`record`; Invalid where its members contradict each other."""
    for rule in RULES:
        rule(record)
    _check_times(record.properties)
    return record


def _check_times(properties: Struct) -> None:
    for name in properties.__struct_fields__:
        value = getattr(properties, name)
        if isinstance(value, datetime) and value.tzinfo is None:
            raise Invalid(f"{name} needs a time zone", field=f"properties.{name}")


def new_version(record: Resource, at: datetime) -> Resource:
    """`record` as its first version."""
    return _stamp(check(record), version=1, created_at=at, updated_at=at, verified_at=None, verified_by=None)


def next_version(current: Resource, revised: Resource, at: datetime) -> Resource:
    """`revised` as the version after `current`, with the members that the registry sets carried over."""
    if type(revised.properties) is not type(current.properties):
        raise Invalid("the kind of a record cannot change", field="properties.kind")
    if revised.properties.exercise != current.properties.exercise:
        raise Invalid("a record cannot move between real life and an exercise", field="properties.exercise")
    kept = {name: getattr(current.properties, name) for name in ("created_at", "verified_at", "verified_by")}
    last = current.properties.updated_at
    moment = at if last is None else max(at, last + timedelta(microseconds=1))
    return _stamp(check(revised), version=current.properties.version + 1, updated_at=moment, **kept)


def verified(current: Resource, by: str, at: datetime) -> Resource:
    """`current` confirmed: a new version in which nothing but the confirmation differs."""
    confirmed = next_version(current, current, at)
    return _stamp(confirmed, verified_at=at, verified_by=by)


def _stamp(record: Resource, **server_set: Any) -> Resource:
    return structs.replace(record, properties=structs.replace(record.properties, **server_set))


def retired(current: Resource) -> Resource:
    """`current`, retired."""
    return structs.replace(current, properties=structs.replace(current.properties, lifecycle="retired"))


def restored(current: Resource, lifecycle: Lifecycle) -> Resource:
    """`current` with another lifecycle."""
    return structs.replace(current, properties=structs.replace(current.properties, lifecycle=lifecycle))


def to_members(record: Resource) -> dict[str, Any]:
    """`geometry` and every property that a client may set, as JSON values."""
    whole = msgspec.to_builtins(record)
    properties = {name: value for name, value in whole["properties"].items() if name not in SERVER_SET}
    return {"geometry": whole["geometry"], **properties}


def from_members(current: Resource, members: Mapping[str, Any]) -> Resource:
    """The record that `members` describe; Invalid names the member that cannot be used."""
    properties = {name: value for name, value in members.items() if name != "geometry"}
    whole = {"type": "Feature", "id": str(current.id), "geometry": members.get("geometry")}
    try:
        return msgspec.convert(whole | {"properties": properties}, Resource)
    except msgspec.ValidationError as error:
        faults = read_members(whole | {"properties": properties}, Resource).findings
        raise Refused(faults) from error


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7396: objects merge member by member, null removes, anything else replaces."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def with_its_datum(current: Resource, patch: Mapping[str, Any]) -> dict[str, Any]:
    """The patch with the datum of its geometry: the stored datum and raw pair are of the one that goes.

    A geometry whose patch states no datum is WGS 84, as GeoJSON says.
    """
    geometry = patch.get("geometry")
    same = geometry is None or to_members(current)["geometry"] == geometry
    if same or not isinstance(patch.get("properties") or {}, Mapping):
        return dict(patch)
    properties = dict(patch.get("properties") or {})
    stated = properties.get("location") or {}
    if not isinstance(stated, Mapping):
        return dict(patch)
    properties["location"] = {"datum": "wgs84", "raw": None} | dict(stated)
    return {**patch, "properties": properties}


def patched(current: Resource, patch: Mapping[str, Any]) -> Resource:
    """`current` with a merge patch of its Feature (`geometry`, `properties`) applied."""
    if not isinstance(patch.get("properties") or {}, Mapping):
        raise Refused([finding("wrong_value", "/properties", patch["properties"], reason=NO_OBJECT)])
    unknown = set(patch) - {"geometry", "properties", "type", "id"}
    if unknown:
        raise Invalid(f"a Feature has no member {sorted(unknown)[0]}", field=sorted(unknown)[0])
    if "id" in patch and patch["id"] != str(current.id):
        raise Invalid("the identity of a record cannot change", field="id")
    members = to_members(current)
    changes = {n: v for n, v in (patch.get("properties") or {}).items() if n not in SERVER_SET}
    merged = merge_patch({k: v for k, v in members.items() if k != "geometry"}, changes)
    return from_members(current, merged | {"geometry": patch.get("geometry", members["geometry"])})


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The members that differ, with their new values; None for a member that was removed."""
    names = set(before) | set(after)
    return {name: after.get(name) for name in sorted(names) if before.get(name) != after.get(name)}


class Merge(Struct, frozen=True):
    """A three-way merge: the record that keeps both sides, or the members that both changed differently."""

    record: Resource
    overlapping: tuple[str, ...] = ()


def merge(base: Resource, current: Resource, revised: Resource) -> Merge:
    """Bring what changed from `base` to `revised` into `current`; members changed alike do not clash."""
    there, here, mine = to_members(base), to_members(current), to_members(revised)
    ours, theirs = differences(there, mine), differences(there, here)
    agreed = {name for name in ours if name in theirs and ours[name] == theirs[name]}
    groups = {TOGETHER.get(name, name) for name in set(theirs) - agreed}
    clash = tuple(sorted(name for name in set(ours) - agreed if TOGETHER.get(name, name) in groups))
    if clash:
        return Merge(current, clash)
    return Merge(from_members(current, here | ours))
