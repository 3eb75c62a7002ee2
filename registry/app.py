"""The composition root."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.logging import LoggingConfig

from registry import settings as settings_module
from registry.api import coverage, docs, health, places, problems, proximity, resources, strict, web
from registry.api.provide import DEPENDENCIES
from registry.settings import Settings
from registry.store import migrations
from registry.store.pool import Reader, open_pool

ROUTERS = (resources.router, proximity.router, places.router, coverage.router, health.router)


def create_app(settings: Settings, database_url: str) -> Litestar:
    """The API over one database."""

    @asynccontextmanager
    async def database(app: Litestar) -> AsyncGenerator[None, None]:
        pool = await open_pool(settings, database_url)
        app.state.reader = Reader(pool, settings.acquire_timeout_s)
        try:
            yield
        finally:
            pool.terminate()

    app = Litestar(
        route_handlers=[*ROUTERS, docs.assets(), web.router()],
        dependencies=DEPENDENCIES,
        exception_handlers=problems.HANDLERS,
        before_request=strict.before_request,
        lifespan=[database],
        openapi_config=docs.openapi(),
        request_max_body_size=strict.MAX_BODY_BYTES,
        debug=settings.debug,
        logging_config=LoggingConfig(log_exceptions="never"),
    )
    app.state.revision = migrations.head()
    app.state.known_parameters = strict.known_parameters(app)
    return app


def create() -> Litestar:
    """The API as the environment describes it; what a server is pointed at."""
    settings = settings_module.read(os.environ)
    if settings.database_url is None:
        raise settings_module.SettingsError(
            "DATABASE_URL is not set; `registry serve` runs a private cluster"
        )
    return create_app(settings, settings.database_url)
