"""A database that cannot be used is refused in one sentence that shows no password."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import pytest

from registry.store.database.probe import UnusableDatabase, probe


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


async def test_a_database_with_postgis_passes(template_url: str) -> None:
    await probe(template_url)


async def test_a_missing_extension_names_who_can_create_it(locked_url: str) -> None:
    with pytest.raises(UnusableDatabase, match="an administrator must run CREATE EXTENSION postgis"):
        await probe(locked_url)


async def test_a_user_who_may_make_no_roles_names_who_can(locked_url: str) -> None:
    admin = await asyncpg.connect(locked_url.replace("locked:right", "postgres"))
    await admin.execute("CREATE EXTENSION postgis")
    known = await admin.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = 'registry_app'")
    try:
        with pytest.raises(UnusableDatabase, match="must run GRANT registry_app TO locked"):
            await probe(locked_url)
        await admin.execute("GRANT registry_app TO locked")
        await probe(locked_url)
    finally:
        await admin.execute("REVOKE registry_app FROM locked")
        await admin.close()
    assert known == 1


async def test_a_wrong_password_is_named_and_not_shown(locked_url: str) -> None:
    with pytest.raises(UnusableDatabase, match="refuses the user or the password") as caught:
        await probe(locked_url.replace("right", "wr0ng"))
    assert "wr0ng" not in str(caught.value)


async def test_a_missing_database_is_named(template_url: str) -> None:
    with pytest.raises(UnusableDatabase, match="the database nowhere on the local socket does not exist"):
        await probe(template_url.replace("/registry?", "/nowhere?"))


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
    result = subprocess.run(
        [sys.executable, "-m", "registry", "migrate"],
        env={"PATH": os.environ["PATH"], "DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert result.returncode == 1
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
    assert "s3cret" not in result.stderr + result.stdout
