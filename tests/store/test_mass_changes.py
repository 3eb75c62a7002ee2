"""Mass changes stop at the limit until a second person allows them."""

import asyncpg
import pytest

from registry.domain.access.actor import SYSTEM, Actor
from registry.domain.errors import NeedsApproval
from registry.domain.identity import new_id
from registry.services.access.limit_mass_changes import count_change
from registry.store.access import approvals, mass_changes, scope
from registry.store.database.pool import Writer
from tests.builders import a_place

OFFICER = Actor(id="officer", role="field", places=("T1",))
PLANNER = Actor(id="planner", role="planner")


async def test_the_limit_is_exact_and_each_person_has_their_own(writer: Writer) -> None:
    await scope.bind(writer, OFFICER, 5)
    for _ in range(5):
        await count_change(writer, OFFICER)
    with pytest.raises(NeedsApproval, match="more than 5"):
        await count_change(writer, OFFICER)
    await count_change(writer, PLANNER)
    await count_change(writer, SYSTEM)


async def test_what_is_older_than_the_window_does_not_count(writer: Writer, conn: asyncpg.Connection) -> None:
    await scope.bind(writer, OFFICER, 2)
    await conn.execute(
        "INSERT INTO counted_change (actor, at) VALUES ('officer', now() - interval '601 seconds'),"
        " ('officer', now() - interval '2 days'), ('officer', now() - interval '599 seconds')"
    )
    await count_change(writer, OFFICER)
    with pytest.raises(NeedsApproval):
        await count_change(writer, OFFICER)
    await mass_changes.forget_old(writer)
    assert await conn.fetchval("SELECT count(*) FROM counted_change") == 3


async def test_without_a_limit_nothing_is_counted(writer: Writer, conn: asyncpg.Connection) -> None:
    await scope.bind(writer, OFFICER, 0)
    for _ in range(3):
        await count_change(writer, OFFICER)
    assert await conn.fetchval("SELECT count(*) FROM counted_change") == 0


async def test_an_approval_allows_so_many_for_an_hour(writer: Writer, conn: asyncpg.Connection) -> None:
    await scope.bind(writer, OFFICER, 1)
    await count_change(writer, OFFICER)
    wish = new_id(0)
    await approvals.insert(writer, wish, OFFICER, 2, "flood")
    with pytest.raises(NeedsApproval):
        await count_change(writer, OFFICER)
    await approvals.approve(writer, wish, PLANNER)
    await conn.execute("UPDATE counted_change SET at = at - interval '1 minute'")
    await conn.execute("UPDATE approval SET approved_at = approved_at - interval '1 second'")
    for _ in range(2):
        await count_change(writer, OFFICER)
    with pytest.raises(NeedsApproval):
        await count_change(writer, OFFICER)
    await conn.execute("DELETE FROM counted_change WHERE seq = (SELECT max(seq) FROM counted_change)")
    await conn.execute("UPDATE approval SET approved_at = now() - interval '61 minutes'")
    with pytest.raises(NeedsApproval):
        await count_change(writer, OFFICER)


async def test_the_database_wants_two_persons(writer: Writer, conn: asyncpg.Connection) -> None:
    wish = new_id(0)
    await approvals.insert(writer, wish, OFFICER, 2, "flood")
    with pytest.raises(asyncpg.CheckViolationError):
        async with conn.transaction():
            await conn.execute("UPDATE approval SET approved_by = actor, approved_at = now()")


async def test_whose_places_hold_whose(writer: Writer) -> None:
    await a_place(writer, "D")
    await a_place(writer, "T1", "D")
    await a_place(writer, "T2", "D")
    assert await approvals.covers(writer, ["D"], ["T1", "T2"])
    assert await approvals.covers(writer, ["T1"], ["T1"])
    assert not await approvals.covers(writer, ["T1"], ["T1", "T2"])
    assert not await approvals.covers(writer, ["D"], [])
