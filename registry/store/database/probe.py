"""Whether a database that somebody else runs can hold the registry, and if not, why."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg

ROLE = "registry_app"
"""The role that the application logs in as: it owns nothing and may create nothing."""
OWNER_SETTING, ROLE_SETTING = "REGISTRY_OWNER_URL", "DATABASE_URL"
PATIENCE_S = 5
OLDEST = 150_000
OWNER_FACTS = """
SELECT current_setting('server_version_num')::int AS version,
       available.default_version AS postgis,
       available.installed_version IS NOT NULL AS installed,
       quote_ident(current_user) AS account,
       coalesce(current_schema(), 'public') AS home,
       has_schema_privilege(coalesce(current_schema(), 'public'), 'CREATE') AS may_create,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS may_install,
       (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user) AS may_make_roles,
       EXISTS (SELECT FROM pg_roles WHERE rolname = 'registry_app') AS role_exists,
       (SELECT pg_has_role(current_user, relowner, 'USAGE')
          FROM pg_class WHERE oid = to_regclass('alembic_version')) AS owns
  FROM (SELECT 'postgis' AS name) wanted LEFT JOIN pg_available_extensions available USING (name)
"""
ROLE_FACTS = """
SELECT session_user AS account,
       quote_ident(current_database()) AS base,
       quote_ident(coalesce(current_schema(), 'public')) AS home,
       rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication AS powerful,
       EXISTS (SELECT FROM pg_shdepend
                WHERE refobjid = session_user::regrole AND deptype = 'o') AS owns,
       ARRAY(SELECT roleid::regrole::text FROM pg_auth_members
              WHERE member = session_user::regrole ORDER BY 1) AS memberships,
       has_schema_privilege(coalesce(current_schema(), 'public'), 'CREATE') AS may_create,
       has_database_privilege(current_database(), 'CREATE') AS may_create_schemas,
       has_database_privilege(current_database(), 'TEMPORARY') AS may_create_temporary
  FROM pg_roles WHERE rolname = session_user
"""


class UnusableDatabase(Exception):
    """Why the database of the settings cannot be used, in one sentence that shows no password."""


async def probe_owner(owner_url: str, setting: str = OWNER_SETTING) -> None:
    """Return when the owner can keep the schema; UnusableDatabase says what is missing and who mends it."""
    name = described(owner_url)
    async with _connected(owner_url, name, setting) as connection:
        facts = await connection.fetchrow(OWNER_FACTS)
    for complaint in owner_faults(facts):
        raise UnusableDatabase(f"{name} {complaint}")


def owner_faults(facts: Mapping[str, Any]) -> Iterator[str]:
    """What keeps an owner with these facts from keeping the schema, and who mends it."""
    account = facts["account"]
    if facts["version"] < OLDEST:
        yield f"runs PostgreSQL {facts['version'] // 10_000}; 15 or newer is needed"
    if facts["postgis"] is None:
        yield "has no PostGIS: install it on that server (postgresql-N-postgis-3)"
    elif tuple(int(part) for part in facts["postgis"].split(".")[:2]) < (3, 3):
        yield f"has PostGIS {facts['postgis']}; 3.3 or newer is needed"
    if not facts["installed"] and not facts["may_install"]:
        yield "has no PostGIS extension: an administrator must run CREATE EXTENSION postgis there"
    if facts["owns"] is False:
        yield f"is not owned by {account}: set {OWNER_SETTING} to a URL of its owner"
    if facts["owns"] is None and not facts["may_create"]:
        yield (
            f"lets {account} create no tables: an administrator must run"
            f" GRANT CREATE ON SCHEMA {facts['home']} TO {account}"
        )
    if not facts["role_exists"] and not facts["may_make_roles"]:
        yield (
            f"lets {account} make no roles: an administrator must run CREATE ROLE {ROLE} LOGIN PASSWORD '…'"
        )


async def probe_role(database_url: str) -> None:
    """Return when the application's role has the rights it needs and none beyond; else UnusableDatabase."""
    name = described(database_url)
    async with _connected(database_url, name, ROLE_SETTING) as connection:
        facts = await connection.fetchrow(ROLE_FACTS)
    demand_role(facts["account"])
    for remedy in _remedies(facts):
        raise UnusableDatabase(f"{name} gives {ROLE} more than it needs: an administrator must run {remedy}")


