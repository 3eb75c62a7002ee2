"""Whether a database that somebody else runs can hold the registry, and if not, why."""

from urllib.parse import urlsplit

import asyncpg

PATIENCE_S = 5
OLDEST = 150_000
FACTS = """
SELECT current_setting('server_version_num')::int AS version,
       available.default_version AS postgis,
       available.installed_version IS NOT NULL AS installed,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS may_install,
       (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user) AS may_make_roles,
       (SELECT pg_has_role(current_user, oid, 'MEMBER')
          FROM pg_roles WHERE rolname = 'registry_app') AS member,
       quote_ident(current_user) AS account
  FROM (SELECT 'postgis' AS name) wanted LEFT JOIN pg_available_extensions available USING (name)
"""


class UnusableDatabase(Exception):
    """Why the database in DATABASE_URL cannot be used, in one sentence that shows no password."""


async def probe(database_url: str) -> None:
    """Return when the database can be used; UnusableDatabase says what is wrong and who can mend it."""
    name = described(database_url)
    connection = await _connect(database_url, name)
    try:
        facts = await connection.fetchrow(FACTS)
    finally:
        await connection.close(timeout=PATIENCE_S)
    if facts["version"] < OLDEST:
        raise UnusableDatabase(f"{name} runs PostgreSQL {facts['version'] // 10_000}; 15 or newer is needed")
    if facts["postgis"] is None:
        raise UnusableDatabase(f"{name} has no PostGIS: install it on that server (postgresql-N-postgis-3)")
    if tuple(int(part) for part in facts["postgis"].split(".")[:2]) < (3, 3):
        raise UnusableDatabase(f"{name} has PostGIS {facts['postgis']}; 3.3 or newer is needed")
    if not facts["installed"] and not facts["may_install"]:
        raise UnusableDatabase(
            f"{name} has no PostGIS extension: an administrator must run CREATE EXTENSION postgis there"
        )
    if not facts["member"] and not facts["may_make_roles"]:
        make = "" if facts["member"] is False else "CREATE ROLE registry_app NOLOGIN; "
        raise UnusableDatabase(
            f"{name} lets {facts['account']} make no roles: an administrator must run"
            f" {make}GRANT registry_app TO {facts['account']}"
        )


async def is_new(database_url: str) -> bool:
    """Whether a migrated database has never held a place, so that the seeds are still to come."""
    connection = await asyncpg.connect(database_url, timeout=PATIENCE_S)
    try:
        return not await connection.fetchval("SELECT EXISTS (SELECT FROM place)")
    finally:
        await connection.close()


def described(database_url: str) -> str:
    """The database in words, without its password."""
    try:
        parts = urlsplit(database_url)
        host = parts.hostname or "the local socket"
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "the database"
    return f"the database {parts.path.removeprefix('/')} on {host}{port}"


async def _connect(database_url: str, name: str) -> asyncpg.Connection:
    try:
        return await asyncpg.connect(database_url, timeout=PATIENCE_S)
    except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError) as error:
        raise UnusableDatabase(
            f"{name} refuses the user or the password in DATABASE_URL ({error})"
        ) from error
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
            "DATABASE_URL is not of the form postgresql://user:password@host:port/database"
        ) from error
