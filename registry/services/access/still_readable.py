"""Whether a text names only records and entries that a sight has: what was told once may be secret now."""

import re
from uuid import UUID

from registry.domain.access.sight import Sight
from registry.store.database.pool import Reader
from registry.store.plans import entries
from registry.store.records import resources
from registry.store.visibility import realm

IDENTITY = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


async def is_still_readable(reader: Reader, sight: Sight, text: str) -> bool:
    """Whether the sight has every record and entry whose identity the text holds."""
    return not await hidden_of(reader, sight, {UUID(one) for one in IDENTITY.findall(text.lower())})


async def hidden_of(reader: Reader, sight: Sight, ids: set[UUID]) -> set[UUID]:
    """Those of the identities that are records or entries which the sight does not have."""
    if not ids:
        return set()
    known = await resources.known(reader, realm(sight), ids)
    hidden = known - {UUID(one) for one in await resources.visible(reader, sight, map(str, known))}
    entered = await entries.known(reader, realm(sight), [*ids - known])
    return hidden | entered - await entries.seen(reader, sight, entered)
