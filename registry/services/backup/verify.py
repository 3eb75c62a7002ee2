"""Verify a backup: restore it into a scratch database and check everything in it."""

from pathlib import Path

from registry.domain.access.pepper import Peppers
from registry.domain.access.sight import EVERYTHING
from registry.domain.backup.manifest import Manifest
from registry.domain.errors import RegistryError
from registry.domain.sync.feed_cursor import START
from registry.services.backup.restore import restore_backup
from registry.services.progress import Advance, unwatched
from registry.services.records.check import check
from registry.store.database import health
from registry.store.database.pool import OpenWriter, Reader
from registry.store.sync import feed

UNKNOWN = "the seals were not verified: the backup's key pepper is needed (--passphrase-file FILE)"


async def verify_backup(
    open_writer: OpenWriter,
    url: str,
    path: Path,
    manifest: Manifest,
    peppers: Peppers | None,
    advance: Advance = unwatched,
) -> list[str]:
    """Restore a backup into an empty database and check seals, log and versions: every fault, in words."""
    await restore_backup(open_writer, url, path, manifest)
    async with open_writer() as writer:
        faults = await check(writer, peppers or Peppers(b""), advance)
    if peppers is None:
        faults = [fault for fault in faults if not fault.startswith("seal ")] + [UNKNOWN]
    return faults


async def serves(reader: Reader) -> list[str]:
    """What keeps the server's role from reading a restored database, in words."""
    try:
        found = await health.look(reader)
        await feed.page(reader, EVERYTHING, None, START, 10)
    except RegistryError as error:
        return [f"the server's role cannot read: {error.detail}"]
    return [] if found.writable else ["the restored database accepts no writes"]
