"""The fixtures themselves: what the other tests stand on."""

from collections.abc import Callable

import asyncpg


async def test_the_shared_database_is_migrated_and_starts_empty(conn: asyncpg.Connection) -> None:
    assert await conn.fetchval("SELECT count(*) FROM alembic_version") == 1
    assert await conn.fetchval("SELECT count(*) FROM resource") == 0
    assert await conn.fetchval("SELECT count(*) FROM place") == 0


async def test_what_one_test_writes(conn: asyncpg.Connection) -> None:
    await conn.execute("CREATE TABLE left_behind AS SELECT 1 AS n")
    assert await conn.fetchval("SELECT n FROM left_behind") == 1


async def test_the_next_test_does_not_see(conn: asyncpg.Connection) -> None:
    assert await conn.fetchval("SELECT to_regclass('left_behind')") is None


def test_every_clone_is_another_database(new_database: Callable[[], str], database_url: str) -> None:
    assert len({new_database(), new_database(), database_url}) == 3
