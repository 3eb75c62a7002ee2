"""An answer of several statements reads one view of the database; one of a single statement opens none."""

import pytest
import sqlalchemy as sa

from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.store.database.one_view import OneStatement, from_one_view
from registry.store.database.pool import Reader, SnapshotReader, reading
from registry.store.database.query import Query

VIEW = Query(sa.select(sa.cast(sa.func.pg_current_snapshot(), sa.Text).label("view"), sa.func.random()))


@pytest.fixture
async def reader(database_url: str):
    async with reading(Settings(), as_role(database_url)) as opened:
        yield opened


async def views(reader: Reader, statements: int, readers: list[Reader]) -> list[str]:
    readers.append(reader)
    return [row["view"] for _ in range(statements) for row in await reader.rows(VIEW, {})]


async def test_one_statement_opens_no_transaction(reader) -> None:
    readers: list[Reader] = []
    assert len(await from_one_view(reader, lambda given: views(given, 1, readers))) == 1
    assert [type(used) for used in readers] == [OneStatement]


@pytest.mark.parametrize(
    ("several", "used"), [(False, [OneStatement, SnapshotReader]), (True, [SnapshotReader])]
)
async def test_several_statements_read_one_snapshot(reader, several, used) -> None:
    readers: list[Reader] = []
    found = await from_one_view(reader, lambda given: views(given, 3, readers), several=several)
    assert len(found) == 3
    assert len(set(found)) == 1
    assert [type(one) for one in readers] == used


async def test_a_transaction_that_is_open_is_used(writer) -> None:
    readers: list[Reader] = []
    await from_one_view(writer, lambda given: views(given, 2, readers))
    assert readers == [writer]
