"""A Reader, which takes a connection for each statement, and a Writer, which holds one transaction."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, NamedTuple

import asyncpg
import msgspec

from registry.domain.intake.finding import Finding
from registry.domain.records.resource import DEFAULT_VISIBILITY, Visibility
from registry.runtime.settings import Settings, statements_at_once
from registry.store.database.concurrency import StatementLimit
from registry.store.database.connection_pool import OPEN_S, ConnectionLease, ConnectionPool
from registry.store.database.failures import explained
from registry.store.database.kept import Kept
from registry.store.database.probe import demand_role, role_limits
from registry.store.database.query import Query

Row = Mapping[str, Any]
UNHURRIED = "SET LOCAL statement_timeout = '15min'; SET LOCAL idle_in_transaction_session_timeout = '5min'"
SLOW_STATEMENT_S = 1.0
MOST_LOGGED = 600
SNAPSHOT: dict[str, Any] = {"isolation": "repeatable_read", "readonly": True}


async def prepare(connection: asyncpg.Connection) -> None:
    """Teach a new connection JSON and WKB."""
    for kind, encoder, decoder in (
        ("json", msgspec.json.encode, msgspec.json.decode),
        ("jsonb", _jsonb, _of_jsonb),
    ):
        await connection.set_type_codec(
            kind, schema="pg_catalog", encoder=encoder, decoder=decoder, format="binary"
        )
    await connection.set_type_codec("geometry", encoder=bytes, decoder=bytes, format="binary")


def _jsonb(value: object) -> bytes:
    """JSON after the version of its form, as COPY demands it."""
    return b"\x01" + msgspec.json.encode(value)


def _of_jsonb(content: bytes) -> object:
    return msgspec.json.decode(memoryview(content)[1:])


def _log_slow(run: Any) -> None:
    """Log a slow statement by its text, which has no values."""
    if run.elapsed >= SLOW_STATEMENT_S:
        import structlog  # a question on the command line does not wait for it

        log = structlog.get_logger("registry")
        log.warning("slow statement", s=round(run.elapsed, 2), sql=" ".join(run.query.split())[:MOST_LOGGED])


async def prepare_application(connection: asyncpg.Connection) -> None:
    """Prepare a connection of the application; UnusableDatabase when it logged in as any other role."""
    demand_role(await connection.fetchval("SELECT session_user"))
    await prepare(connection)
    connection.add_query_logger(_log_slow)


async def _pool(settings: Settings, database_url: str) -> asyncpg.Pool:
    """A pool whose every wait is bounded."""
    limits = role_limits(settings.statement_timeout_s)
    return await asyncpg.create_pool(
        database_url,
        min_size=0,
        max_size=settings.pool_size,
        init=prepare_application,
        command_timeout=settings.statement_timeout_s + 2,
        timeout=OPEN_S,
        max_inactive_connection_lifetime=60,
        statement_cache_size=1000,
        max_cacheable_statement_size=0,
        server_settings={"application_name": "registry"} | ({} if settings.pooler else limits),
    )


@asynccontextmanager
async def reading(settings: Settings, database_url: str) -> "AsyncIterator[Reader]":
    """A reader with connections of its own, which end with the block."""
    pool = ConnectionPool(await _pool(settings, database_url), settings.acquire_timeout_s)
    try:
        limit = StatementLimit(statements_at_once(settings))
        yield Reader(pool, limit, listens=not settings.pooler)
    finally:
        await pool.terminate()


class Plans(NamedTuple):
    """The settings for a statement that is planned for its values, and for the others."""

    by_value: str
    usually: str


BY_VALUE = "SET LOCAL plan_cache_mode = force_custom_plan"
ALONE = Plans(f"BEGIN READ ONLY; {BY_VALUE}", "COMMIT")
"""A statement outside a transaction gets one of its own: a setting of the session would reach others."""
TRANSACTION = Plans(BY_VALUE, "SET LOCAL plan_cache_mode = auto")
ONE_PLAN = Plans(BY_VALUE, "SET LOCAL plan_cache_mode = force_generic_plan")


async def fetched(
    connection: asyncpg.Connection, query: Query, values: Mapping[str, Any], plans: Plans
) -> list[Row]:
    """The rows of a statement, which is planned for its values where the query says so."""
    if not query.by_value:
        plain: list[Row] = await connection.fetch(query.text, *query.args(values))
        return plain
    await connection.execute(plans.by_value)
    try:
        rows: list[Row] = await connection.fetch(query.text, *query.args(values))
    except BaseException:
        if plans is ALONE and not connection.is_closed():
            await asyncio.shield(connection.execute("ROLLBACK"))
        raise
    await connection.execute(plans.usually)
    return rows


class Reader:
    """Runs statements that read, each on a connection of its own."""

    def __init__(self, pool: ConnectionPool, limit: StatementLimit, *, listens: bool = True) -> None:
        self.listens = listens
        self._pool = pool
        self._limit = limit
        self.kept = Kept()

    async def rows(self, query: Query, values: Mapping[str, Any]) -> list[Row]:
        """Every row of the answer."""
        async with explained(), self._limit.slot(), self._pool.connection() as connection:
            return await fetched(connection, query, values, ALONE)

    async def row(self, query: Query, values: Mapping[str, Any]) -> Row | None:
        """The first row of the answer, if there is one."""
        async with explained(), self._limit.slot(), self._pool.connection() as connection:
            first: Row | None = await connection.fetchrow(query.text, *query.args(values))
            return first

    def figures(self) -> dict[str, float | None]:
        """What the metrics show of its connections and of the statements that wait."""
        return {**self._pool.figures(), "statements_waiting": self._limit.waiting}

    def connection(self) -> ConnectionLease:
        """A connection for the length of a block."""
        return self._pool.connection()

    async def release_idle(self) -> None:
        """Let asyncpg's pool close the connections that are not needed."""
        async with explained():
            await self._pool.release_idle()

    async def stream(self, query: Query, values: Mapping[str, Any]) -> AsyncIterator[Row]:
        """Every row of a long answer from one snapshot, fetched some hundreds at a time."""
        async with explained(), self.connection() as connection, connection.transaction(**SNAPSHOT):
            async for row in connection.cursor(query.text, *query.args(values), prefetch=500):
                yield row

    @asynccontextmanager
    async def snapshot(self, *, one_plan: bool = False) -> "AsyncIterator[Reader]":
        """A reader of one read-only repeatable-read transaction.

        With `one_plan` statements keep one generic plan. Where the text leaves the planner no choice, to plan
        again for the values takes longer than to run.
        """
        async with (
            explained(),
            self._limit.slot(),
            self._pool.connection() as connection,
            connection.transaction(**SNAPSHOT),
        ):
            if one_plan:
                await connection.execute(ONE_PLAN.usually)
            yield SnapshotReader(connection, ONE_PLAN if one_plan else TRANSACTION, self.kept)

    @asynccontextmanager
    async def unhurried(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection for one long answer from one snapshot; its statements may run for minutes."""
        async with (
            explained(),
            self._pool.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await connection.execute(UNHURRIED)
            yield connection

    @asynccontextmanager
    async def writer(self) -> "AsyncIterator[Writer]":
        """A writer of one transaction: committed when the block ends, rolled back when it raises."""
        async with (
            explained(),
            self._pool.connection() as connection,
            connection.transaction(),
        ):
            yield Writer(connection)


class SnapshotReader(Reader):
    """Runs statements on one connection, inside one transaction."""

    def __init__(
        self, connection: asyncpg.Connection, plans: Plans = TRANSACTION, kept: Kept | None = None
    ) -> None:
        self._connection = connection
        self._plans = plans
        self.kept = Kept() if kept is None else kept

    @asynccontextmanager
    async def snapshot(self, *, one_plan: bool = False) -> "AsyncIterator[Reader]":
        """Itself: it is inside one transaction already."""
        yield self

    async def rows(self, query: Query, values: Mapping[str, Any]) -> list[Row]:
        """Every row of the answer."""
        async with explained():
            return await fetched(self._connection, query, values, self._plans)

    async def row(self, query: Query, values: Mapping[str, Any]) -> Row | None:
        """The first row of the answer, if there is one."""
        async with explained():
            first: Row | None = await self._connection.fetchrow(query.text, *query.args(values))
            return first


class Writer(SnapshotReader):
    """Reads and writes inside one transaction, which its provider commits.

    `examined` says that what it stores passed the gate, `findings` are those of its body that no record has
    taken yet, and with `strict` a warning refuses. `default_visibility` is that of what is new and has none.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.examined = self.strict = False
        self.findings: list[Finding] = []
        self.default_visibility: Visibility = DEFAULT_VISIBILITY

    async def run(self, query: Query, values: Mapping[str, Any]) -> str:
        """Run a statement and return its command tag."""
        async with explained():
            tag: str = await self._connection.execute(query.text, *query.args(values))
            return tag

    async def script(self, text: str) -> None:
        """Run statements without values, which define or maintain things."""
        async with explained():
            await self._connection.execute(text)

    async def run_many(self, query: Query, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run one statement for every set of values, in one round trip."""
        async with explained():
            await self._connection.executemany(query.text, [query.args(values) for values in rows])

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part of the transaction that is rolled back alone when the block raises."""
        async with explained(), self._connection.transaction():
            yield

    async def copy(self, table: str, columns: list[str], records: Any) -> None:
        """Load many rows by COPY."""
        async with explained():
            await self._connection.copy_records_to_table(table, columns=columns, records=records)


OpenWriter = Callable[[], AbstractAsyncContextManager[Writer]]
"""Opens a transaction of the owner of the tables."""


async def listen(reader: Reader, channel: str, receive: Callable[[str], None]) -> None:
    """Call `receive` with every message of a channel; returns when the connection is lost.

    Behind a pooler there is no connection to be told anything on: it waits until it is cancelled.
    """
    if not reader.listens:
        await asyncio.Event().wait()
    async with explained(), reader.connection() as connection:
        ended = asyncio.Event()

        def end(_: Any) -> None:
            ended.set()

        def pass_on(*message: Any) -> None:
            receive(message[-1])

        connection.add_termination_listener(end)
        await connection.add_listener(channel, pass_on)
        try:
            while not ended.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(15):
                        await ended.wait()
                await connection.execute("SELECT 1")
        finally:
            connection.remove_termination_listener(end)
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.remove_listener(channel, pass_on)  # its failure must not hide a cancellation
