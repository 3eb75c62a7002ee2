"""Brings a database to the schema of this release.

Alembic takes most of a second to import, so it is only when there is something to do.
"""

import asyncio
import re
from typing import TYPE_CHECKING

import asyncpg

from registry.runtime import data_files
from registry.store.database.probe import OWNER_SETTING, UnusableDatabase

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = data_files.folder("migrations")
MADE = re.compile(r'^revision(?:: [^=]+)? = ["\'](\w+)', re.MULTILINE)
LOCKED = "55P03"
FOLLOWS = re.compile(r'^down_revision(?:: [^=]+)? = ["\'](\w+)', re.MULTILINE)


def configuration(database_url: str) -> "Config":
    """Alembic's configuration for this release's migrations."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return config


def upgrade(owner_url: str) -> None:
    """Apply every migration that is missing; safe to call from several processes at once.

    UnusableDatabase when they cannot follow what is there, as in a database of before the first release.
    """
    if not is_current(owner_url):
        from alembic import command
        from sqlalchemy.exc import DBAPIError

        try:
            command.upgrade(configuration(owner_url), "head")
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == LOCKED:
                raise UnusableDatabase(
                    f"another transaction holds a table that the schema of this release ({head()}) changes:"
                    " end it, see `registry doctor`, and start again; nothing was changed"
                ) from error
            reason = str(error.orig).partition("\n")[0].rpartition(">: ")[2]
            raise UnusableDatabase(
                f"the database cannot be brought to the schema of this release ({head()}): {reason};"
                " use the release that made it, or another database"
            ) from error


def demand_current(database_url: str) -> None:
    """UnusableDatabase when a migration is missing, which only the owner may apply."""
    if not is_current(database_url):
        raise UnusableDatabase(
            f"the database does not have the schema of this release ({head()}): run `registry migrate` with"
            f" {OWNER_SETTING}, or set that for this command too"
        )


def is_current(database_url: str) -> bool:
    """Whether no migration is missing; UnusableDatabase for the schema of a later release."""
    if asyncio.run(is_half_restored(database_url)):
        raise UnusableDatabase(
            "a restore into this database was not finished: run `registry restore` again with the same backup"
        )
    revision = asyncio.run(_revision(database_url))
    if revision is not None and revision not in _declared(MADE):
        raise UnusableDatabase(
            f"the database has the schema {revision}, which this release ({head()}) does not know:"
            " use the newer release that made it; nothing was changed"
        )
    return revision == head()


def revisions() -> set[str]:
    """All revisions that this release knows."""
    return _declared(MADE)


def head() -> str:
    """The newest revision of this release."""
    heads = _declared(MADE) - _declared(FOLLOWS)
    if len(heads) != 1:
        raise RuntimeError(f"the migrations must end in one revision, not in {sorted(heads)}")
    return heads.pop()


def _declared(pattern: re.Pattern[str]) -> set[str]:
    texts = [path.read_text("utf-8") for path in (FOLDER / "versions").glob("*.py")]
    return {revision for text in texts for revision in pattern.findall(text)}


async def is_half_restored(database_url: str) -> bool:
    """Whether a restore into the database began and did not end."""
    connection = await asyncpg.connect(database_url)
    try:
        return bool(await connection.fetchval("SELECT to_regclass('restore_unfinished') IS NOT NULL"))
    finally:
        await connection.close()


async def _revision(database_url: str) -> str | None:
    connection = await asyncpg.connect(database_url)
    try:
        revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        return None
    else:
        return revision
    finally:
        await connection.close()
