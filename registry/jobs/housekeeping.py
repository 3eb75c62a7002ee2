"""What runs beside the requests: key uses, audit, old counts, feed, seals of the history, tiles."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from litestar import Litestar

from registry.api.http.access import tokens
from registry.api.http.access.audit_recorder import AuditRecorder
from registry.api.http.access.authentication import Authenticator
from registry.domain.errors import RegistryError
from registry.jobs.chores import purge_keys, seal_all
from registry.runtime.settings import Settings
from registry.services.sync.change_watcher import Watch
from registry.store.access import guard
from registry.store.database.pool import Reader
from registry.store.ogc.tile_cache import TileCache
from registry.store.ogc.tile_invalidation import Follower

log = structlog.get_logger("registry")
AUDIT_EVERY_S = 1.0
MIB = 1_048_576
USES_EVERY_S = 30.0
COUNTS_EVERY_S = 3600.0
SEAL_EVERY_S = 10.0
REST_EVERY_S = 60.0


@asynccontextmanager
async def keeping(
    app: Litestar, reader: Reader, settings: Settings, secret: bytes
) -> AsyncGenerator[None, None]:
    """Access control for as long as the block runs; at its end what is still in memory is written down."""
    provider = tokens.issuer(settings)
    app.state.authenticator = authenticator = Authenticator(reader, settings, secret, provider)
    app.state.audit = audit = AuditRecorder(reader)
    app.state.secret, app.state.watch = secret, Watch(reader)

    async def forget() -> None:
        async with reader.writer() as writer:
            await guard.forget_old(writer)

    async def seal() -> None:
        await seal_all(reader, secret)

    async def purge() -> None:
        await purge_keys(reader)

    app.state.tiles = tiles = TileCache(settings.tile_cache_mb * MIB)
    tasks = [
        asyncio.create_task(app.state.watch.run()),
        asyncio.create_task(Follower(reader, tiles).follow(app.state.watch.moved)),
        asyncio.create_task(_every(SEAL_EVERY_S, seal)),
        asyncio.create_task(_every(COUNTS_EVERY_S, purge)),
        asyncio.create_task(_every(AUDIT_EVERY_S, audit.write)),
        asyncio.create_task(_every(USES_EVERY_S, authenticator.record_uses)),
        asyncio.create_task(_every(COUNTS_EVERY_S, forget)),
        asyncio.create_task(_every(REST_EVERY_S, reader.rest)),
    ]
    if provider is not None:
        tasks.append(asyncio.create_task(provider.keep_fresh()))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await audit.write()
        await authenticator.record_uses()


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` again and again; a failure is logged and the next turn tries anew."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except RegistryError as error:
            log.warning("upkeep put off", reason=error.detail)
        except Exception:
            log.exception("upkeep failed")
