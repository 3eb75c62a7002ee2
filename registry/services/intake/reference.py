"""The reference data of the gate, read once by each worker and again when it changes."""

from collections import OrderedDict

from registry.domain.intake.reference import EMPTY, Reference
from registry.domain.intake.territory import Territory
from registry.domain.intake.vocabulary import Vocabularies
from registry.store.database.pool import Reader
from registry.store.intake import reference as store
from registry.store.intake.reference import ReferenceVersion

MOST_KEPT = 4
_KEPT: OrderedDict[ReferenceVersion, Reference] = OrderedDict()
"""By version, which names the database: a process may serve several, as tests do."""


async def load(reader: Reader, version: ReferenceVersion | None = None) -> Reference:
    """The reference data of the version that is stored, or of the one that the caller has just read."""
    version = version or await store.version(reader)
    if (kept := _KEPT.get(version)) is not None:
        return kept
    loaded = Reference(Territory(await store.places(reader)), Vocabularies(await store.codes(reader)))
    _KEPT[version] = loaded
    while len(_KEPT) > MOST_KEPT:
        _KEPT.popitem(last=False)
    return loaded


class LatestReference:
    """The reference data as a worker last read it, for checks that must not ask the database each time."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.value: Reference = EMPTY
        self.is_loaded = False

    async def refresh(self) -> Reference:
        """Read it again where it has changed."""
        self.value = await load(self._reader)
        self.is_loaded = True
        return self.value
