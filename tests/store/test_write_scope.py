"""The database itself refuses a write outside the places of who asks, whatever the application forgot."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from registry.domain.access.actor import Actor, Role
from registry.runtime.settings import Settings
from registry.store.access import scope
from registry.store.database.health import look
from registry.store.database.pool import Writer, reading
from registry.store.database.probe import UnusableDatabase
from tests.builders import a_place, a_resource

REFUSED = asyncpg.InsufficientPrivilegeError


@pytest.fixture
async def towns(conn: asyncpg.Connection, writer: Writer) -> dict[str, UUID]:
    """A record in each of two towns of one district, and the application's role."""
    await a_place(writer, "D")
    await a_place(writer, "T1", "D")
    await a_place(writer, "T2", "D")
    made = {town: await a_resource(writer, "supply_depot", place=town) for town in ("T1", "T2")}
    made["none"] = await a_resource(writer)
    await conn.execute("SET LOCAL ROLE registry_app")
    return made


async def as_role(writer: Writer, role: Role, *places: str, everywhere: bool = False) -> None:
    await scope.bind(writer, Actor(id="test", role=role, places=None if everywhere else places))


async def attempt(conn: asyncpg.Connection, statement: str, *values: object) -> str:
    """The command tag, or the refusal; either way the transaction goes on."""
    try:
        async with conn.transaction():
            return await conn.execute(statement, *values)
    except REFUSED:
        return "refused"


UPDATE = "UPDATE resource SET manager = 'changed' WHERE id = $1"
MOVE = "UPDATE resource SET place = $2 WHERE id = $1"
DELETE = "DELETE FROM resource WHERE id = $1"
COPY = """INSERT INTO resource (id, kind, version, place, name_en, lifecycle, quality, datum, visibility,
          created_at, updated_at, updated_by, feature)
          VALUES (gen_random_uuid(), 'shelter', 1, $1, 'x', 'in_service', 'unknown', 'wgs84', 'public',
          now(), now(), 'x', '{}')"""


@pytest.mark.parametrize(
    ("role", "places", "t1", "t2", "nowhere"),
    [
        ("field", ("T1",), True, False, False),
        ("field", ("T1", "T2"), True, True, False),
        ("planner", ("D",), True, True, False),
        ("field", None, True, True, True),
        ("field", (), False, False, False),
        ("admin", None, True, True, True),
        ("viewer", (), False, False, False),
        ("viewer", ("T1",), False, False, False),
        ("public", (), False, False, False),
    ],
)
async def test_writes_by_role_and_place(conn, writer, towns, role, places, t1, t2, nowhere) -> None:
    await as_role(writer, role, *(places or ()), everywhere=places is None)
    for town, allowed in (("T1", t1), ("T2", t2), ("none", nowhere)):
        place = None if town == "none" else town
        assert await attempt(conn, COPY, place) == ("INSERT 0 1" if allowed else "refused"), town
        assert await attempt(conn, UPDATE, towns[town]) == ("UPDATE 1" if allowed else "refused"), town
        assert await attempt(conn, DELETE, towns[town]) == ("DELETE 1" if allowed else "DELETE 0"), town


async def test_a_transaction_that_says_nothing_writes_nothing(conn, writer, towns) -> None:
    assert await attempt(conn, UPDATE, towns["T1"]) == "refused"
    assert await attempt(conn, COPY, "T1") == "refused"


async def test_a_record_is_neither_pushed_out_of_a_scope_nor_pulled_in(conn, writer, towns) -> None:
    await as_role(writer, "field", "T1")
    assert await attempt(conn, MOVE, towns["T1"], "T2") == "refused"
    assert await attempt(conn, MOVE, towns["T2"], "T1") == "refused"
    assert await attempt(conn, MOVE, towns["T1"], "T1") == "UPDATE 1"


async def test_a_record_outside_the_scope_can_be_locked_and_read(conn, writer, towns) -> None:
    await as_role(writer, "field", "T1")
    assert await conn.fetchval("SELECT id FROM resource WHERE id = $1 FOR UPDATE", towns["T2"]) == towns["T2"]


async def test_the_parts_of_a_record_follow_it(conn, writer, towns) -> None:
    await as_role(writer, "field", "T1")
    line = """INSERT INTO stock_line (realm, resource_id, line, scheme, item_code, quantity)
              VALUES ('live', $1, 0, 's', 'tents', 1)"""
    assert await attempt(conn, line, towns["T1"]) == "INSERT 0 1"
    assert await attempt(conn, line, towns["T2"]) == "refused"
    for table in ("stock_line", "external_id", "contact", "attachment_link"):
        assert await conn.fetchval("SELECT row_security_active($1)", table), table


