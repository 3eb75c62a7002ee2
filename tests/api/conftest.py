"""Whole requests: an application of its own over a database that is emptied after each test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
from litestar import Litestar

from registry.api.http.contract import openapi
from registry.app import create_app
from registry.domain.access.actor import Role
from registry.domain.access.credential import fingerprint, id_of, new_token
from registry.runtime import database
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.services.seeding import seed
from registry.store.access import keys
from registry.store.database.pool import Reader, Writer, prepare
from registry.store.places import places
from tests.contract import Contract

PEPPER = "a pepper that only the tests have"
UNHURRIED = Settings(
    pool_size=8,
    key_pepper=PEPPER,
    acquire_timeout_s=20,
    statement_timeout_s=60,
    default_visibility="public",
)
"""Limits that a busy machine does not meet by chance; the tests of limits set their own.

Records are public unless a test says otherwise: most tests ask as anybody may.
"""
Signed = Callable[..., Awaitable[dict[str, str]]]
EMPTIED = (
    "resource, resource_past, change_log, history_seal, observation, correction, idempotency,"
    " zone, place, place_past, finding, job, entry, entry_past, incident_log, commitment,"
    " intake, intake_mapping, vocabulary, question_due, attachment, terrain_model"
)


@pytest.fixture(scope="session")
def api_url(new_database) -> str:
    """The database that the API tests share."""
    return new_database()


class Client(httpx.AsyncClient):
    """A client in the application's own event loop, so that requests really run at the same time.

    Every JSON answer that it gets must be as the document of the API describes it.
    """

    app: Litestar

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """The answer, held against the document."""
        response = await super().send(request, **options)
        if response.is_closed and (app := getattr(self, "app", None)) is not None:
            contract_of(app).hold(response)
        return response


KEPT: list[Contract] = []


def contract_of(app: Litestar) -> Contract:
    """The document of the API, which is the same for every application; made once."""
    if not KEPT:
        KEPT.append(
            Contract(
                msgspec.json.decode(
                    msgspec.json.encode(openapi.complete(app, app.openapi_schema.to_schema()))
                )
            )
        )
    return KEPT[0]


@asynccontextmanager
async def serving(app: Litestar) -> AsyncIterator[Client]:
    """A client of an application that is started and stopped around it."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=("127.0.0.1", 50000))
    started, over = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            started.set()
            await over.wait()

    living = asyncio.create_task(live())
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait([living, waiting], return_when=asyncio.FIRST_COMPLETED)
    plain = {"Accept-Encoding": "identity"}  # the tests of compression ask for their own
    async with Client(transport=transport, base_url="http://localhost", headers=plain) as opened:
        opened.app = app
        yield opened
    over.set()
    await living


@pytest.fixture(scope="session")
async def client(api_url: str) -> AsyncIterator[Client]:
    """A client of the whole application."""
    async with serving(create_app(UNHURRIED, as_role(api_url))) as opened:
        yield opened


@pytest.fixture
async def stored(client: Client, api_url: str) -> AsyncIterator[Writer]:
    """A writer whose every statement is committed at once; the tables are emptied after the test."""
    async with emptied(api_url) as writer:
        yield writer


@asynccontextmanager
async def emptied(url: str) -> AsyncIterator[Writer]:
    """A writer whose every statement is committed at once; the tables are emptied at the end."""
    connection = await asyncpg.connect(url)
    await prepare(connection)
    yield Writer(connection)
    await empty(connection)
    await connection.close()


async def empty(connection: asyncpg.Connection) -> None:
    """Empty the tables, the append-only ones too, as only their owner can.

    The application goes on watching meanwhile, so that this may be the victim of a deadlock and tries again.
    """
    kept = ("resource_past", "change_log", "history_seal", "observation", "incident_log")
    switch = "".join(f"ALTER TABLE {table} {{0}} TRIGGER append_only;" for table in kept)
    script = f"{switch.format('DISABLE')} TRUNCATE {EMPTIED} CASCADE; {switch.format('ENABLE')}"
    for _ in range(20):
        with suppress(asyncpg.DeadlockDetectedError):
            await connection.execute(script)
            return
    raise AssertionError("the tables could not be emptied")


@pytest.fixture
def reader(client: Client) -> Reader:
    """The application's own reader."""
    return client.app.state.reader


def signing(url: str) -> Signed:
    """Makes the header of a new key in the database of `url`: `await sign("field", "T1")`."""
    numbers = count(1)

    async def sign(role: Role, *places: str, **more: object) -> dict[str, str]:
        token = new_token()
        values = {"id": id_of(token), "fingerprint": fingerprint(PEPPER.encode(), token), "expires_at": None}
        values |= {"holder": f"{role}-{next(numbers)}", "role": role, "places": list(places)} | more
        connection = await asyncpg.connect(url)
        await Writer(connection).run(keys.INSERT, values)
        await connection.close()
        return {"Authorization": f"Bearer {token}"}

    return sign


@pytest.fixture(scope="session")
def signed(client: Client, api_url: str) -> Signed:
    """Makes the header of a new key: `await signed("field", "T1")`."""
    return signing(api_url)


@pytest.fixture(scope="session")
def plan_url(new_database) -> str:
    """A database with the seeds and the demonstration, for tests that leave it as they found it."""
    url: str = new_database()

    async def fill() -> None:
        async with database.writing(url) as writer:
            await seed.seed_if_new(writer)

    with asyncio.Runner() as runner:
        runner.run(fill())
    return url


@pytest.fixture(scope="session")
async def plan_client(plan_url: str) -> AsyncIterator[Client]:
    """A client of an application over the seeded database."""
    async with serving(create_app(UNHURRIED, as_role(plan_url))) as opened:
        yield opened


@pytest.fixture
async def seeded(plan_client: Client, plan_url: str) -> AsyncIterator[Writer]:
    """A writer on the seeded database; what a test adds to registers, zones and flags is taken out again."""
    connection = await asyncpg.connect(plan_url)
    await prepare(connection)
    known = [row["id"] for row in await connection.fetch("SELECT id FROM entry")]
    yield Writer(connection)
    await connection.execute("DELETE FROM entry WHERE NOT id = ANY ($1)", known)
    await connection.execute("DELETE FROM provision WHERE id = 'evil'")
    await connection.execute("DELETE FROM zone_piece; UPDATE zone SET drawing = NULL, geometry = NULL")
    await connection.execute("UPDATE place SET flags = '{}' WHERE flags <> '{}'")
    await connection.close()


def _a_place(code: str, parent: str | None = None) -> dict[str, object]:
    plain = dict.fromkeys(places.PLAIN) | {"extent": None, "point": None}
    plain |= {"code": code, "parent": parent, "name_zh": code, "level": "town", "list_version": "test"}
    return plain | {"extent_basis": "none", "flags": {}}


@pytest.fixture
async def towns(stored: Writer) -> Writer:
    """A writer, and a district of two towns."""
    await places.upsert(stored, [_a_place("D1"), _a_place("T1", "D1"), _a_place("T2", "D1")])
    await places.derive(stored)
    return stored
