"""Seal the history: extend the hash chain over the changes that have settled."""

from registry.store.database.pool import Reader
from registry.store.sync import hash_chain


async def seal_history(reader: Reader, pepper: bytes) -> int:
    """Seal every settled change, some thousands in a transaction; how many were sealed."""
    sealed = 0
    while True:
        async with reader.writer() as writer:
            count = await hash_chain.seal(writer, pepper)
        sealed += count
        if count < hash_chain.AT_ONCE:
            return sealed
