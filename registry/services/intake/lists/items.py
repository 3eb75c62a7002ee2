"""What lists of reference data are about: read as a row says it, and stored by the use case of its kind."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.errors import Invalid, NotFound
from registry.domain.intake.fold import comparable
from registry.domain.intake.lists.list_kind import ListKind, body_of
from registry.domain.places.place import PlaceDraft
from registry.domain.places.rule import Rule
from registry.domain.places.zone import Zone
from registry.domain.plans.entry import Entry
from registry.domain.records.change import to_members
from registry.domain.records.contact import Contact
from registry.domain.records.resource import Resource
from registry.services.intake.files.ground import load_known
from registry.services.places.change_places import put_place, retire_place
from registry.services.places.places import read_place
from registry.services.places.rules import put_rule
from registry.services.places.zones import put_zone
from registry.services.plans.registers import put_entry, retire_entry
from registry.services.records.amend import amend
from registry.services.records.contacts import purge_contact, put_contact
from registry.services.records.work import ANY_VERSION, Edition, Work
from registry.store.database.pool import Reader
from registry.store.places import places, zones
from registry.store.plans import entries
from registry.store.records import contacts

Json = dict[str, Any]
LISTED = UUID("0d0c3a0e-3f0b-4a53-9a51-6c4d6f5f5a11")
"""The namespace of what a list names without an identity, so that the next list means the same."""
STOCK_KEY = ("scheme", "item_code", "unit", "lot", "expires_on")


class StoredItem(NamedTuple):
    """An item as a row would say it, and its version where it has versions."""

    body: Json
    version: int | None


class ItemChange(NamedTuple):
    """An item to be stored in place of a version; without a body it is to be removed."""

    key: str
    body: Json | None
    version: int | None


class Items(Protocol):
    """The stored items of a kind."""

    async def get(self, key: str) -> StoredItem | None:
        """One item; None when there is none."""

    async def store(self, work: Work, changes: Sequence[ItemChange]) -> Mapping[str, int]:
        """Store changes; the new version of each, without those that cannot be undone."""


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
    """Zones by identity; their geometry is drawn apart."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def get(self, key: str) -> StoredItem | None:
        """One zone."""
        try:
            stored, _ = await zones.get(self._reader, key)
        except NotFound:
            return None
        return StoredItem(msgspec.to_builtins(stored.zone), stored.version)

    async def store(self, work: Work, changes: Sequence[ItemChange]) -> Mapping[str, int]:
        """Store zones; a new one cannot be removed again."""
        versions: dict[str, int] = {}
        for one in changes:
            if one.body is not None:
                zone = msgspec.convert(one.body, Zone)
                held = None if one.version is None else {one.version}
                saved = await put_zone(work.writer, work.actor, one.key, zone, held)
                versions[one.key] = saved.zone.version
        return versions


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
        return None if rule is None else StoredItem(msgspec.to_builtins(rule), None)

    async def store(self, work: Work, changes: Sequence[ItemChange]) -> Mapping[str, int]:
        """Store rules; a new one cannot be removed again."""
        for one in changes:
            if one.body is not None:
                await put_rule(work.writer, work.actor, one.key, msgspec.convert(one.body, Rule))
        return {one.key: 0 for one in changes if one.body is not None}


class EntryItems:
    """Entries of a register by identity."""

    def __init__(self, reader: Reader, sight: Sight, register: Any) -> None:
        self._reader, self._sight, self._register = reader, sight, register

    async def get(self, key: str) -> StoredItem | None:
        """One entry, retired or not."""
        entry = await entries.get(self._reader, self._sight, self._register, UUID(key))
        if entry is None:
            return None
        body: Json = msgspec.to_builtins(entry)
        for name in ("version", "created_at", "updated_at"):
            del body[name]
        return StoredItem(body, entry.version)

    async def store(self, work: Work, changes: Sequence[ItemChange]) -> Mapping[str, int]:
        """Store entries; one without a body is retired."""
        versions: dict[str, int] = {}
        for one in changes:
            held = None if one.version is None else {one.version}
            if one.body is None:
                identity = UUID(one.key)
                gone = await retire_entry(work.writer, work.sight, work.actor, self._register, identity, held)
                versions[one.key] = gone.version
            else:
                entry = msgspec.convert(one.body, Entry)
                saved = await put_entry(work.writer, work.sight, work.actor, entry, held)
                versions[one.key] = saved.entry.version
        return versions


