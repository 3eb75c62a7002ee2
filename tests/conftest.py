"""A real PostGIS for every test: one throw-away cluster, migrated once, cloned for this run."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from registry.runtime.database import as_role
from registry.store.database import migrations
from registry.store.database.pool import Writer, prepare
from registry.store.database.probe import ROLE
from tests.scratch import scratch_cluster

ROOT = Path(__file__).parent
LONG = (
    "faults/test_restart",
    "api/test_intake_files",
    "test_serve",
    "access/test_reclassified",
    "access/test_visibility",
    "store/test_every_statement",
    "api/test_default_visibility",
    "faults/test_slow_readers",
    "access/test_audit",
    "faults/test_loop_turns",
    "faults/test_drill",
    "api/test_contract",
    "worlds/test_groups",
    "store/test_statements",
    "access/test_retries",
    "worlds/test_proximity",
    "faults/test_database_gone",
    "faults/test_sockets",
    "services/test_intake_out",
    "test_cluster",
    "served/test_documentation",
    "api/test_jobs",
    "test_backup",
    "store/test_generator",
    "access/test_field_officer",
    "store/test_outline",
    "store/test_plan_facts",
    "store/test_proximity_properties",
    "api/test_near_answers",
    "api/test_generated_requests",
    "access/test_open_streams",
    "served/test_clients",
    "domain/test_intake_positions",
    "test_package",
    "faults/test_waiting",
    "api/test_honest_coverage",
    "access/test_roles",
    "store/test_hostile_files",
    "api/test_operator_questions",
    "api/test_tile_freshness",
    "api/test_subscriptions",
    "api/test_coverage",
    "test_upgrade",
    "faults/test_standby",
    "served/test_examples",
    "sync/test_incarnations",
    "api/test_rules",
    "api/test_plans",
    "worlds/test_lists",
    "api/test_middleware",
    "faults/test_failover",
    "api/test_ogc_flat",
    "sync/test_model",
    "services/test_office_suite",
    "test_archive",
    "store/test_probe",
    "api/test_ogc_items",
    "access/test_sharing",
    "faults/test_mutated_writes",
    "services/test_intake_files",
    "api/test_as_of",
    "store/test_seeding",
    "domain/test_coverage_interval",
    "test_app",
    "store/test_coverage_statements",
    "test_data_commands",
    "domain/test_coverage_gaps",
    "api/test_proximity_oracle",
    "conformance/test_clients",
    "faults/test_bad_input",
    "domain/test_coverage_depth",
    "conformance/test_features_core",
    "conformance/test_features_crs",
    "report/test_coverage_command",
    "report/test_plan_page",
    "store/test_render",
    "access/test_trilateration",
    "domain/test_coverage_exact",
    "domain/test_union",
    "store/test_dump",
    "test_doctor",
    "sync/test_promotion",
)
"""Modules that take seconds a test, the longest first: own servers and clusters, oracles that sample."""


def pytest_configure() -> None:
    """Forget the caller's settings, so that no test can reach the user's data."""
    for name in [name for name in os.environ if name.startswith(("REGISTRY_", "DATABASE_URL", "PG"))]:
        del os.environ[name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the long modules begin first, so that no worker ends with one; mark all others `fast`."""
    rank = {ROOT / f"{name}.py": number for number, name in enumerate(LONG)}
    if gone := [str(path) for path in rank if not path.is_file()]:
        raise pytest.UsageError(f"LONG in tests/conftest.py names modules that are gone: {gone}")
    items.sort(key=lambda item: rank.get(item.path, len(LONG)))
    for item in items:
        if item.path not in rank:
            item.add_marker(pytest.mark.fast)


@pytest.fixture(scope="session")
def template_url() -> Iterator[str]:
    """A database that nobody writes to after its migrations: what the others are cloned from."""
    with scratch_cluster() as url:
        migrations.upgrade(url)
        superuser = urlunsplit(urlsplit(url)._replace(netloc="postgres@"))
        _execute(superuser, f"GRANT {ROLE} TO registry")  # so that a test may SET ROLE and undo it
        yield url


@pytest.fixture(scope="session")
def new_database(template_url: str) -> Callable[[], str]:
    """Makes another freshly migrated database, in a few milliseconds, and returns its URL."""
    numbers = itertools.count(1)

    def clone() -> str:
        parts = urlsplit(template_url)
        name = f"clone_{next(numbers)}"
        maintenance = urlunsplit(parts._replace(path="/postgres"))
        template = parts.path.removeprefix("/")
        _execute(maintenance, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        _execute(maintenance, f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")  # a clone has no grants
        return urlunsplit(parts._replace(path=f"/{name}"))

    return clone


def _execute(url: str, statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(statement)
        await connection.close()

    with asyncio.Runner() as runner:
        runner.run(run())


@pytest.fixture(scope="session")
def database_url(new_database: Callable[[], str]) -> str:
    """The database that the tests of this run share; they leave it as they found it."""
    return new_database()


@pytest.fixture(scope="session")
def role_url(database_url: str) -> str:
    """The same database as the application logs in to it."""
    return as_role(database_url)


@pytest.fixture
async def conn(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection inside a transaction that is rolled back after the test."""
    connection = await asyncpg.connect(database_url)
    await prepare(connection)
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


@pytest.fixture
def writer(conn: asyncpg.Connection) -> Writer:
    """A writer whose changes are rolled back after the test."""
    return Writer(conn)
