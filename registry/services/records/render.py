"""Make the rows and texts of every version from its logged members, as this release makes them."""

from msgspec import Struct

from registry.services.progress import Advance, unwatched
from registry.services.records.check import FLAT, PARTS, STEP, ExaminedVersion, examine
from registry.store.database.pool import OpenWriter, Writer
from registry.store.places import places, zones
from registry.store.records import changes, versions
from registry.store.records.versions import CURRENT, PAST, START, VersionTable


class RenderedVersions(Struct, frozen=True):
    """How many versions there are, how many were rewritten, and which were left alone because of a fault."""

    versions: int
    rewritten: int
    keys: int
    """Search keys of places and zones that were made again."""
    faults: list[str]


async def render(open_writer: OpenWriter, advance: Advance = unwatched) -> RenderedVersions:
    """Rewrite what differs from the members, one transaction a batch; it adds no version and no log line.

    Stopped half-way it leaves whole batches, and another run goes over all again.
    """
    total = done = rewritten = 0
    faults: list[str] = []
    for table in (CURRENT, PAST):
        after = START
        while True:
            async with open_writer() as writer:
                total = total or await versions.count(writer)
                rows = await versions.batch(writer, table, after, lock=table is CURRENT)
                examined = await examine(writer, table, rows)
                rewritten += await _rewrite(writer, table, examined)
            if not rows:
                break
            after, done = versions.key_of(rows[-1]), done + len(rows)
            faults += [f"{version.name} {version.fault}" for version in examined if version.fault]
            advance(STEP, done, max(done, total))
    async with open_writer() as writer:
        keys = await places.renew_keys(writer) + await zones.renew_keys(writer)
    return RenderedVersions(done, rewritten, keys, faults)


async def _rewrite(writer: Writer, table: VersionTable, examined: list[ExaminedVersion]) -> int:
    changed = [version for version in examined if version.different]
    await versions.rewrite(writer, table, [version.derived for version in changed])
    for version in changed:
        if PARTS in version.different and version.record is not None:
            await changes.replace_parts(writer, version.record)
        if FLAT in version.different and version.record is not None:
            await changes.put_flat(writer, version.record)
    return len(changed)
