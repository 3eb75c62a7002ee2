"""Places, zones, rules and coded values as lists of reference data hold them."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from registry.domain.errors import Invalid, NotFound
from registry.domain.intake.lists.list_kind import ZoneLine, body_of
from registry.domain.places.place import PlaceDraft
from registry.domain.places.rule import Rule
from registry.domain.places.vocabulary import VocabularyCode
from registry.domain.places.zone import StoredZone
from registry.services.clock import now
from registry.services.intake.lists.item import MOST_LISTED, ItemChange, Json, StoredItem, checksum
from registry.services.places.change_places import put_place, retire_place
from registry.services.places.places import feature_of, read_place
from registry.services.places.rules import put_rule, remove_rule
from registry.services.places.vocabularies import list_codes, put_code, remove_code
from registry.services.places.zones import draw_zone, erase_zone, put_zone, remove_zone
from registry.services.records.work import Work
from registry.store.database.pool import Reader
from registry.store.places import places, zones


class PlaceItems:
    """Places by code."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def get(self, key: str) -> StoredItem | None:
        """One place."""
        if await places.get(self._reader, key) is None:
            return None
        place = msgspec.json.decode(msgspec.json.encode(await read_place(self._reader, key)))
        names = body_of("place").__struct_fields__
        stated = {name: place["properties"][name] for name in names if name in place["properties"]}
        return StoredItem(stated | {"geometry": place["geometry"]}, place["properties"]["version"])

    async def find(self, place: str | None) -> list[Json]:
        """The places in force, a place itself among those under it; their borders stay in maps."""
        wanted = {"under": place, "on": now().date()}
        rows = await places.find(self._reader, wanted, MOST_LISTED)
        names = [name for name in body_of("place").__struct_fields__ if name not in ("geometry", "members")]
        listed = (feature_of(row, None).properties for row in rows)
        return [{name: one[name] for name in names if name in one} for one in listed]

    async def store(self, work: Work, changes: Sequence[ItemChange]) -> Mapping[str, int]:
        """Store places, those above before those below."""
        versions: dict[str, int] = {}
        for one in _parents_first(changes):
            versions[one.key] = await self._put(work, one)
        return versions

    async def _put(self, work: Work, one: ItemChange) -> int:
        held = None if one.version is None else {one.version}
        if one.body is None:
            saved = await retire_place(work.writer, work.sight, work.actor, one.key, held)
        else:
            draft = msgspec.convert(await self._feature(one.key, one.body), PlaceDraft)
            saved = await put_place(work.writer, work.sight, work.actor, one.key, draft, held)
        return int(saved.place.properties["version"])

    async def _feature(self, key: str, body: Json) -> Json:
        """The whole place: what no row says of it stays."""
        kept: Json = {}
        if await places.get(self._reader, key) is not None:
            kept = msgspec.json.decode(msgspec.json.encode(await read_place(self._reader, key)))["properties"]
        given = {name: value for name, value in body.items() if name not in ("geometry", "code")}
        return {"type": "Feature", "geometry": body.get("geometry"), "properties": kept | given}


def _parents_first(changes: Sequence[ItemChange]) -> list[ItemChange]:
    waiting = {one.key: one for one in changes}
    ordered: list[ItemChange] = []
    while waiting:
        ready = [one for one in waiting.values() if one.body is None or one.body["parent"] not in waiting]
        if not ready:
            raise Invalid(f"{next(iter(waiting))} lies under itself", field="parent")
        ordered += ready
        for one in ready:
            del waiting[one.key]
    return ordered


