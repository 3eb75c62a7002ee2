"""The connections: a pool, a Reader that takes one for a statement, a Writer that holds one transaction."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

import asyncpg
import msgspec

from registry.runtime.settings import Settings, statements_at_once
from registry.store.database.concurrency import Turns
from registry.store.database.failures import explained
from registry.store.database.lending import Lender, Loan
from registry.store.database.probe import demand_role
from registry.store.database.query import Query

Row = Mapping[str, Any]
UNHURRIED = "SET LOCAL statement_timeout = '15min'; SET LOCAL idle_in_transaction_session_timeout = '5min'"
SNAPSHOT: dict[str, Any] = {"isolation": "repeatable_read", "readonly": True}


async def prepare(connection: asyncpg.Connection) -> None:
    """Teach a new connection JSON and WKB."""
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, schema="pg_catalog", encoder=_dump, decoder=msgspec.json.decode, format="text"
        )
    await connection.set_type_codec("geometry", encoder=bytes, decoder=bytes, format="binary")


def _dump(value: object) -> str:
    return msgspec.json.encode(value).decode()


async def prepare_application(connection: asyncpg.Connection) -> None:
    """Prepare a connection of the application; UnusableDatabase when it logged in as any other role."""
    demand_role(await connection.fetchval("SELECT session_user"))
    await prepare(connection)


async def _pool(settings: Settings, database_url: str) -> asyncpg.Pool:
    """A pool whose every wait is bounded."""
    statement_ms = str(int(settings.statement_timeout_s * 1000))
    return await asyncpg.create_pool(
        database_url,
        min_size=0,
        max_size=settings.pool_size,
        init=prepare_application,
        command_timeout=settings.statement_timeout_s + 2,
        timeout=settings.acquire_timeout_s,
        max_inactive_connection_lifetime=60,
        statement_cache_size=1000,
        max_cacheable_statement_size=0,
        server_settings={
            "application_name": "registry",
            "statement_timeout": statement_ms,
            "lock_timeout": "2000",
            "idle_in_transaction_session_timeout": "30000",
            "jit": "off",
            "max_parallel_workers_per_gather": "0",
        },
    )


@asynccontextmanager
async def reading(settings: Settings, database_url: str) -> "AsyncIterator[Reader]":
    """A reader with connections of its own, which end with the block."""
    pool = await _pool(settings, database_url)
    try:
        yield Reader(Lender(pool, settings.acquire_timeout_s), Turns(statements_at_once(settings)))
    finally:
        pool.terminate()


class Plans(NamedTuple):
    """How statements are planned: for their values where a question says so, and usually."""

    by_value: str
    usually: str


SESSION = Plans("SET plan_cache_mode = force_custom_plan", "SET plan_cache_mode = auto")
BY_VALUE = "SET LOCAL plan_cache_mode = force_custom_plan"
TRANSACTION = Plans(BY_VALUE, "SET LOCAL plan_cache_mode = auto")
ONE_PLAN = Plans(BY_VALUE, "SET LOCAL plan_cache_mode = force_generic_plan")


async def fetched(
    connection: asyncpg.Connection, query: Query, given: Mapping[str, Any], plans: Plans
) -> list[Row]:
    """The rows of a question, planned for its values where the query says so."""
    if not query.by_value:
        plain: list[Row] = await connection.fetch(query.text, *query.args(given))
        return plain
    await connection.execute(plans.by_value)
    found: list[Row] = await connection.fetch(query.text, *query.args(given))
    await connection.execute(plans.usually)
    return found


class Reader:
    """Asks: every call takes a connection for as long as its statement runs."""

    def __init__(self, lender: Lender, turns: Turns) -> None:
        self._lender = lender
        self._turns = turns

    async def rows(self, query: Query, given: Mapping[str, Any]) -> list[Row]:
        """Every row of the answer."""
        async with explained(), self._turns.turn(), self._lender.lend() as connection:
            return await fetched(connection, query, given, SESSION)

    async def row(self, query: Query, given: Mapping[str, Any]) -> Row | None:
        """The first row of the answer, if there is one."""
        async with explained(), self._turns.turn(), self._lender.lend() as connection:
            found: Row | None = await connection.fetchrow(query.text, *query.args(given))
            return found

    def lend(self) -> Loan:
        """A connection for as long as the block lasts."""
        return self._lender.lend()

    async def rest(self) -> None:
        """Give up what is at hand and was not needed."""
        async with explained():
            await self._lender.rest()

    async def stream(self, query: Query, given: Mapping[str, Any]) -> AsyncIterator[Row]:
        """Every row of a long answer, some hundreds at a time, from one snapshot."""
        async with explained(), self.lend() as connection, connection.transaction(**SNAPSHOT):
            async for row in connection.cursor(query.text, *query.args(given), prefetch=500):
                yield row

    @asynccontextmanager
    async def snapshot(self, *, one_plan: bool = False) -> "AsyncIterator[Reader]":
        """Several questions about one instant: a read-only repeatable-read transaction.

        With `one_plan` statements are not planned again for their values, which takes longer than to run
        those whose shape leaves the planner no choice.
        """
        async with (
            explained(),
            self._turns.turn(),
            self._lender.lend() as connection,
            connection.transaction(**SNAPSHOT),
        ):
            if one_plan:
                await connection.execute(ONE_PLAN.usually)
            yield SnapshotReader(connection, ONE_PLAN if one_plan else TRANSACTION)

    @asynccontextmanager
    async def unhurried(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection for one long answer from one instant; its statements may run for minutes."""
        async with (
            explained(),
            self._lender.lend() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await connection.execute(UNHURRIED)
            yield connection

    @asynccontextmanager
    async def writer(self) -> "AsyncIterator[Writer]":
        """One transaction: committed when the block ends, rolled back when it raises."""
        async with (
            explained(),
            self._lender.lend() as connection,
            connection.transaction(),
        ):
            yield Writer(connection)


class SnapshotReader(Reader):
    """Asks on one connection, inside one transaction."""

    def __init__(self, connection: asyncpg.Connection, plans: Plans = TRANSACTION) -> None:
        self._connection = connection
        self._plans = plans

    @asynccontextmanager
    async def snapshot(self, *, one_plan: bool = False) -> "AsyncIterator[Reader]":
        """Itself: this reader asks inside one transaction already."""
        yield self

    async def rows(self, query: Query, given: Mapping[str, Any]) -> list[Row]:
        """Every row of the answer."""
        async with explained():
            return await fetched(self._connection, query, given, self._plans)

    async def row(self, query: Query, given: Mapping[str, Any]) -> Row | None:
        """The first row of the answer, if there is one."""
        async with explained():
            found: Row | None = await self._connection.fetchrow(query.text, *query.args(given))
            return found


class Writer(SnapshotReader):
    """Asks and changes, inside one transaction that its provider commits."""

    async def run(self, query: Query, given: Mapping[str, Any]) -> str:
        """Run a statement that answers with its command tag."""
        async with explained():
            tag: str = await self._connection.execute(query.text, *query.args(given))
            return tag

    async def run_many(self, query: Query, given: Sequence[Mapping[str, Any]]) -> None:
        """Run one statement for every set of values, in one round trip."""
        async with explained():
            await self._connection.executemany(query.text, [query.args(values) for values in given])

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part of the transaction that is undone alone when the block raises."""
        async with explained(), self._connection.transaction():
            yield

    async def copy(self, table: str, columns: list[str], records: Any) -> None:
        """Load many rows by COPY."""
        async with explained():
            await self._connection.copy_records_to_table(table, columns=columns, records=records)


async def hear(reader: Reader, channel: str, heard: Callable[[str], None]) -> None:
    """Call `heard` with every message of a channel until the connection is lost, which ends the call."""
    async with explained(), reader.lend() as connection:
        ended = asyncio.Event()

        def end(_: Any) -> None:
            ended.set()

        def take(*told: Any) -> None:
            heard(told[-1])

        connection.add_termination_listener(end)
        await connection.add_listener(channel, take)
        try:
            while not ended.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(15):
                        await ended.wait()
                await connection.execute("SELECT 1")
        finally:
            connection.remove_termination_listener(end)
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.remove_listener(channel, take)  # its failure must not hide a cancellation
