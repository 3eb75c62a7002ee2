"""Read the digest of all records in sight, so that a client finds out which of its own differ."""

from msgspec import Struct

from registry.domain.conditions import Filter
from registry.services.sync.read_changes import Feed, demand_present
from registry.store.sync import feed, snapshots


class DigestBucket(Struct, frozen=True):
    """The records whose identity ends in the byte `number`: how many, and the xor of their hashes."""

    number: int
    count: int
    hash: int


class Digest(Struct, frozen=True):
    """The buckets that hold records, and the cursor of the feed to continue from."""

    cursor: str
    buckets: list[DigestBucket]


async def read_digest(source: Feed) -> Digest:
    """The digest of everything the client may see; changes after its cursor may be in it already."""
    demand_present(source.sight)
    head = await feed.head(source.reader)
    rows = await snapshots.digest(source.reader, source.sight, Filter(place=source.place))
    buckets = [DigestBucket(row["bucket"], row["count"], row["hash"] % 2**64) for row in rows]
    return Digest(source.cursor(head, head.settled), buckets)
