"""A dump of the database can be restored, with everything that the server works out itself."""

import asyncio
import os
import subprocess

import asyncpg
from alembic import command

from registry.runtime.cluster.programs import servers
from registry.services.seeding import seed
from registry.store.database import migrations
from registry.store.database.pool import Writer, prepare

FACTS = """
SELECT count(*) AS records, count(cell) AS cells, sum(cell) AS cell_sum, count(partner_of) AS partners,
       (SELECT count(*) FROM place) AS places, (SELECT count(*) FROM change_log) AS changes
  FROM resource
"""


async def seeded(url: str) -> None:
    connection = await asyncpg.connect(url)
    await prepare(connection)
    async with connection.transaction():
        await seed.seed_if_new(Writer(connection))
    await connection.close()


async def facts(url: str) -> dict:
    connection = await asyncpg.connect(url)
    found = dict(await connection.fetchrow(FACTS))
    await connection.close()
    return found


def emptied(url: str) -> str:
    """The database with its extensions and nothing else, as the cluster makes it."""
    command.downgrade(migrations.configuration(url), "base")

    async def forget_the_version() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute("DROP TABLE alembic_version")
        await connection.close()

    asyncio.run(forget_the_version())
    return url


def run(program: str, *arguments: str) -> None:
    server = servers()[0]
    told = os.environ | server.env
    done = subprocess.run(
        [str(server.bin / program), *arguments], env=told, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_what_was_dumped_is_there_after_a_restore(new_database, tmp_path) -> None:
    url, file = new_database(), tmp_path / "registry.dump"
    asyncio.run(seeded(url))
    before = asyncio.run(facts(url))
    run("pg_dump", "--format=custom", "--exclude-table=spatial_ref_sys", f"--file={file}", url)
    restored = emptied(new_database())
    run("pg_restore", "--schema=public", "--exit-on-error", f"--dbname={restored}", str(file))
    assert before["records"] > 40
    assert before["cells"] > 0
    assert asyncio.run(facts(restored)) == before