async def test_what_is_attached_follows_its_record_or_entry(conn, writer, towns) -> None:
    await conn.execute("RESET ROLE")
    picture = """INSERT INTO attachment
                 (sha256, kept_sha256, size_bytes, width_px, height_px, content, thumbnail)
                 VALUES (sha256(''), sha256(''), 0, 1, 1, '', '')"""
    await conn.execute(picture)
    entry = """INSERT INTO entry (realm, id, register, version, place, visibility, retired, created_at,
               updated_at, updated_by, body)
               VALUES ('live', $1, 'site', 1, 'T1', 'public', false, now(), now(), 'x', '{}')"""
    entered = UUID(int=7)
    await conn.execute(entry, entered)
    await conn.execute("SET LOCAL ROLE registry_app")
    link = """INSERT INTO attachment_link (realm, about, subject, sha256, role, visibility, attached_at,
              attached_by) VALUES ('live', $1, $2, sha256(''), 'photo', 'public', now(), 'x')"""
    remove = "DELETE FROM attachment_link WHERE subject = $1"
    for about, subject in (("resource", towns["T1"]), ("entry", entered)):
        await as_role(writer, "field", "T2")
        assert await attempt(conn, link, about, subject) == "refused"
        await as_role(writer, "field", "T1")
        assert await attempt(conn, link, about, subject) == "INSERT 0 1"
        await as_role(writer, "field", "T2")
        assert await attempt(conn, remove, subject) == "DELETE 0"
        await as_role(writer, "field", "T1")
        assert await attempt(conn, remove, subject) == "DELETE 1"


async def test_the_partitions_are_no_way_around(conn, writer, towns) -> None:
    await as_role(writer, "viewer")
    for table in ("resource_live", "resource_exercise"):
        assert await attempt(conn, f"DELETE FROM {table}") == "refused"


async def test_the_scope_ends_with_its_transaction(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    async with connection.transaction():
        await scope.bind(Writer(connection), Actor(id="test", role="admin"))
        assert await connection.fetchval("SELECT registry_may_write('T1')")
    assert not await connection.fetchval("SELECT registry_may_write('T1')")
    await connection.close()


@pytest.fixture
async def application(role_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the application's own ones are."""
    connection = await asyncpg.connect(role_url)
    yield connection
    await connection.close()


async def test_the_application_owns_nothing_and_has_no_power_of_its_own(application) -> None:
    facts = await application.fetchrow(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles"
        " WHERE rolname = session_user"
    )
    assert not any(facts.values())
    owned = "SELECT count(*) FROM pg_shdepend WHERE deptype = 'o' AND refobjid = session_user::regrole"
    assert await application.fetchval(owned) == 0
    memberships = "SELECT count(*) FROM pg_auth_members WHERE member = session_user::regrole"
    assert await application.fetchval(memberships) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE registry",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION registry",
        "ALTER ROLE registry_app SUPERUSER",
        "ALTER TABLE resource DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE resource OWNER TO registry_app",
        "ALTER TABLE change_log DISABLE TRIGGER append_only",
        "DROP POLICY add_own ON resource",
        "CREATE TABLE anything (n integer)",
        "CREATE TEMPORARY TABLE place_within (n integer)",
        "CREATE FUNCTION anything() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA anything",
        "CREATE EXTENSION dblink",
        "CREATE DATABASE anything",
        "COPY place TO PROGRAM 'cat'",
        "SELECT * FROM pg_authid",
        "DELETE FROM api_key",
        "UPDATE api_key SET role = 'admin'",
        "UPDATE alembic_version SET version_num = 'x'",
        "DELETE FROM audit",
        "UPDATE change_log SET actor = 'x'",
        "TRUNCATE resource",
    ],
)
async def test_the_application_may_not(application, statement: str) -> None:
    with pytest.raises(REFUSED):
        await application.execute(statement)


async def test_a_reset_role_leaves_the_application_what_it_is(application) -> None:
    for statement in ("RESET ROLE", "RESET SESSION AUTHORIZATION", "RESET ALL"):
        await application.execute(statement)
        roles = await application.fetchrow("SELECT current_user, session_user")
        assert tuple(roles) == ("registry_app", "registry_app"), statement


async def test_the_pool_refuses_to_work_as_the_owner(database_url: str) -> None:
    async with reading(Settings(pool_size=1), database_url) as reader:
        with pytest.raises(UnusableDatabase, match=r"logs in as registry; .* set DATABASE_URL to a URL of"):
            await look(reader)
