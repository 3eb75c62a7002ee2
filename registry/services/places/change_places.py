"""Put and retire places as planners do: checked, versioned, and with everything derived from them renewed."""

from collections.abc import Container, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
import shapely
from msgspec import Struct

from registry.domain.access.actor import Actor, require, require_place
from registry.domain.access.sight import Sight
from registry.domain.errors import ConditionMissing, Invalid, NotFound, Stale
from registry.domain.geojson import Point
from registry.domain.geometry import wkb
from registry.domain.intake.finding import Finding
from registry.domain.places.place import PlaceDraft, basis_of, check_place, examine_extent
from registry.domain.values import Code, Name
from registry.services.clock import now
from registry.services.intake.admit import admit_value, keep_findings_about
from registry.services.places.places import PlaceFeature, feature_of, read_place
from registry.services.places.rehome import RecordToRehome, keep_rehoming, to_rehome
from registry.store.database.pool import Reader, Row, Writer
from registry.store.places import places


class SavedPlace(Struct, frozen=True):
    """The place as it was stored, what was found of it, and the records that need another place."""

    place: PlaceFeature
    created: bool
    """Whether the place is new."""
    findings: list[Finding]
    to_rehome: list[RecordToRehome]


class PastPlace(Struct, frozen=True):
    """An earlier version of a place, and who replaced it when."""

    version: int
    place: dict[str, Any]
    """The place as it was."""
    updated_by: str
    superseded_at: datetime


async def put_place(
    writer: Writer,
    sight: Sight,
    actor: Actor,
    code: str,
    draft: PlaceDraft,
    versions: Container[int] | None,
) -> SavedPlace:
    """Store a new place, or replace the version that the caller holds; for planners of its ground.

    Any form of an official code means the place that is stored. Invalid and InvalidGeometry name the member
    that breaks a rule; ConditionMissing and Stale are about the version.
    """
    require(actor, "planner")
    draft = await admit_value(writer, draft)
    await places.lock(writer)
    current = await places.get(writer, code)
    code = code if current is None else current["code"]
    _demand_version(current, versions)
    check_place(code, draft, await places.levels(writer))
    await _check_codes(writer, code, draft)
    await _require_ground(writer, actor, current, draft.properties.parent)
    findings = await _examine(writer, draft)
    await _keep(writer, current)
    await _store(writer, actor, current, {code: draft})
    told = await keep_findings_about(writer, "place", code, actor.id, findings)
    writer.findings.extend(told)
    if draft.properties.valid_to or (current is not None and current["valid_to"]):
        await keep_rehoming(writer, sight, actor, code)
    return SavedPlace(
        await read_place(writer, code), current is None, told, await to_rehome(writer, sight, code)
    )


async def retire_place(
    writer: Writer,
    sight: Sight,
    actor: Actor,
    code: str,
    versions: Container[int] | None,
    *,
    ended_on: date | None = None,
    successors: Sequence[Code] = (),
) -> SavedPlace:
    """End the validity of a code: it leaves lists, its records stay and are proposed for another place."""
    require(actor, "planner")
    current = await places.get(writer, code)
    if current is None:
        raise NotFound("place", code)
    draft = msgspec.json.decode(msgspec.json.encode(await read_place(writer, code)), type=PlaceDraft)
    ended = msgspec.structs.replace(
        draft.properties,
        valid_to=ended_on or draft.properties.valid_to or now().date(),
        successors=list(successors) or draft.properties.successors,
    )
    ending = msgspec.structs.replace(draft, properties=ended)
    return await put_place(writer, sight, actor, current["code"], ending, versions)


async def list_to_rehome(reader: Reader, sight: Sight, actor: Actor, code: str) -> list[RecordToRehome]:
    """The records under a code that has ended, at most 50, each with the place that it is proposed for."""
    require(actor, "planner")
    place = await read_place(reader, code)
    return await to_rehome(reader, sight, place.id)


async def read_history(reader: Reader, actor: Actor, code: str) -> list[PastPlace]:
    """The earlier versions of a place, newest first; for planners."""
    require(actor, "planner")
    place = await read_place(reader, code)
    return [
        PastPlace(row["version"], row["body"], row["updated_by"], row["superseded_at"])
        for row in await places.history(reader, place.id)
    ]


async def load_places(writer: Writer, actor: Actor, drafts: Mapping[str, PlaceDraft]) -> list[Finding]:
    """Store the places of a file, in any order, into a registry that has none of them."""
    levels = await places.levels(writer)
    for code, draft in drafts.items():
        try:
            check_place(code, draft, levels)
        except Invalid as error:
            raise Invalid(f"{code}: {error.detail}", field=error.field) from error
    await _check_known(writer, set(drafts), drafts)
    ordered = {code: drafts[code] for code in _parents_first(drafts)}
    await _store(writer, actor, None, ordered)
    found = []
    for code, draft in ordered.items():
        told = await keep_findings_about(writer, "place", code, actor.id, await _examine(writer, draft))
        found += [msgspec.structs.replace(one, value=code) for one in told]
    return found


