"""A registry on a loop of its own, and devices whose way to it can be cut."""

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import httpx
from litestar import Litestar

from registry.app import create_app
from registry.domain.access.actor import Role
from registry.domain.access.credential import fingerprint, id_of, new_token
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.store.access import keys
from registry.store.database.pool import Writer
from registry_client import FieldApp

PEPPER = "a pepper that only the tests have"
URL = "http://localhost"
R = TypeVar("R")


class World:
    """A running registry, its database, and a thread in which both live."""

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.app: Litestar

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """Do something where the registry lives."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    @contextmanager
    def open(self) -> Iterator["World"]:
        """The registry for as long as the block runs."""
        self._thread.start()
        settings = Settings(
            pool_size=6,
            key_pepper=PEPPER,
            mass_change_limit=0,
            units_per_minute=0,
            default_visibility="public",
        )
        self.app = create_app(settings, as_role(self.database_url))
        begun, over = threading.Event(), asyncio.Event()
        living = asyncio.run_coroutine_threadsafe(self._live(begun, over), self._loop)
        assert begun.wait(150)
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(over.set)
            living.result(30)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _live(self, begun: threading.Event, over: asyncio.Event) -> None:
        async with self.app.lifespan():
            begun.set()
            await over.wait()

    def fetch(self, question: str, *given: object) -> list[asyncpg.Record]:
        """Rows of the database, as its owner sees them."""

        async def ask() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.database_url)
            try:
                rows: list[asyncpg.Record] = await connection.fetch(question, *given)
                return rows
            finally:
                await connection.close()

        return self.run(ask())

    def key(self, holder: str, role: Role = "field", *places: str) -> str:
        """A new key."""
        token = new_token()
        values = {"id": id_of(token), "fingerprint": fingerprint(PEPPER.encode(), token), "expires_at": None}
        values |= {"holder": holder, "role": role, "places": list(places)}

        async def store() -> None:
            connection = await asyncpg.connect(self.database_url)
            await Writer(connection).run(keys.INSERT, values)
            await connection.close()

        self.run(store())
        return token

    def ask(self, method: str, path: str, key: str, **asked: Any) -> httpx.Response:
        """One request without faults."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            headers = {"Authorization": f"Bearer {key}"}
            async with httpx.AsyncClient(base_url=URL, transport=transport, headers=headers) as http:
                return await http.request(method, path, **asked)

        return self.run(send())


class Line(httpx.AsyncBaseTransport):
    """The way to the registry: open, cut, or losing answers on their way back."""

    def __init__(self, app: Litestar) -> None:
        self._inner = httpx.ASGITransport(app)
        self.is_cut = False
        self.lose_answers = 0
        self.passed = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request, or not, or only there."""
        if self.is_cut:
            raise httpx.ConnectError("no network")
        response = await self._inner.handle_async_request(request)
        response.headers["date"] = formatdate(time.time(), usegmt=True)
        self.passed += 1
        if self.lose_answers:
            self.lose_answers -= 1
            raise httpx.ReadError("the answer was lost")
        return response


class Device:
    """A phone: its file survives, its process may die, its clock may be wrong."""

    def __init__(self, world: World, path: Path, holder: str, **scope: Any) -> None:
        self._world, self._path, self._scope = world, path, scope
        self.key = world.key(holder)
        self.skew_s = 0.0
        self.line = Line(world.app)
        self.app = self._open()

    def _open(self) -> FieldApp:
        return FieldApp(
            URL,
            self.key,
            self._path,
            transport=self.line,
            clock=lambda: time.time() + self.skew_s,
            **self._scope,
        )

    def die(self) -> None:
        """The process is gone; what was on disk is there when it starts again."""
        self._world.run(self.app.close())
        self.line = Line(self._world.app)
        self.app = self._open()

    def sync(self) -> Any:
        """Exchange with the registry."""
        return self._world.run(self.app.sync())
