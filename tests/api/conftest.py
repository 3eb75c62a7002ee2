"""Whole requests: an application of its own over a database that is emptied after each test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count

import asyncpg
import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from registry.app import create_app
from registry.domain.actor import Role
from registry.domain.credential import fingerprint, id_of, new_token
from registry.settings import Settings
from registry.store import keys
from registry.store.pool import Reader, Writer, prepare

PEPPER = "a pepper that only the tests have"
Signed = Callable[..., Awaitable[dict[str, str]]]
EMPTIED = (
    "resource, resource_past, change_log, history_seal, observation, correction, idempotency, zone, place"
)


@pytest.fixture(scope="session")
def api_url(new_database) -> str:
    """The database that the API tests share."""
    return new_database()


@pytest.fixture(scope="session")
async def client(api_url: str) -> AsyncIterator[AsyncTestClient[Litestar]]:
    """A client of the whole application."""
    app = create_app(Settings(pool_size=4, key_pepper=PEPPER), api_url)
    async with AsyncTestClient(app, base_url="http://registry.test", raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
async def stored(client: AsyncTestClient[Litestar], api_url: str) -> AsyncIterator[Writer]:
    """A writer whose every statement is committed at once; the tables are emptied after the test."""
    connection = await asyncpg.connect(api_url)
    await prepare(connection)
    yield Writer(connection)
    await empty(connection)
    await connection.close()


async def empty(connection: asyncpg.Connection) -> None:
    """Empty the tables, the append-only ones too, as only their owner can."""
    for action in ("DISABLE", "ENABLE"):
        if action == "ENABLE":
            await connection.execute(f"TRUNCATE {EMPTIED} CASCADE")
        for table in ("resource_past", "change_log", "history_seal", "observation"):
            await connection.execute(f"ALTER TABLE {table} {action} TRIGGER append_only")


@pytest.fixture
def reader(client: AsyncTestClient[Litestar]) -> Reader:
    """The application's own reader."""
    return client.app.state.reader


@pytest.fixture(scope="session")
def signed(client: AsyncTestClient[Litestar], api_url: str) -> Signed:
    """Makes the header of a new key: `await signed("field", "T1")`."""
    numbers = count(1)

    async def sign(role: Role, *places: str, **more: object) -> dict[str, str]:
        token = new_token()
        values = {"id": id_of(token), "fingerprint": fingerprint(PEPPER.encode(), token), "expires_at": None}
        values |= {"holder": f"{role}-{next(numbers)}", "role": role, "places": list(places)} | more
        connection = await asyncpg.connect(api_url)
        await Writer(connection).run(keys.INSERT, values)
        await connection.close()
        return {"Authorization": f"Bearer {token}"}

    return sign
