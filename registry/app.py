"""The composition root: makes the application out of its parts."""

import asyncio
import gc
import os
import secrets
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, nullcontext, suppress
from datetime import timedelta
from pathlib import Path

import msgspec
from litestar import Litestar
from litestar.logging import LoggingConfig
from litestar.plugins.prometheus import PrometheusConfig

from registry.api import basemap, guide, health, metrics, web
from registry.api.http import middleware, problems, request_validation
from registry.api.http.access import cross_origin
from registry.api.http.access.authentication import Authenticator
from registry.api.http.contract import docs
from registry.api.http.dependencies import DEPENDENCIES
from registry.api.http.poll_cache import PollCache
from registry.api.ogc import router as ogc_router
from registry.api.v1 import proximity
from registry.api.v1.access import approvals, audit, exercises, me
from registry.api.v1.attachments import attachments
from registry.api.v1.coverage import coverage, jobs, scenarios
from registry.api.v1.incidents import incidents, warnings
from registry.api.v1.incidents import response as incident_response
from registry.api.v1.intake import files, intake, out
from registry.api.v1.places import jurisdiction, places, rules, vocabularies
from registry.api.v1.plans import plans, registers
from registry.api.v1.records import contacts, corrections, history, resources
from registry.api.v1.subscriptions import subscriptions
from registry.api.v1.sync import feed, sync
from registry.domain.access.pepper import Peppers
from registry.domain.errors import Unavailable
from registry.domain.proximity.ranking import parse_paces
from registry.domain.search_key import load_tables
from registry.domain.subscriptions.webhook import parse_networks
from registry.jobs.housekeeping import Chore, database_chores, housekeeping
from registry.jobs.measuring import measuring
from registry.jobs.runner import running_jobs
from registry.runtime import basemap as base_map
from registry.runtime import key_pepper, logs, tracing
from registry.runtime import settings as settings_module
from registry.runtime.cluster.embedded import directory_of
from registry.runtime.metrics import BUCKETS, PREFIX
from registry.runtime.settings import Settings
from registry.runtime.worker import Drain, working
from registry.services.access.audit_recorder import AuditRecorder
from registry.services.access.identity_provider import configured_provider
from registry.services.access.key_authenticator import KeyAuthenticator
from registry.services.access.pepper_in_use import demand_pepper
from registry.services.health import HealthCheck
from registry.services.intake.reference import LatestReference
from registry.services.roads.current_roads import CurrentRoads
from registry.services.subscriptions.deliver import WebhookDeliverer
from registry.services.sync.change_watcher import ChangeWatcher
from registry.services.sync.watch_feed_lag import FeedLagWatcher
from registry.store.database import migrations
from registry.store.database.pool import Reader, reading
from registry.store.database.standby import AvailableReader, Standby
from registry.store.ogc.tile_cache import TileCache
from registry.store.ogc.tile_invalidation import TileInvalidator

AUDIT_EVERY_S = 1.0
USES_EVERY_S = 30.0
LAG_EVERY_S = 5.0
MIB = 1_048_576

ROUTERS = (
    resources.router,
    corrections.router,
    corrections.conflicts_router,
    feed.router,
    sync.router,
    history.router,
    proximity.router,
    jurisdiction.router,
    places.router,
    coverage.router,
    scenarios.router,
    jobs.router,
    ogc_router,
    approvals.router,
    audit.router,
    me.router,
    exercises.router,
    contacts.router,
    plans.router,
    registers.router,
    registers.answers,
    incidents.router,
    incident_response.router,
    *attachments.routers,
    warnings.router,
    subscriptions.router,
    rules.router,
    vocabularies.router,
    intake.router,
    files.router,
    out.router,
    health.router,
    metrics.read_metrics,
)


def create_app(settings: Settings, database_url: str, *, in_worker: bool = False) -> Litestar:
    """The API over one database; without a pepper in the settings no stored key is accepted."""
    peppers = key_pepper.of_settings(settings) or Peppers(secrets.token_bytes(32))
    alone = msgspec.structs.replace(settings, pool_size=1, acquire_timeout_s=1, statement_timeout_s=1)

    ground = base_map.configured(settings)
    page = web.router(other=None if ground is None else ground.origin)
    drain = Drain(settings)
    plugins, ends = tracing.begin(settings)
    disk = directory_of(database_url, settings.data_dir)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncGenerator[None, None]:
        async with (
            reading(settings, database_url) as reader,
            reading(alone, database_url) as probe,
            _following(settings, alone, reader, database_url) as app.state.standby,
            running_jobs(reader, settings, database_url) as app.state.runner,
            _background(app, reader, settings, peppers, disk),
            aclosing(HealthCheck(probe, migrations.head(), disk, app.state.standby)) as app.state.health,
            working(drain, settings) if in_worker else nullcontext(),
        ):
            yield

    app = Litestar(
        route_handlers=[
            *ROUTERS,
            docs.assets(),
            docs.read_problems,
            *guide.routers(),
            basemap.router(ground),
            page,
        ],
        dependencies=DEPENDENCIES,
        exception_handlers=problems.HANDLERS,
        before_request=request_validation.before_request,
        lifespan=[lifespan],
        openapi_config=docs.openapi(),
        cors_config=cross_origin.cors(settings),
        request_max_body_size=request_validation.MAX_BODY_BYTES,
        debug=settings.debug,
        middleware=[
            PrometheusConfig(prefix=PREFIX, app_name=PREFIX, group_path=True, buckets=BUCKETS).middleware
        ],
        plugins=plugins,
        on_shutdown=ends,
        logging_config=LoggingConfig(log_exceptions="never"),
    )
    app.asgi_handler = middleware.HeadMiddleware(middleware.RequestMiddleware(app, settings, drain))
    app.state.settings, app.state.drain = settings, drain
    app.state.picture_slots = asyncio.Semaphore(attachments.PICTURES_AT_ONCE)
    app.state.paces = parse_paces(settings.paces)
    app.state.roads = CurrentRoads(settings.data_dir / "roads")
    app.state.parameter_forms = request_validation.parameter_forms(app)
    app.state.header_lengths = request_validation.header_lengths(app)
    app.state.methods_offered = request_validation.methods_offered(app)
    return app


