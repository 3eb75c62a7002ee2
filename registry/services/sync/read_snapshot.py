"""Read everything in sight from one instant, with the cursor of the feed at that instant."""

from collections.abc import AsyncIterator

from msgspec import Struct

from registry.domain.conditions import Filter
from registry.services.sync.read_changes import Feed, demand_present
from registry.store.sync import feed, snapshots
from registry.store.sync.feed import FeedHead


class SnapshotStart(Struct, frozen=True):
    """The beginning of a snapshot: the cursor of the feed to continue from."""

    cursor: str


async def read_snapshot(source: Feed, bucket: int | None) -> AsyncIterator[SnapshotStart | bytes]:
    """First the start, then each feature as JSON; of all records, or of one bucket of the digest.

    Changes after its cursor may be in it already.
    """
    demand_present(source.sight)
    head = await feed.head(source.reader)
    return _parts(source, head, bucket)


async def _parts(source: Feed, head: FeedHead, bucket: int | None) -> AsyncIterator[SnapshotStart | bytes]:
    yield SnapshotStart(source.cursor(head, head.settled))
    async for row in snapshots.snapshot(source.reader, source.sight, Filter(place=source.place), bucket):
        yield row["feature"]
