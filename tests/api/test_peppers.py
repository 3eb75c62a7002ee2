"""The pepper of a host: one for all, told at the start; rotated without losing keys, seals or cursors."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from registry.domain.access.pepper import Peppers, WrongPepper, pepper_id
from registry.domain.errors import CursorExpired
from registry.domain.sync.feed_cursor import START, FeedCursor, decrypt_cursor, encrypt_cursor
from registry.runtime import database, key_pepper
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from registry.services.access import keys
from registry.services.access.pepper_in_use import demand_pepper, rotate_pepper
from registry.services.sync.seal_history import seal_history
from registry.store.access.keys import find
from registry.store.database.pool import reading
from registry.store.records import changes
from registry.store.sync import hash_chain
from tests.builders import A_CHANGE, make

OLD, NEW, OTHER = b"an old pepper of forty characters or so", b"a new one", b"that of another host"


@pytest.fixture
def url(new_database) -> str:
    return new_database()


async def test_the_first_host_decides_and_another_pepper_is_refused(url: str) -> None:
    async with reading(Settings(pool_size=2), as_role(url)) as reader:
        for _ in range(2):
            async with reader.writer() as writer:
                await demand_pepper(writer, Peppers(OLD))
        with pytest.raises(
            WrongPepper, match=rf"{pepper_id(OTHER)}.*{pepper_id(OLD)}.*same REGISTRY_KEY_PEPPER"
        ):
            async with reader.writer() as writer:
                await demand_pepper(writer, Peppers(OTHER))
        with pytest.raises(WrongPepper, match="rotate-pepper"):
            async with reader.writer() as writer:
                await demand_pepper(writer, Peppers(NEW, (OLD,)))


async def test_a_rotation_keeps_keys_seals_and_cursors(url: str) -> None:
    async def sealed(pepper: bytes) -> None:
        async with database.writing(url) as writer:
            await changes.insert(writer, make(), A_CHANGE)
        async with reading(Settings(pool_size=2), as_role(url)) as reader:
            assert await seal_history(reader, pepper) == 1

    async with database.writing(url) as writer:
        await demand_pepper(writer, Peppers(OLD))
        token = await keys.create_key(writer, OLD, holder="post", role="viewer", now=datetime.now(UTC))
    await sealed(OLD)
    cursor = encrypt_cursor(FeedCursor("an incarnation", "a", START, START, 0, START), OLD)
    async with database.writing(url) as writer:
        both = Peppers(NEW, (OLD,))
        assert await rotate_pepper(writer, both) == pepper_id(NEW)
        await demand_pepper(writer, both)
        assert await find(writer, both, token)
        with pytest.raises(WrongPepper):
            await demand_pepper(writer, Peppers(OLD))
    await sealed(NEW)
    assert decrypt_cursor(cursor, both).audience == "a"
    with pytest.raises(CursorExpired):
        decrypt_cursor(cursor, Peppers(NEW))
    async with database.writing(url) as writer:
        assert await hash_chain.verify(writer, both) == []
        faults = await hash_chain.verify(writer, Peppers(NEW))
        assert faults == [f"seal 1 was made with the pepper {pepper_id(OLD)}, which this host does not have"]


def test_the_file_keeps_former_peppers(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    first = key_pepper.peppers(settings)
    renewed = key_pepper.renew(settings)
    assert renewed.former == (first.current,)
    assert key_pepper.peppers(settings) == renewed
    assert (tmp_path / "key-pepper").stat().st_mode & 0o777 == 0o600
    chosen = key_pepper.put_into(settings)
    assert key_pepper.of_settings(chosen) == renewed
