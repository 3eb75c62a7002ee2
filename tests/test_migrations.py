"""The migrations make exactly the schema that the code declares, both ways."""

import asyncio

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from registry.store.database import migrations
from registry.store.database.pool import Writer, prepare
from registry.store.database.probe import UnusableDatabase
from registry.store.records import changes
from tests.builders import A_CHANGE, make


def test_nothing_differs_from_the_tables(new_database) -> None:
    command.check(migrations.configuration(new_database()))


def test_down_and_up_again(new_database) -> None:
    config = migrations.configuration(new_database())
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    command.check(config)


def test_what_the_public_saw_of_uncertain_records_is_widened_to_what_is_written_now(new_database) -> None:
    url = new_database()
    config = migrations.configuration(url)
    given = {"visibility": "internal", "quality": "approximate", "uncertainty_m": 250.5}
    records = [make("shelter", **given), make("shelter", datum="unknown", **given)]
    public = "SELECT public_uncertainty_m, public_feature::jsonb FROM resource ORDER BY public_uncertainty_m"

    async def asked(store: bool = False) -> list[tuple]:
        connection = await asyncpg.connect(url)
        await prepare(connection)
        if store:
            await changes.load(Writer(connection), records, A_CHANGE)
        rows = [tuple(row) for row in await connection.fetch(public)]
        await connection.close()
        return rows

    written = asyncio.run(asked(store=True))
    assert [row[0] for row in written] == [3710 + 250.5, 3710 + 850.5]
    command.downgrade(config, "0014")
    before = asyncio.run(asked())
    assert [row[0] for row in before] == [3710, 3710]
    assert [row[1]["properties"]["location"]["uncertainty_m"] for row in before] == [3710, 3710]
    command.upgrade(config, "head")
    assert asyncio.run(asked()) == written


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
    assert asyncio.run(migrations._current(url)) == "9999"