class ZoneItems:
    """Zones by identity, each with its geometry and how that is measured from."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def get(self, key: str) -> StoredItem | None:
        """One zone."""
        try:
            stored, _ = await zones.get(self._reader, key)
        except NotFound:
            return None
        return StoredItem(await self._body(stored), stored.version)

    async def find(self, place: str | None) -> list[Json]:
        """Every zone: a zone belongs to no place."""
        return [await self._body(stored) for stored in await zones.find(self._reader)]

    async def _body(self, stored: StoredZone) -> Json:
        drawn = await zones.geometry_of(self._reader, stored.zone.id) if stored.has_geometry else None
        drawing: Json = {} if drawn is None else msgspec.to_builtins(drawn)
        body: Json = msgspec.to_builtins(stored.zone)
        return body | drawing

    async def store(self, work: Work, changes: Sequence[ItemChange]) -> Mapping[str, int]:
        """Store zones and their geometry; one without a body is removed."""
        versions: dict[str, int] = {}
        for one in changes:
            held = None if one.version is None else {one.version}
            if one.body is None:
                await remove_zone(work.writer, work.actor, one.key, held)
                versions[one.key] = 0
            else:
                line = msgspec.convert(one.body, ZoneLine)
                saved = await put_zone(work.writer, work.actor, one.key, line.zone(), held)
                versions[one.key] = await self._drawn(work, line, saved.zone.version)
        return versions

    async def _drawn(self, work: Work, line: ZoneLine, version: int) -> int:
        drawing, stored = line.drawing(), await zones.geometry_of(work.writer, line.id)
        if drawing == stored:
            return version
        if drawing is None:
            return (await erase_zone(work.writer, work.actor, line.id)).version
        return (await draw_zone(work.writer, work.actor, line.id, drawing)).version


class RuleItems:
    """Rules by identity; they have no versions."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[str, Rule] | None = None

    async def get(self, key: str) -> StoredItem | None:
        """One rule."""
        if self._known is None:
            self._known = {rule.id: rule for rule in await zones.rules(self._reader)}
        rule = self._known.get(key)
        if rule is None:
            return None
        body = msgspec.to_builtins(rule)
        return StoredItem(body, checksum(body))

    async def find(self, place: str | None) -> list[Json]:
        """The rules of which the territory is this place or under it, or every rule."""
        known = await zones.rules(self._reader)
        if place is None:
            return [msgspec.to_builtins(rule) for rule in known]
        under = {row["code"] for row in await places.find(self._reader, {"under": place}, MOST_LISTED)}
        return [msgspec.to_builtins(rule) for rule in known if rule.territory in under]

    async def store(self, work: Work, changes: Sequence[ItemChange]) -> Mapping[str, int]:
        """Store rules; one without a body is removed."""
        for one in changes:
            if one.body is None:
                await remove_rule(work.writer, work.actor, one.key)
            else:
                await put_rule(work.writer, work.actor, one.key, msgspec.convert(one.body, Rule))
        stored = {rule.id: checksum(msgspec.to_builtins(rule)) for rule in await zones.rules(work.writer)}
        return {one.key: stored.get(one.key, 0) for one in changes}


class CodeItems:
    """Coded values by scheme, subject and code; they have no versions."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[str, VocabularyCode] | None = None

    async def get(self, key: str) -> StoredItem | None:
        """One coded value."""
        if self._known is None:
            every = await list_codes(self._reader, None, None)
            self._known = {code_key(msgspec.to_builtins(one)): one for one in every}
        value = self._known.get(key)
        if value is None:
            return None
        body = msgspec.to_builtins(value)
        return StoredItem(body, checksum(body))

    async def find(self, place: str | None) -> list[Json]:
        """Every coded value: words belong to no place."""
        return [msgspec.to_builtins(one) for one in await list_codes(self._reader, None, None)]

    async def store(self, work: Work, changes: Sequence[ItemChange]) -> Mapping[str, int]:
        """Store coded values; one without a body is removed."""
        versions: dict[str, int] = {}
        for one in changes:
            if one.body is None:
                scheme, subject, code = one.key.split("|")
                await remove_code(work.writer, work.actor, scheme, subject, code)
                versions[one.key] = 0
            else:
                value = msgspec.convert(one.body, VocabularyCode)
                stored = await put_code(work.writer, work.actor, value)
                versions[one.key] = checksum(msgspec.to_builtins(stored))
        return versions


def code_key(body: Mapping[str, Any]) -> str:
    """What tells a coded value from the others."""
    return "|".join(str(body.get(name)) for name in ("scheme", "subject", "code"))
