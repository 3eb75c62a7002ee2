"""Brings a database to the schema of this release.

Alembic takes most of a second to import, so it is only when there is something to do.
"""

import asyncio
import re
from typing import TYPE_CHECKING

import asyncpg

from registry.runtime import data_files
from registry.store.database.probe import UnusableDatabase

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = data_files.folder("migrations")
MADE = re.compile(r'^revision(?:: [^=]+)? = ["\'](\w+)', re.MULTILINE)
FOLLOWS = re.compile(r'^down_revision(?:: [^=]+)? = ["\'](\w+)', re.MULTILINE)


def configuration(database_url: str) -> "Config":
    """Alembic's configuration for this release's migrations."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return config


def upgrade(database_url: str) -> None:
    """Apply every migration that is missing; safe to call from several processes at once."""
    current = asyncio.run(_current(database_url))
    if current == head():
        return
    if current is not None and current not in _found(MADE):
        raise UnusableDatabase(
            f"the database has the schema {current}, which this release ({head()}) does not know:"
            " use the newer release that made it; nothing was changed"
        )
    from alembic import command

    command.upgrade(configuration(database_url), "head")


def head() -> str:
    """The newest revision of this release."""
    heads = _found(MADE) - _found(FOLLOWS)
    if len(heads) != 1:
        raise RuntimeError(f"the migrations must end in one revision, not in {sorted(heads)}")
    return heads.pop()


def _found(pattern: re.Pattern[str]) -> set[str]:
    texts = [path.read_text("utf-8") for path in (FOLDER / "versions").glob("*.py")]
    return {name for text in texts for name in pattern.findall(text)}


async def _current(database_url: str) -> str | None:
    connection = await asyncpg.connect(database_url)
    try:
        found: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        return None
    else:
        return found
    finally:
        await connection.close()
