"""`./dev walk`: what a reader follows from route to SQL: the modules and lines that one warm request enters.

Counted are the functions of `registry` that run, each once, from their first line to their last; not counted
are the edge that every request passes (`api/http`) and the connections (`store/database`).
"""

import asyncio
import secrets
import sys
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import CodeType, FrameType

import click
import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.stage import cluster
from registry.app import create_app
from registry.runtime import database
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.services.access import keys

ROOT = Path(__file__).parent.parent / "registry"
SHARED = ("api/http/", "store/database/", "runtime/", "app.py")
SHELTER = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [106.65, 29.03]},
    "properties": {"kind": "shelter", "location": {"quality": "surveyed", "uncertainty_m": 5}},
}
READS = {
    "GET nearest": "/v1/proximity/nearest?lon=106.65&lat=29.03&kind=rescue_team&k=5",
    "GET coverage": "/v1/coverage?kind=fire_watch_point&place=500110119",
    "OGC items": "/ogc/collections/shelters/items?limit=10",
}
WALKING: ContextVar[bool] = ContextVar("walking", default=False)
ENTERED: set[CodeType] = set()
Ask = Callable[[], Awaitable[httpx.Response]]


@click.command()
@click.option("--list", "listed", is_flag=True, help="Also name the modules, with the lines of each.")
def main(listed: bool) -> None:
    """Count the modules and lines that a request walks through."""
    threading.settrace(trace)  # before the first thread begins: one that runs cannot be traced any more
    pepper = secrets.token_urlsafe(32)
    with cluster() as url:
        walks = asyncio.run(_walks(url, pepper))
    Console().print(report(walks))
    for name, lines in walks.items() if listed else ():
        click.echo(f"\n{name}")
        for module, entered in lines.items():
            click.echo(f"{len(entered):5} {module}")


async def _walks(url: str, pepper: str) -> dict[str, dict[str, set[int]]]:
    async with database.writing(url) as writer:
        holder = {"holder": "walk", "role": "planner", "now": datetime.now(UTC)}
        token = await keys.create_key(writer, pepper.encode(), **holder)
    app = create_app(Settings(key_pepper=pepper), as_role(url))
    transport = httpx.ASGITransport(app=app)
    headers = {"Authorization": f"Bearer {token}"}
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://walk.test") as client:
        asks = {name: lambda path=path: client.get(path) for name, path in READS.items()}
        asks["PUT resource"] = await _put(client, headers)
        return {name: await walked(ask) for name, ask in asks.items()}


async def _put(client: httpx.AsyncClient, headers: dict[str, str]) -> Ask:
    """Changes one shelter, each time to another name."""
    numbers = count()

    def feature() -> dict[str, object]:
        properties = SHELTER["properties"] | {"name": {"zh": f"避难所 {next(numbers)}"}}
        return SHELTER | {"properties": properties}

    created = (await client.post("/v1/resources", json=feature(), headers=headers)).raise_for_status()
    path, known = created.headers["location"], [created.headers["etag"]]

    async def put() -> httpx.Response:
        changed = await client.put(path, json=feature(), headers=headers | {"If-Match": known[-1]})
        known.append(changed.headers["etag"])
        return changed

    return put


async def walked(ask: Ask) -> dict[str, set[int]]:
    """The lines that a request enters, by module, once it has been asked before."""
    for _ in range(3):
        (await ask()).raise_for_status()
    ENTERED.clear()
    sys.settrace(trace)
    mark = WALKING.set(True)
    (await ask()).raise_for_status()
    WALKING.reset(mark)
    sys.settrace(None)
    lines: dict[str, set[int]] = {}
    for code in ENTERED:
        last = max(line for _, _, line in code.co_lines() if line)
        module = str(Path(code.co_filename).relative_to(ROOT))
        lines.setdefault(module, set()).update(range(code.co_firstlineno, last + 1))
    return dict(sorted(lines.items()))


def trace(frame: FrameType, event: str, _: object) -> None:
    """Note a function of the registry that runs for the request: in its own task, or in another thread."""
    code = frame.f_code
    ours = WALKING.get() or threading.current_thread() is not threading.main_thread()
    if event == "call" and ours and code.co_filename.startswith(f"{ROOT}/"):
        ENTERED.add(code)


def report(walks: dict[str, dict[str, set[int]]]) -> Table:
    """The counts for a terminal."""
    drawn = Table("request", title="What a request walks through")
    for heading in ("modules", "lines", "shared modules", "shared lines"):
        drawn.add_column(heading, justify="right")
    for name, lines in walks.items():
        own = [entered for module, entered in lines.items() if not module.startswith(SHARED)]
        shared = [entered for module, entered in lines.items() if module.startswith(SHARED)]
        drawn.add_row(name, *(str(n) for part in (own, shared) for n in (len(part), sum(map(len, part)))))
    return drawn


if __name__ == "__main__":
    main()
