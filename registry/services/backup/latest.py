"""The newest complete backup in the directory of backups."""

from contextlib import suppress
from pathlib import Path

import msgspec

from registry.domain.backup.manifest import Manifest
from registry.services.backup.make import MANIFEST


def latest_backup(folder: Path) -> Manifest | None:
    """The manifest of the newest complete backup, by the time it was taken; None without one."""
    manifests = []
    for path in folder.glob(f"*/{MANIFEST}"):
        with suppress(OSError, msgspec.MsgspecError):
            manifests.append(msgspec.json.decode(path.read_bytes(), type=Manifest))
    return max(manifests, key=lambda manifest: manifest.taken_at, default=None)
