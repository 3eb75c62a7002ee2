"""Restore a backup into a database that holds nothing yet, and compare the two."""

from pathlib import Path

import msgspec

from registry.domain.access.pepper import Peppers, pepper_id
from registry.domain.backup.manifest import FORM, BackupFailed, Manifest, differences
from registry.domain.backup.sealed_pepper import WrongPassphrase, decrypt
from registry.services.backup.make import DATABASE, MANIFEST, PEPPER, contents
from registry.store.backup import programs, target
from registry.store.database.pool import OpenWriter


def read_manifest(path: Path) -> Manifest:
    """The manifest of a whole backup; BackupFailed says which file is missing or was altered."""
    try:
        manifest = msgspec.json.decode((path / MANIFEST).read_bytes(), type=Manifest)
    except OSError:
        raise BackupFailed(f"{path} is no complete backup: it has no {MANIFEST}") from None
    except msgspec.MsgspecError as error:
        raise BackupFailed(f"the manifest of {path} cannot be read: {error}") from None
    if manifest.form != FORM:
        raise BackupFailed(
            f"{path} was made by release {manifest.release}, in a form that this one cannot read"
        )
    actual = contents(path)
    for name, expected in manifest.files.items():
        if actual.get(name) != expected:
            raise BackupFailed(f"{name} in {path} is {'altered' if name in actual else 'missing'}")
    return manifest


def read_peppers(path: Path, manifest: Manifest, passphrase: str | None) -> Peppers | None:
    """The peppers in a backup; None without a passphrase, or when they were left out."""
    if PEPPER not in manifest.files or passphrase is None:
        return None
    peppers = decrypt((path / PEPPER).read_bytes(), passphrase)
    if manifest.facts.pepper_id not in (None, pepper_id(peppers.current)):
        raise WrongPassphrase("the key pepper in this backup is not the one of its database")
    return peppers


async def restore_backup(open_writer: OpenWriter, url: str, path: Path, manifest: Manifest) -> None:
    """Restore the dump into the database of a URL; BackupFailed when it is in use, or comes out different.

    Until it is whole the database is marked, and no server starts on it. A second run begins anew.
    """
    async with open_writer() as writer:
        state = await target.state(writer)
        if state.is_used and not state.is_unfinished:
            raise BackupFailed("the database holds a registry already; restore into an empty one")
        await target.prepare(writer)
    await programs.restore(programs.programs_for(state.major), url, path / DATABASE, state.home)
    async with open_writer() as writer:
        if faults := differences(manifest.facts, await target.facts(writer)):
            raise BackupFailed(f"the restored database differs from the backup: {'; '.join(faults)}")
        await target.finish(writer)
