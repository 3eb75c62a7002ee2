"""The composition root."""

import gc
import os
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec
from litestar import Litestar
from litestar.logging import LoggingConfig

from registry import logs, pepper
from registry import settings as settings_module
from registry.api import (
    approvals,
    audit,
    contacts,
    corrections,
    coverage,
    cross_origin,
    docs,
    feed,
    gate,
    health,
    history,
    jobs,
    places,
    plans,
    problems,
    proximity,
    registers,
    resources,
    rules,
    scenarios,
    strict,
    sync,
    web,
)
from registry.api.head import Head
from registry.api.ogc import router as ogc_router
from registry.api.provide import DEPENDENCIES
from registry.api.upkeep import keeping
from registry.desk import Desk
from registry.domain.ranking import parse_paces
from registry.settings import Settings
from registry.store import migrations
from registry.store.pool import reading

ROUTERS = (
    resources.router,
    corrections.router,
    corrections.conflicts_router,
    feed.router,
    sync.router,
    history.router,
    proximity.router,
    places.router,
    coverage.router,
    scenarios.router,
    jobs.router,
    ogc_router,
    approvals.router,
    audit.router,
    contacts.router,
    plans.router,
    registers.router,
    registers.answers,
    rules.router,
    health.router,
)


def create_app(settings: Settings, database_url: str) -> Litestar:
    """The API over one database; without a pepper in the settings no stored key is accepted."""
    secret = (settings.key_pepper or secrets.token_urlsafe()).encode()

    @asynccontextmanager
    async def database(app: Litestar) -> AsyncGenerator[None, None]:
        async with reading(settings, database_url) as reader:
            app.state.reader = reader
            app.state.desk = Desk(reader, settings)
            try:
                async with keeping(app, reader, settings, secret):
                    yield
            finally:
                await app.state.desk.close()

    app = Litestar(
        route_handlers=[*ROUTERS, docs.assets(), docs.read_problems, web.router()],
        dependencies=DEPENDENCIES,
        exception_handlers=problems.HANDLERS,
        before_request=strict.before_request,
        lifespan=[database],
        openapi_config=docs.openapi(),
        cors_config=cross_origin.cors(settings),
        request_max_body_size=strict.MAX_BODY_BYTES,
        debug=settings.debug,
        logging_config=LoggingConfig(log_exceptions="never"),
    )
    app.asgi_handler = Head(gate.Gate(app, settings))
    app.state.settings = settings
    app.state.paces = parse_paces(settings.paces)
    app.state.revision = migrations.head()
    app.state.known_parameters = strict.known_parameters(app)
    app.state.known_headers = strict.known_headers(app)
    app.state.methods_offered = strict.methods_offered(app)
    return app


def create() -> Litestar:
    """The API as the environment describes it; what a server is pointed at."""
    logs.configure()
    settings = settings_module.read(os.environ)
    settings_module.demand_safe(settings)
    if settings.database_url is None:
        raise settings_module.SettingsError(
            "DATABASE_URL is not set; `registry serve` runs a private cluster"
        )
    peppered = msgspec.structs.replace(settings, key_pepper=pepper.pepper(settings).decode())
    app = create_app(peppered, settings.database_url)
    app.on_startup.append(settle)
    return app


def settle() -> None:
    """Keep what a started worker is made of out of every later garbage collection.

    It is 150,000 objects that live as long as the worker. Going through them held all its requests up for a
    tenth of a second, several times a minute.
    """
    gc.collect()
    gc.freeze()
