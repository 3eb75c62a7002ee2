"""A database that cannot be used is refused in one sentence that shows no password."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import pytest

from registry.runtime.database import as_role
from registry.store.database.probe import UnusableDatabase, owner_faults, probe_owner, probe_role


@pytest.fixture
async def locked_url(template_url: str) -> AsyncIterator[str]:
    """A database without PostGIS, and a role that must give its password."""
    socket_dir = Path(parse_qs(urlsplit(template_url).query)["host"][0])
    rules = socket_dir.parent / "pgdata" / "pg_hba.conf"
    before = rules.read_text()
    admin = await asyncpg.connect(f"postgresql://postgres@/postgres?host={quote(str(socket_dir))}")
    await admin.execute("CREATE ROLE locked LOGIN PASSWORD 'right'")
    await admin.execute("CREATE DATABASE plain OWNER locked TEMPLATE template0")
    rules.write_text("local all locked scram-sha-256\n" + before)
    await admin.execute("SELECT pg_reload_conf()")
    yield f"postgresql://locked:right@/plain?host={quote(str(socket_dir))}"
    rules.write_text(before)
    await admin.execute("SELECT pg_reload_conf()")
    await admin.execute("DROP DATABASE plain")
    await admin.execute("DROP ROLE locked")
    await admin.close()


@pytest.fixture
async def administrator(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """The superuser in the database that the tests share."""
    connection = await asyncpg.connect(database_url.replace("registry@", "postgres@"))
    yield connection
    await connection.close()


async def test_a_migrated_database_passes_for_both_its_roles(database_url: str, role_url: str) -> None:
    await probe_owner(database_url)
    await probe_role(role_url)


async def test_a_missing_extension_names_who_can_create_it(locked_url: str) -> None:
    with pytest.raises(UnusableDatabase, match="an administrator must run CREATE EXTENSION postgis"):
        await probe_owner(locked_url)


def test_an_owner_without_the_application_s_role_hears_who_makes_it() -> None:
    facts = {"version": 170_000, "postgis": "3.5.2", "installed": True, "owns": None, "may_create": True}
    facts |= {"account": "locked", "may_install": False, "may_make_roles": False, "role_exists": False}
    (fault,) = owner_faults(facts)
    assert fault == (
        "lets locked make no roles: an administrator must run CREATE ROLE registry_app LOGIN PASSWORD '…'"
    )
    assert not [*owner_faults(facts | {"may_make_roles": True})]
    assert not [*owner_faults(facts | {"role_exists": True})]


async def test_an_owner_who_may_create_nothing_hears_who_allows_it(locked_url: str) -> None:
    admin = await asyncpg.connect(locked_url.replace("locked:right", "postgres"))
    await admin.execute("CREATE EXTENSION postgis; ALTER DATABASE plain OWNER TO postgres")
    try:
        with pytest.raises(UnusableDatabase, match="must run GRANT CREATE ON SCHEMA public TO locked"):
            await probe_owner(locked_url)
        await admin.execute("GRANT CREATE ON SCHEMA public TO locked")
        await probe_owner(locked_url)
    finally:
        await admin.close()


async def test_who_does_not_own_the_tables_cannot_keep_them(role_url: str) -> None:
    with pytest.raises(UnusableDatabase, match="not owned by registry_app: set REGISTRY_OWNER_URL"):
        await probe_owner(role_url)


async def test_the_owner_does_not_answer_requests(database_url: str) -> None:
    with pytest.raises(UnusableDatabase, match="set DATABASE_URL to a URL of registry_app, and REGISTRY_"):
        await probe_role(database_url)


@pytest.mark.parametrize(
    "grant",
    [
        "ALTER ROLE registry_app CREATEDB",
        "ALTER ROLE registry_app BYPASSRLS",
        "GRANT pg_monitor, pg_read_server_files TO registry_app",
        "GRANT CREATE ON SCHEMA public TO registry_app",
        "GRANT CREATE ON DATABASE {base} TO registry_app",
        "GRANT TEMPORARY ON DATABASE {base} TO PUBLIC",
    ],
)
async def test_a_role_with_more_than_it_needs_is_refused_until_the_remedy_is_run(
    administrator: asyncpg.Connection, role_url: str, grant: str
) -> None:
    base = await administrator.fetchval("SELECT current_database()")
    await administrator.execute(grant.format(base=base))
    with pytest.raises(UnusableDatabase, match="gives registry_app more than it needs") as caught:
        await probe_role(role_url)
    remedy = str(caught.value).partition("an administrator must run ")[2]
    await administrator.execute(remedy)
    await probe_role(role_url)


async def test_a_wrong_password_is_named_and_not_shown(locked_url: str) -> None:
    with pytest.raises(
        UnusableDatabase, match="refuses the user or the password in REGISTRY_OWNER_URL"
    ) as caught:
        await probe_owner(locked_url.replace("right", "wr0ng"))
    assert "wr0ng" not in str(caught.value)


async def test_a_missing_database_is_named(template_url: str) -> None:
    with pytest.raises(UnusableDatabase, match="the database nowhere on the local socket does not exist"):
        await probe_owner(template_url.replace("/registry?", "/nowhere?"))


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://u:s3cret@127.0.0.1:1/r", "the database r on 127.0.0.1:1 cannot be reached"),
        ("postgresql://u:s3cret@no-such-host.invalid/r", "r on no-such-host.invalid cannot be reached"),
        ("mysql://u:s3cret@127.0.0.1/r", "DATABASE_URL is not of the form"),
        ("postgresql://u:s3cret@127.0.0.1:notaport/r", "DATABASE_URL is not of the form"),
    ],
)
def test_the_command_line_says_it_in_one_line_and_exits_with_1(url: str, sentence: str) -> None:
    result = command_line("migrate", DATABASE_URL=url)
    assert result.returncode == 1
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
    assert "s3cret" not in result.stderr + result.stdout


def command_line(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "registry", *arguments],
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_owner_migrates_by_either_setting_and_the_role_by_none(database_url: str, role_url: str) -> None:
    assert command_line("migrate", DATABASE_URL=database_url).returncode == 0
    assert command_line("migrate", REGISTRY_OWNER_URL=database_url, DATABASE_URL=role_url).returncode == 0
    refused = command_line("migrate", DATABASE_URL=role_url)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "is not owned by registry_app: set REGISTRY_OWNER_URL" in refused.stderr


def test_questions_are_not_asked_as_the_owner(database_url: str, role_url: str) -> None:
    ask = ("nearest", "106.6", "29.0", "--json")
    assert command_line(*ask, DATABASE_URL=role_url).returncode == 0
    refused = command_line(*ask, DATABASE_URL=database_url)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "requests are answered only as registry_app" in refused.stderr


async def test_a_role_that_owns_anything_is_refused(administrator: asyncpg.Connection, role_url: str) -> None:
    await administrator.execute("CREATE TABLE owned (n integer); ALTER TABLE owned OWNER TO registry_app")
    try:
        with pytest.raises(UnusableDatabase, match="must run REASSIGN OWNED BY registry_app"):
            await probe_role(role_url)
    finally:
        await administrator.execute("DROP TABLE owned")


def test_a_role_alone_waits_for_the_owner_to_migrate(new_database: Callable[[], str]) -> None:
    url = new_database()

    async def age() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute("UPDATE alembic_version SET version_num = '0001'")
        await connection.close()

    asyncio.run(age())
    refused = command_line("nearest", "106.6", "29.0", DATABASE_URL=as_role(url))
    assert refused.returncode == 1
    assert "run `registry migrate` with REGISTRY_OWNER_URL" in refused.stderr


def test_an_owner_alone_is_no_private_cluster(database_url: str) -> None:
    refused = command_line("nearest", "106.6", "29.0", REGISTRY_OWNER_URL=database_url)
    assert refused.returncode == 1
    assert "REGISTRY_OWNER_URL is set and DATABASE_URL is not" in refused.stderr