@asynccontextmanager
async def _following(
    settings: Settings, alone: Settings, primary: Reader, database_url: str
) -> AsyncGenerator[Standby | None, None]:
    """The standby of the settings, which is followed for as long as the block runs."""
    if settings.read_url is None:
        yield None
        return
    async with (
        reading(settings, settings.read_url) as reader,
        reading(alone, settings.read_url) as probe,
        reading(alone, database_url) as primary_probe,
    ):
        standby = Standby(reader, primary, probe, primary_probe, settings.read_lag_s)
        async with housekeeping([], [standby.follow()]):
            yield standby


def _background(
    app: Litestar, reader: Reader, settings: Settings, peppers: Peppers, disk: Path | None
) -> AbstractAsyncContextManager[None]:
    """Make what the handlers of a worker share; the context does the work of it beside the requests."""
    state = app.state
    state.reader, state.peppers = reader, peppers
    state.available = reader if state.standby is None else AvailableReader(state.standby)
    state.reference = LatestReference(state.available)
    keys = KeyAuthenticator(state.available, peppers, settings.key_cache_s)
    state.exercises = set()
    provider = configured_provider(settings)
    state.authenticator = Authenticator(keys, provider)
    state.audit_recorder = recorder = AuditRecorder(reader)
    state.poll_cache = PollCache()

    def on_change() -> None:
        state.poll_cache.clear()
        if state.standby is not None:
            state.standby.announce()

    state.change_watcher = watcher = ChangeWatcher(reader, on_change=on_change)
    state.drain.on_closing(watcher.close)
    state.tiles = tiles = TileCache(settings.tile_cache_mb * MIB)
    state.webhook_networks = parse_networks(settings.webhook_networks)
    deliverer = WebhookDeliverer(reader, peppers, state.webhook_networks)
    loops = [
        watcher.run(),
        TileInvalidator(reader, tiles).follow(watcher.moved),
        deliverer.follow(watcher.moved),
    ]
    state.feed_lag = feed_lag = FeedLagWatcher(reader)
    chores = [
        Chore(LAG_EVERY_S, feed_lag.look),
        measuring(reader, settings, disk, feed_lag, lambda: _figures(app), lambda: state.slots.running),
        *database_chores(reader, peppers.current, timedelta(days=settings.stale_after_days)),
        Chore(AUDIT_EVERY_S, recorder.write, at_end=True),
        Chore(USES_EVERY_S, keys.record_uses, at_end=True),
    ]
    return housekeeping(chores, [*loops, provider.keep_fresh()] if provider else loops)


def _figures(app: Litestar) -> dict[str, float]:
    """What the metrics show of this worker."""
    state = app.state
    return {
        "tiles_cached": len(state.tiles),
        "tiles_cached_bytes": state.tiles.held_bytes,
        "audit_queued": len(state.audit_recorder),
        "feed_listeners": state.change_watcher.listeners,
    }


def preload() -> None:
    """Load in the supervisor what its workers share, so that one that takes another's place serves at once.

    To import the application takes seconds, and on a busy host many.
    """
    load_tables()
    settle()


def create() -> Litestar:
    """The API as the environment describes it, for a server's worker."""
    settings = settings_module.read(os.environ)
    logs.configure(settings.log_file)
    settings_module.demand_safe(settings)
    if settings.database_url is None:
        raise settings_module.SettingsError(
            "DATABASE_URL is not set; `registry serve` runs a private cluster"
        )
    app = create_app(key_pepper.put_into(settings), settings.database_url, in_worker=True)
    app.on_startup += [demand_own_pepper, load_tables, settle, app.state.drain.started.set]
    return app


async def demand_own_pepper(app: Litestar) -> None:
    """WrongPepper when the keys and seals of this database are made with another; asked where it answers."""
    with suppress(Unavailable):
        async with app.state.reader.writer() as writer:
            await demand_pepper(writer, app.state.peppers)


def settle() -> None:
    """Exclude the objects of a started process from every later garbage collection.

    They are 150,000 and live as long as the worker. To traverse them delayed all requests by a tenth of a
    second, several times a minute.
    """
    gc.collect()
    gc.freeze()
