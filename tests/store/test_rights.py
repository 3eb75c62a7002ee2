"""A role without its rights, as after a restore by hand, is not the caller's fault."""

from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from registry.domain.errors import Unavailable
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.store.access import peppers
from registry.store.database.pool import reading


@pytest.fixture
def url(new_database) -> str:
    return new_database()


async def test_missing_rights_are_not_called_a_scope(url: str) -> None:
    owner = await asyncpg.connect(urlunsplit(urlsplit(url)._replace(netloc="postgres@")))
    await owner.execute("REVOKE ALL ON pepper FROM registry_app")
    await owner.close()
    async with reading(Settings(pool_size=1), as_role(url)) as reader:
        with pytest.raises(
            Unavailable, match=r"rights of the database's role.*permission denied for table pepper"
        ):
            await peppers.in_use(reader)
