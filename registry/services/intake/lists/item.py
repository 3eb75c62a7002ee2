"""What a list of reference data holds: an item as a row says it, its changes, and where a kind is stored."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import msgspec

from registry.services.records.work import Work

Json = dict[str, Any]
LISTED = UUID("0d0c3a0e-3f0b-4a53-9a51-6c4d6f5f5a11")
"""The namespace of what a list names without an identity, so that the next list means the same."""
MOST_LISTED = 100_000
"""Items of a kind that one workbook may hold."""


class StoredItem(NamedTuple):
    """An item as a row would say it, and its version; of what has no version it is a checksum."""

    body: Json
    version: int


class ItemChange(NamedTuple):
    """An item to be stored in place of a version, None for a new one; without a body it is removed."""

    key: str
    body: Json | None
    version: int | None


class Items(Protocol):
    """The stored items of a kind."""

    async def get(self, key: str) -> StoredItem | None:
        """One item; None when there is none."""

    async def find(self, place: str | None) -> list[Json]:
        """The items of a place and all under it, or every one, as rows would say them."""

    async def store(self, work: Work, changes: Sequence[ItemChange]) -> Mapping[str, int]:
        """Store changes; the new version of each that is still there."""


def checksum(body: Any) -> int:
    """The version of an item that has none: the same members have the same one."""
    return zlib.crc32(msgspec.json.encode(body, order="sorted")) & 0x7FFFFFFF
