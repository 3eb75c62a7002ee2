"""Contacts and stock of resources as lists of reference data hold them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

import msgspec

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.intake.fold import comparable
from registry.domain.records.change import to_members
from registry.domain.records.contact import Contact
from registry.domain.records.resource import Resource
from registry.services.intake.files.ground import load_known
from registry.services.intake.lists.item import LISTED, ItemChange, Json, StoredItem, checksum
from registry.services.records.amend import amend
from registry.services.records.contacts import purge_contact, put_contact
from registry.services.records.work import ANY_VERSION, Edition, Work
from registry.store.database.pool import Reader
from registry.store.records import contacts

STOCK_KEY = ("scheme", "item_code", "unit", "lot", "expires_on")


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
        self._ids: dict[str, UUID] = {}

    async def get(self, key: str) -> StoredItem | None:
        """One contact: that of a list, or the one of this role and name that came another way."""
        resource, role, name = key.split("|", 2)
        known = await contacts.find(self._reader, self._sight, UUID(resource))
        same = (row for row in known if (str(row["role"]), str(row["name"])) == (role, name))
        row = next((row for row in known if row["id"] == contact_id(key)), None) or next(same, None)
        if row is None:
            return None
        self._ids[key] = row["id"]
        body = _contact_body(row)
        return StoredItem(body, checksum(body))

    async def find(self, place: str | None) -> list[Json]:
        """The contacts of the resources of a place, each with the name of its resource."""
        wanted = Filter(place=place, lifecycle="in_service")
        named = {one.id: one.properties.name for one in await load_known(self._reader, self._sight, wanted)}
        rows = await contacts.of_records(self._reader, self._sight, list(named))
        return [_contact_body(row) | {"resource_name": str(named[row["resource_id"]])} for row in rows]

    async def store(self, work: Work, changes: Sequence[ItemChange]) -> Mapping[str, int]:
        """Store contacts; one without a body is purged."""
        versions: dict[str, int] = {}
        for one in changes:
            resource = UUID(one.key.partition("|")[0])
            identity = self._ids.get(one.key) or contact_id(one.key)
            if one.body is None:
                await purge_contact(work, resource, identity)
                versions[one.key] = 0
            else:
                values = {name: value for name, value in one.body.items() if name != "resource"}
                await put_contact(work, resource, identity, msgspec.convert(values, Contact))
                self._ids[one.key] = identity
                stored = await self.get(one.key)
                versions[one.key] = 0 if stored is None else stored.version
        return versions


def _contact_body(row: Mapping[str, Any]) -> Json:
    names = ("role", "name", "phone", "published")
    return {"resource": str(row["resource_id"])} | {name: row[name] for name in names}


def contact_id(key: str) -> UUID:
    """The identity of a contact of a list."""
    return uuid5(LISTED, key)


class StockItems:
    """Stock lines of depots by depot, item, unit, lot and expiry."""

    def __init__(self, reader: Reader, sight: Sight, owners: Owners) -> None:
        self._reader, self._sight, self._owners = reader, sight, owners

    async def get(self, key: str) -> StoredItem | None:
        """One stock line."""
        record = self._owners.by_id[UUID(key.partition("|")[0])]
        for line in to_members(record)["stock"]:
            if stock_key(str(record.id), line) == key:
                return StoredItem({"resource": str(record.id)} | line, record.properties.version)
        return None

    async def find(self, place: str | None) -> list[Json]:
        """The stock lines of the depots of a place, each with the name of its depot."""
        wanted = Filter(kind="supply_depot", place=place, lifecycle="in_service")
        return [
            {"resource": str(depot.id), "resource_name": str(depot.properties.name)} | line
            for depot in await load_known(self._reader, self._sight, wanted)
            for line in to_members(depot)["stock"]
        ]

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
