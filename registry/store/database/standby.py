"""A standby that answers questions: how far it has followed the primary, and who answers what."""

import asyncio
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import sqlalchemy as sa

from registry.domain.errors import InvalidQuery, RegistryError, Unavailable
from registry.store.database.kept import Kept
from registry.store.database.pool import Reader, Row, Writer
from registry.store.database.query import Query

LOOK_EVERY_S = 0.25
MOST_SAMPLES = 4_000
FORM = re.compile(r"([0-9A-F]{1,8})/([0-9A-F]{1,8})")
POSITION = Query(
    sa.text(
        "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
        " ELSE pg_current_wal_insert_lsn() END::text AS position"
    )
)
"""A standby that was promoted is its own primary."""


def parse_position(text: str) -> int:
    """The bytes of write-ahead log before a position; InvalidQuery where the text is none."""
    if (parts := FORM.fullmatch(text)) is None:
        raise InvalidQuery("Registry-Position is not one that this registry gave", field="Registry-Position")
    return (int(parts[1], 16) << 32) | int(parts[2], 16)


def format_position(position: int) -> str:
    """The position as PostgreSQL writes it."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


async def position_of(reader: Reader) -> int:
    """How far a primary has written, or a standby replayed."""
    row = await reader.row(POSITION, {})
    if row is None or row["position"] is None:
        raise Unavailable("the standby has replayed nothing yet")
    return parse_position(row["position"])


class Standby:
    """Chooses who answers a question.

    It is the standby where that is at most `most_lag_s` behind and holds what the caller has written and
    what the feed of this process has told; else the primary. Where the primary is away, the standby answers
    what it holds.
    """

    def __init__(
        self, reader: Reader, primary: Reader, probe: Reader, primary_probe: Reader, most_lag_s: float
    ) -> None:
        self.primary = primary
        self.most_lag_s = most_lag_s
        self._probe, self._primary_probe = probe, primary_probe
        self._reader = StandbyReader(reader, primary)
        self._written: deque[tuple[float, int]] = deque(maxlen=MOST_SAMPLES)
        self._replayed = self._told = 0
        self._own: dict[str, int] = {}
        self._is_behind_news = True
        self._hint = asyncio.Event()
        self.is_reachable = self.primary_answers = False

    @property
    def lag_s(self) -> float:
        """Since when the primary has written something that the standby does not show yet."""
        missing = next((at_s for at_s, position in self._written if position > self._replayed), None)
        return 0.0 if missing is None else time.monotonic() - missing

    def reader_for(self, actor: str, position: str | None = None) -> Reader:
        """Who answers a question of this caller, whose last change was at `position` as far as they know.

        Unavailable where only a standby is left that does not hold their change.
        """
        own = max(self._own.get(actor, 0), 0 if position is None else parse_position(position))
        holds = self.is_reachable and self._replayed >= own
        news = not self._is_behind_news and self._replayed >= self._told
        if holds and news and self.lag_s <= self.most_lag_s:
            return self._reader
        if self.primary_answers or not self.is_reachable:
            return self.primary
        if holds:
            return self._reader
        raise Unavailable("the primary is away, and the standby does not hold your last change")

    def available(self) -> Reader:
        """Whoever answers now, the primary first."""
        return self.primary if self.primary_answers or not self.is_reachable else self._reader

    def announce(self) -> None:
        """The feed has told something new: who asks about it is not to get what was before."""
        self._is_behind_news = True
        self._hint.set()

    async def wrote(self, actor: str) -> str | None:
        """The position after a change of this caller, which their next questions will see."""
        try:
            position = await position_of(self.primary)
        except RegistryError:  # the change is made nevertheless
            self.announce()
            return None
        self._own[actor] = position
        return format_position(position)

    async def follow(self) -> None:
        """Look at both four times a second until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._repeat(self.look_at_primary, self._hint))
            group.create_task(self._repeat(self.look_at_standby, asyncio.Event()))

    async def _repeat(self, look: Callable[[], Awaitable[None]], hint: asyncio.Event) -> None:
        while True:
            hint.clear()
            await look()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await hint.wait()

    async def look_at_primary(self) -> None:
        """Note how far the primary has written."""
        at_s, was_behind, self._is_behind_news = time.monotonic(), self._is_behind_news, False
        try:
            position = await position_of(self._primary_probe)
        except RegistryError:
            self.primary_answers, self._is_behind_news = False, was_behind or self._is_behind_news
            return
        self.primary_answers = True
        if was_behind:
            self._told = position
        if not self._written or self._written[-1][1] != position:
            self._written.append((at_s, position))

    async def look_at_standby(self) -> None:
        """Note how far the standby has replayed."""
        try:
            self._replayed = await position_of(self._probe)
        except RegistryError:
            self.is_reachable = False
            return
        self.is_reachable = True
        while self._written and self._written[0][1] <= self._replayed:
            self._written.popleft()
        self._own = {actor: at for actor, at in self._own.items() if at > self._replayed}


class StandbyReader(Reader):
    """Reads from the standby, and writes to the primary."""

    def __init__(self, reader: Reader, primary: Reader) -> None:
        super().__init__(reader._pool, reader._limit, listens=False)
        self._primary = primary

    @asynccontextmanager
    async def writer(self) -> AsyncIterator[Writer]:
        """A writer of the primary."""
        async with self._primary.writer() as opened:
            yield opened


class AvailableReader(Reader):
    """Asks small questions of whoever answers, the primary first: who calls, and what there is."""

    def __init__(self, standby: Standby) -> None:
        self._standby = standby
        self.listens = False
        self.kept = Kept()

    async def rows(self, query: Query, values: Mapping[str, Any]) -> list[Row]:
        """Every row of the answer."""
        return await self._standby.available().rows(query, values)

    async def row(self, query: Query, values: Mapping[str, Any]) -> Row | None:
        """The first row of the answer, if there is one."""
        return await self._standby.available().row(query, values)

    @asynccontextmanager
    async def snapshot(self, *, one_plan: bool = False) -> AsyncIterator[Reader]:
        """A reader of one read-only transaction."""
        async with self._standby.available().snapshot(one_plan=one_plan) as opened:
            yield opened

    @asynccontextmanager
    async def writer(self) -> AsyncIterator[Writer]:
        """A writer of the primary."""
        async with self._standby.primary.writer() as opened:
            yield opened