def _parents_first(drafts: Mapping[str, PlaceDraft]) -> list[str]:
    ordered: dict[str, None] = {}
    for start in drafts:
        chain: dict[str, None] = {}
        code: str | None = start
        while code is not None and code in drafts and code not in ordered:
            if code in chain:
                raise Invalid(f"{code} lies under itself", field="properties.parent")
            chain[code] = None
            code = drafts[code].properties.parent
        ordered |= dict.fromkeys(reversed(chain))
    return list(ordered)


def _demand_version(current: Row | None, versions: Container[int] | None) -> None:
    if current is None:
        return
    if versions is None:
        raise ConditionMissing("the place exists: send the ETag you read in If-Match")
    if current["version"] not in versions:
        raise Stale(f"the place is at version {current['version']}")


async def _check_codes(writer: Writer, code: str, draft: PlaceDraft) -> None:
    """Refuse a parent, member or successor that is not known, and a place under itself."""
    await _check_known(writer, {code}, {code: draft})
    parent = draft.properties.parent
    if parent is not None and code in await places.ancestors(writer, parent):
        raise Invalid(f"{parent} lies under {code}", field="properties.parent")


async def _check_known(writer: Writer, here: set[str], drafts: Mapping[str, PlaceDraft]) -> None:
    for code, draft in drafts.items():
        properties = draft.properties
        named = {
            "parent": [properties.parent] if properties.parent else [],
            "members": properties.members,
            "successors": properties.successors,
        }
        for field, codes in named.items():
            if unknown := await places.unknown(writer, [one for one in codes if one not in here]):
                raise Invalid(f"{code}: there is no place {unknown[0]}", field=f"properties.{field}")


async def _require_ground(writer: Writer, actor: Actor, current: Row | None, parent: str | None) -> None:
    """Planners change the places under their own: what the place was, and where it goes."""
    if current is not None:
        require_place(actor, "planner", await places.ancestors(writer, current["code"]))
    if current is None or current["parent"] != parent:
        require_place(actor, "planner", [] if parent is None else await places.ancestors(writer, parent))


async def _examine(reader: Reader, draft: PlaceDraft) -> list[Finding]:
    parent = draft.properties.parent
    border = None if parent is None or draft.geometry is None else await places.border(reader, parent)
    if border is None or draft.geometry is None:
        return []
    name = Name(border["name_zh"], border["name_en"])
    return examine_extent(wkb(draft.geometry), border["extent"], name)


async def _keep(writer: Writer, current: Row | None) -> None:
    if current is None:
        return
    members = await places.members(writer, current["code"])
    body = msgspec.json.decode(msgspec.json.encode(feature_of(current, current["extent"], members)))
    stamps = {name: current[name] for name in ("code", "version", "updated_at", "updated_by")}
    await places.keep_past(writer, stamps | {"body": body, "superseded_at": now()})


async def _store(writer: Writer, actor: Actor, current: Row | None, drafts: Mapping[str, PlaceDraft]) -> None:
    stamps = {
        "version": 1 if current is None else current["version"] + 1,
        "updated_at": now(),
        "updated_by": actor.id,
    }
    await places.put(writer, [_values(code, draft) | stamps for code, draft in drafts.items()])
    for code, draft in drafts.items():
        if current is not None or draft.properties.members:
            await places.set_members(writer, code, draft.properties.members)
    await places.derive(writer, drafts.keys())


def _values(code: str, draft: PlaceDraft) -> dict[str, Any]:
    """The columns of a place."""
    properties = draft.properties
    basis = basis_of(draft)
    same = (
        "level parent list_version valid_from valid_to point_uncertainty_m extent_radius_m partner flags"
        " source successors"
    )
    values = {name: getattr(properties, name) for name in same.split()}
    extent = None if basis == "none" else draft.geometry
    point = properties.point
    if extent is not None:
        inside = shapely.point_on_surface(shapely.from_wkb(wkb(extent)))
        point = point or Point((inside.x, inside.y))
    return values | {
        "code": code,
        "point": _text(point),
        "name_zh": properties.name.zh,
        "name_en": properties.name.en,
        "extent_basis": basis,
        "extent": _text(extent),
    }


def _text(geometry: Any) -> str | None:
    return None if geometry is None else msgspec.json.encode(geometry).decode()