def _remedies(facts: Mapping[str, Any]) -> Iterator[str]:
    if facts["powerful"]:
        yield f"ALTER ROLE {ROLE} NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION"
    if facts["owns"]:
        yield f"REASSIGN OWNED BY {ROLE} TO another role, in every database of the server"
    if facts["memberships"]:
        yield f"REVOKE {', '.join(facts['memberships'])} FROM {ROLE}"
    if facts["may_create"]:
        yield f"REVOKE CREATE ON SCHEMA {facts['home']} FROM PUBLIC, {ROLE}"
    if facts["may_create_schemas"]:
        yield f"REVOKE CREATE ON DATABASE {facts['base']} FROM PUBLIC, {ROLE}"
    if facts["may_create_temporary"]:
        yield f"REVOKE TEMPORARY ON DATABASE {facts['base']} FROM PUBLIC, {ROLE}"


def demand_role(account: str) -> None:
    """UnusableDatabase unless the account is the application's role."""
    if account != ROLE:
        raise UnusableDatabase(
            f"{ROLE_SETTING} logs in as {account}; requests are answered only as {ROLE}, which owns nothing:"
            f" set {ROLE_SETTING} to a URL of {ROLE}, and {OWNER_SETTING} to the one of the owner"
        )


def role_limits(statement_timeout_s: float) -> dict[str, str]:
    """The settings of a connection of the application, so that no wait is without a limit."""
    return {
        "statement_timeout": str(int(statement_timeout_s * 1000)),
        "lock_timeout": "2000",
        "idle_in_transaction_session_timeout": "30000",
        "jit": "off",
        "max_parallel_workers_per_gather": "0",
    }


async def probe_limits(database_url: str, statement_timeout_s: float) -> None:
    """UnusableDatabase when the role has no limits of its own, which it needs behind a pooler."""
    name = described(database_url)
    async with _connected(database_url, name, ROLE_SETTING) as connection:
        limits = role_limits(statement_timeout_s)
        waits = [one for one in limits if one.endswith("_timeout")]
        shown = [await connection.fetchval(f"SHOW {one}") for one in waits]
    if "0" in shown:
        remedies = "; ".join(f"ALTER ROLE {ROLE} SET {one} = '{value}'" for one, value in limits.items())
        raise UnusableDatabase(
            f"{name} is reached through a pooler and {ROLE} has no limits of its own:"
            f" an administrator must run {remedies}"
        )


async def may_log_in(owner_url: str) -> bool:
    """Whether the application's role may log in at all."""
    connection = await asyncpg.connect(owner_url, timeout=PATIENCE_S)
    try:
        return bool(await connection.fetchval("SELECT rolcanlogin FROM pg_roles WHERE rolname = $1", ROLE))
    finally:
        await connection.close()


async def is_new(database_url: str) -> bool:
    """Whether a migrated database is nobody's yet: it has neither a jurisdiction nor a place."""
    connection = await asyncpg.connect(database_url, timeout=PATIENCE_S)
    try:
        return not await connection.fetchval(
            "SELECT EXISTS (SELECT FROM place) OR EXISTS (SELECT FROM jurisdiction)"
        )
    finally:
        await connection.close()


def described(database_url: str) -> str:
    """The database in words, without its password."""
    try:
        parts = urlsplit(database_url)
    except ValueError:
        return "the database"
    hosts = parts.netloc.rpartition("@")[2].replace(",", " or ") or "the local socket"
    return f"the database {parts.path.removeprefix('/')} on {hosts}"


@asynccontextmanager
async def _connected(database_url: str, name: str, setting: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await _connect(database_url, name, setting)
    try:
        yield connection
    finally:
        await connection.close(timeout=PATIENCE_S)


async def _connect(database_url: str, name: str, setting: str) -> asyncpg.Connection:
    try:
        return await asyncpg.connect(database_url, timeout=PATIENCE_S)
    except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError) as error:
        raise UnusableDatabase(f"{name} refuses the user or the password in {setting} ({error})") from error
    except asyncpg.InvalidCatalogNameError as error:
        raise UnusableDatabase(f"{name} does not exist") from error
    except TimeoutError as error:
        raise UnusableDatabase(f"{name} did not answer within {PATIENCE_S} seconds") from error
    except asyncpg.PostgresError as error:
        raise UnusableDatabase(f"{name} refuses connections: {error}") from error
    except OSError as error:
        raise UnusableDatabase(f"{name} cannot be reached: {error.strerror or error}") from error
    except (asyncpg.InterfaceError, ValueError) as error:
        raise UnusableDatabase(
            f"{setting} is not of the form postgresql://user:password@host:port/database"
        ) from error
