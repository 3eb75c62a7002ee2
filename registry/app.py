"""The composition root."""

import gc
import os
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec
from litestar import Litestar
from litestar.logging import LoggingConfig

from registry.api import health, web
from registry.api.http import middleware, problems, request_validation
from registry.api.http.access import cross_origin, tokens
from registry.api.http.access.audit_recorder import AuditRecorder
from registry.api.http.access.authentication import Authenticator
from registry.api.http.contract import docs
from registry.api.http.dependencies import DEPENDENCIES
from registry.api.ogc import router as ogc_router
from registry.api.v1 import proximity
from registry.api.v1.access import approvals, audit
from registry.api.v1.coverage import coverage, jobs, scenarios
from registry.api.v1.places import places, rules
from registry.api.v1.plans import plans, registers
from registry.api.v1.records import contacts, corrections, history, resources
from registry.api.v1.sync import feed, sync
from registry.domain.proximity.ranking import parse_paces
from registry.jobs.housekeeping import Chore, database_chores, housekeeping
from registry.jobs.runner import running_jobs
from registry.runtime import key_pepper, logs
from registry.runtime import settings as settings_module
from registry.runtime.settings import Settings
from registry.services.sync.change_watcher import Watch
from registry.store.database import migrations
from registry.store.database.pool import reading
from registry.store.ogc.tile_cache import TileCache
from registry.store.ogc.tile_invalidation import TileInvalidator

AUDIT_EVERY_S = 1.0
USES_EVERY_S = 30.0
MIB = 1_048_576

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
            issuer = tokens.issuer(settings)
            app.state.reader, app.state.secret = reader, secret
            app.state.authenticator = authenticator = Authenticator(reader, settings, secret, issuer)
            app.state.audit, app.state.watch = recorder, watch = AuditRecorder(reader), Watch(reader)
            app.state.tiles = tiles = TileCache(settings.tile_cache_mb * MIB)
            loops = [watch.run(), TileInvalidator(reader, tiles).follow(watch.moved)]
            chores = [
                *database_chores(reader, secret),
                Chore(AUDIT_EVERY_S, recorder.write, at_end=True),
                Chore(USES_EVERY_S, authenticator.record_uses, at_end=True),
            ]
            async with (
                running_jobs(reader, settings) as app.state.runner,
                housekeeping(chores, [*loops, issuer.keep_fresh()] if issuer else loops),
            ):
                yield

    app = Litestar(
        route_handlers=[*ROUTERS, docs.assets(), docs.read_problems, web.router()],
        dependencies=DEPENDENCIES,
        exception_handlers=problems.HANDLERS,
        before_request=request_validation.before_request,
        lifespan=[database],
        openapi_config=docs.openapi(),
        cors_config=cross_origin.cors(settings),
        request_max_body_size=request_validation.MAX_BODY_BYTES,
        debug=settings.debug,
        logging_config=LoggingConfig(log_exceptions="never"),
    )
    app.asgi_handler = middleware.HeadMiddleware(middleware.RequestMiddleware(app, settings))
    app.state.settings = settings
    app.state.paces = parse_paces(settings.paces)
    app.state.revision = migrations.head()
    app.state.parameter_forms = request_validation.parameter_forms(app)
    app.state.header_lengths = request_validation.header_lengths(app)
    app.state.methods_offered = request_validation.methods_offered(app)
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
    peppered = msgspec.structs.replace(settings, key_pepper=key_pepper.pepper(settings).decode())
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
