"""The migrations make exactly the schema that the code declares, both ways."""

import asyncio

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from registry.store.database import migrations
from registry.store.database.probe import UnusableDatabase


def test_nothing_differs_from_the_tables(new_database) -> None:
    command.check(migrations.configuration(new_database()))


def test_down_and_up_again(new_database) -> None:
    config = migrations.configuration(new_database())
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    command.check(config)


def test_the_head_read_from_the_files_is_alembics() -> None:
    scripts = ScriptDirectory.from_config(migrations.configuration(""))
    assert migrations.head() == scripts.get_current_head()


def test_the_schema_of_a_later_release_is_refused_and_left_alone(new_database) -> None:
    url = new_database()

    async def stamp() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute("UPDATE alembic_version SET version_num = '9999'")
        await connection.close()

    asyncio.run(stamp())
    with pytest.raises(UnusableDatabase, match=r"9999, which this release .* nothing was changed"):
        migrations.upgrade(url)
    assert asyncio.run(migrations._revision(url)) == "9999"


def test_a_database_that_the_migrations_cannot_follow_is_refused_in_a_sentence(new_database) -> None:
    url = new_database()
    asyncio.run(_stamped(url, "0001"))
    with pytest.raises(UnusableDatabase, match=r"cannot be brought to the schema .* already exists"):
        migrations.upgrade(url)


async def _stamped(url: str, revision: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("UPDATE alembic_version SET version_num = $1", revision)
    await connection.close()
