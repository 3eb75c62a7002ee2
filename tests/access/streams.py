"""An answer without an end, heard for as long as a test wants; an ordinary client would wait for its end."""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.access.worlds import World

LONGEST_S = 20.0


class Heard(NamedTuple):
    """What came of a stream until the listener left."""

    status: int
    content: bytes


class Stream:
    """One listener, until its block ends."""

    def __init__(self, place: World, role: str, url: str, *, slowly: bool = False) -> None:
        self._may_go_on = asyncio.Event()
        self._slowly = slowly
        self._gone, self._more = asyncio.Event(), asyncio.Event()
        self._asked = False
        self._status, self._content = 0, b""
        path, _, query = url.partition("?")
        headers = [(name.lower().encode(), value.encode()) for name, value in place.headers[role].items()]
        scope: dict[str, Any] = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http"}
        scope |= {"path": path, "raw_path": path.encode(), "root_path": "", "query_string": query.encode()}
        scope |= {"server": ("localhost", 80), "client": ("127.0.0.1", 50000), "state": {}}
        scope |= {"headers": [(b"host", b"localhost"), *headers]}
        app: Any = place.client.app
        self._task = asyncio.create_task(app(scope, self._receive, self._send))
        self._task.add_done_callback(lambda _: self._more.set())

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        self._status = message.get("status", self._status)
        self._content += message.get("body", b"")
        self._more.set()
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self._gone.set()  # as a server does when it has sent everything
        if self._slowly and self._content.count(b"\n") > 2:
            await self._may_go_on.wait()

    @property
    def ended(self) -> bool:
        """Whether the registry ended the stream."""
        return self._task.done()

    @property
    def heard(self) -> Heard:
        """What was heard so far."""
        return Heard(self._status, self._content)

    def hurry(self) -> None:
        """Take everything at once from now on; before, a slow listener stops after three lines."""
        self._slowly = False
        self._may_go_on.set()

    async def __aenter__(self) -> "Stream":
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connection, as a browser does that goes elsewhere."""
        self._gone.set()
        self.hurry()
        async with asyncio.timeout(LONGEST_S):
            await asyncio.wait([self._task])

    async def until(self, enough: Callable[[Heard], bool]) -> Heard:
        """What was heard once it is enough."""
        async with asyncio.timeout(LONGEST_S):
            while not enough(heard := Heard(self._status, self._content)):
                if self._task.done():
                    raise AssertionError(f"the stream ended: {heard}") from self._task.exception()
                await self._more.wait()
                self._more.clear()
        return heard


async def told(place: World, role: str, path: str) -> Heard:
    """Everything that a stream tells of the past, from the first change that the role may know of."""
    page = await place.client.get("/v1/changes?limit=1", headers=place.headers[role])
    cursor = page.json()["cursor"]
    rest = await place.client.get(f"/v1/changes?limit=500&cursor={cursor}", headers=place.headers[role])
    count = len(rest.json()["changes"])
    async with Stream(place, role, f"{path}?cursor={cursor}") as stream:
        return await stream.until(lambda so_far: so_far.content.count(b"event: ") > count)
