"""The road network that this process searches: the current one of the database, mapped from a shared file."""

import asyncio
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from registry.domain.errors import Unavailable
from registry.domain.roads.network import unpack, version_of
from registry.domain.roads.search import RoadSearch
from registry.store.database.pool import Reader
from registry.store.roads import mapped_file, networks


def can_search() -> bool:
    """Whether the optional extra `roads` is installed."""
    return find_spec("scipy") is not None


class CurrentRoads:
    """Follows the current version; `directory` holds the file that the workers of a host share."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._search: RoadSearch | None = None
        self._loading = asyncio.Lock()

    async def of(self, reader: Reader) -> RoadSearch | None:
        """The search over the current network; None without road data or without the extra `roads`."""
        if not can_search():
            return None
        version = await networks.current_version(reader)
        if version is None:
            return None
        if self._search is None or self._search.network.version != version:
            async with self._loading:
                if self._search is None or self._search.network.version != version:
                    self._search = await self._read(reader, version)
        return self._search

    async def _read(self, reader: Reader, version: str) -> RoadSearch:
        content = None if self._directory is None else mapped_file.mapped(self._directory, version)
        if content is None:
            packed = await networks.content_of(reader, version)
            content = await asyncio.to_thread(self._kept, packed, version)
        return RoadSearch(unpack(content, version))

    def _kept(self, packed: bytes, version: str) -> Any:
        """The arrays from the file, once it is written; in memory where nothing can be written."""
        if version_of(packed) != version:
            raise Unavailable("the stored road network is damaged: load it again")
        if self._directory is None:
            return packed
        try:
            mapped_file.put(self._directory, version, packed)
        except OSError:
            return packed
        return mapped_file.mapped(self._directory, version) or packed
