"""The stored items of each kind of list of reference data, which use cases of their kind store."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from registry.domain.access.sight import Sight
from registry.domain.conditions import Filter
from registry.domain.intake.lists.list_kind import ListKind
from registry.domain.plans.entry import Entry
from registry.services.intake.files.ground import load_known
from registry.services.intake.lists.item import MOST_LISTED, ItemChange, Items, Json, StoredItem
from registry.services.intake.lists.office_items import ContactItems, Owners, StockItems
from registry.services.intake.lists.territory_items import CodeItems, PlaceItems, RuleItems, ZoneItems
from registry.services.plans.registers import put_entry, retire_entry
from registry.services.records.work import Work
from registry.store.database.pool import Reader
from registry.store.plans import entries


class EntryItems:
    """Entries of a register by identity."""

    def __init__(self, reader: Reader, sight: Sight, register: Any) -> None:
        self._reader, self._sight, self._register = reader, sight, register

    async def get(self, key: str) -> StoredItem | None:
        """One entry, retired or not."""
        entry = await entries.get(self._reader, self._sight, self._register, UUID(key))
        if entry is None:
            return None
        return StoredItem(_entry_body(entry), entry.version)

    async def find(self, place: str | None) -> list[Json]:
        """The entries of a place, or of the whole register, without those that are retired."""
        wanted = {"register": self._register, "place": place}
        found = await entries.find(self._reader, self._sight, MOST_LISTED, **wanted)
        return [_entry_body(entry) for entry in found]

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


def _entry_body(entry: Entry) -> Json:
    body: Json = msgspec.to_builtins(entry)
    for name in ("version", "created_at", "updated_at"):
        del body[name]
    return body


class ListItems(Struct):
    """The items of a kind, and the resources that its rows may name."""

    items: Items
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
        case "vocabulary":
            return ListItems(CodeItems(reader))
        case "contact":
            owners = Owners(await load_known(reader, sight, Filter()), system)
            return ListItems(ContactItems(reader, sight), owners)
        case "stock":
            owners = Owners(await load_known(reader, sight, Filter(kind="supply_depot")), system)
            return ListItems(StockItems(reader, sight, owners), owners)
        case _:
            return ListItems(EntryItems(reader, sight, kind))
