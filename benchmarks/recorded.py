"""The statements that the application runs for one question, as it runs them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from litestar.testing import AsyncTestClient

from registry.app import create_app
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query


class Statement(NamedTuple):
    """The text of a prepared statement and the arguments it was run with."""

    text: str
    arguments: list[Any]


class Recorder(Reader):
    """A reader that remembers what it asked."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader._pool, reader._limit)
        self.kept = reader.kept
        self.seen: list[Statement] = []

    async def rows(self, query: Query, given: Mapping[str, Any]) -> list[Row]:
        """Every row of the answer."""
        self.seen.append(Statement(query.text, query.args(given)))
        return await super().rows(query, given)

    async def row(self, query: Query, given: Mapping[str, Any]) -> Row | None:
        """The first row of the answer, if there is one."""
        self.seen.append(Statement(query.text, query.args(given)))
        return await super().row(query, given)

    @asynccontextmanager
    async def snapshot(self, *, one_plan: bool = False) -> AsyncIterator[Reader]:
        """Itself, so that it remembers what is asked in a transaction too."""
        yield self


def statements(database_url: str, path: str) -> list[Statement]:
    """What one request for `path` asks the database."""
    return asyncio.run(_statements(database_url, path))


async def _statements(database_url: str, path: str) -> list[Statement]:
    app = create_app(Settings(), as_role(database_url))
    async with AsyncTestClient(app, base_url="http://127.0.0.1") as client:
        await client.get(path)  # what is kept between answers is read by the first alone
        recorder = Recorder(app.state.reader)
        app.state.reader = recorder
        response = await client.get(path)
        response.raise_for_status()
    return recorder.seen