class Owners:
    """The resources that rows name: by identity, by the number of their office, or by name."""

    def __init__(self, known: Sequence[Resource], system: str) -> None:
        self.by_id = {record.id: record for record in known}
        self._codes = {
            other.id: record
            for record in known
            for other in record.properties.external_ids
            if other.system == system
        }
        self._names: dict[str, list[Resource]] = {}
        for record in known:
            for name in {record.properties.name.zh, record.properties.name.en} - {None}:
                self._names.setdefault(comparable(str(name)), []).append(record)

    def find(self, named: Mapping[str, str]) -> Resource | None:
        """The one resource that a row names; None for none and for several."""
        identity, code = named.get("resource_id", ""), named.get("resource_code")
        listed = self._names.get(comparable(named.get("resource_name", "")), [])
        by_id = next((one for key, one in self.by_id.items() if str(key) == identity.lower()), None)
        return by_id or self._codes.get(code or "") or (listed[0] if len(listed) == 1 else None)


class ContactItems:
    """Contacts of resources by resource, role and name."""

    def __init__(self, reader: Reader, sight: Sight) -> None:
        self._reader, self._sight = reader, sight

    async def get(self, key: str) -> StoredItem | None:
        """One contact."""
        resource = UUID(key.partition("|")[0])
        for row in await contacts.find(self._reader, self._sight, resource):
            if row["id"] == contact_id(key):
                names = ("role", "name", "phone", "published")
                return StoredItem({"resource": str(resource)} | {name: row[name] for name in names}, None)
        return None

    async def store(self, work: Work, changes: Sequence[ItemChange]) -> Mapping[str, int]:
        """Store contacts; one without a body is purged."""
        for one in changes:
            resource, identity = UUID(one.key.partition("|")[0]), contact_id(one.key)
            if one.body is None:
                await purge_contact(work, resource, identity)
            else:
                values = {name: value for name, value in one.body.items() if name != "resource"}
                await put_contact(work, resource, identity, msgspec.convert(values, Contact))
        return {one.key: 0 for one in changes}


def contact_id(key: str) -> UUID:
    """The identity of a contact of a list."""
    return uuid5(LISTED, key)


class StockItems:
    """Stock lines of depots by depot, item, unit, lot and expiry."""

    def __init__(self, owners: Owners) -> None:
        self._owners = owners

    async def get(self, key: str) -> StoredItem | None:
        """One stock line."""
        record = self._owners.by_id[UUID(key.partition("|")[0])]
        for line in to_members(record)["stock"]:
            if stock_key(str(record.id), line) == key:
                return StoredItem({"resource": str(record.id)} | line, record.properties.version)
        return None

    async def store(self, work: Work, changes: Sequence[ItemChange]) -> Mapping[str, int]:
        """Store the lines of each depot as one version of it."""
        by_depot: dict[str, dict[str, Json | None]] = {}
        for one in changes:
            by_depot.setdefault(one.key.partition("|")[0], {})[one.key] = one.body
        versions: dict[str, int] = {}
        for depot, lines in by_depot.items():
            record = self._owners.by_id[UUID(depot)]
            merged: dict[str, Json | None] = {
                stock_key(depot, one): one for one in to_members(record)["stock"]
            }
            merged |= lines
            stock = [
                {name: value for name, value in line.items() if name != "resource"}
                for line in merged.values()
                if line is not None
            ]
            saved = await amend(work, record.id, {"properties": {"stock": stock}}, Edition(ANY_VERSION))
            versions |= dict.fromkeys(lines, saved.record.properties.version)
        return versions


def stock_key(depot: str, line: Mapping[str, Any]) -> str:
    """What tells a stock line from the others."""
    return "|".join([depot, *(str(line.get(name) or "") for name in STOCK_KEY)])


class ListItems(Struct):
    """The items of a kind, and the resources that its rows may name."""

    items: Any
    owners: Owners | None = None


async def load_items(reader: Reader, sight: Sight, kind: ListKind, system: str) -> ListItems:
    """The stored items of a kind."""
    match kind:
        case "place":
            return ListItems(PlaceItems(reader))
        case "zone":
            return ListItems(ZoneItems(reader))
        case "rule":
            return ListItems(RuleItems(reader))
        case "contact":
            owners = Owners(await load_known(reader, sight, Filter()), system)
            return ListItems(ContactItems(reader, sight), owners)
        case "stock":
            owners = Owners(await load_known(reader, sight, Filter(kind="supply_depot")), system)
            return ListItems(StockItems(owners), owners)
        case _:
            return ListItems(EntryItems(reader, sight, kind))
