"""Make a backup: a folder with a dump of the database, the encrypted pepper and a manifest."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from registry import __version__
from registry.domain.access.pepper import Peppers
from registry.domain.backup.manifest import FORM, BackupFailed, Manifest
from registry.domain.backup.sealed_pepper import encrypt
from registry.services.progress import Advance, unwatched
from registry.store.backup import programs, target
from registry.store.database.pool import OpenWriter

DATABASE, PEPPER, MANIFEST = "database", "pepper", "manifest.json"
STEP = "MB dumped"
MB = 1_000_000


class SealedSecrets(NamedTuple):
    """The peppers of this host, and the passphrase that they are encrypted with."""

    peppers: Peppers
    passphrase: str


async def make_backup(
    open_writer: OpenWriter,
    url: str,
    path: Path,
    *,
    secret: SealedSecrets | None,
    settings: Mapping[str, str],
    now: datetime,
    advance: Advance = unwatched,
) -> Manifest:
    """Write a backup to a path that is free; BackupFailed when it is not, or the disk has no room.

    It is written beside the path and gets its name when it is complete.
    """
    with _draft_of(path) as draft:
        async with open_writer() as writer:
            await writer.script("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            source = await target.source(writer)
            demand_room(path.parent, source.table_bytes, "the backup")
            total = source.table_bytes // MB + 1
            facts = await target.facts(writer)
            await programs.dump(
                programs.programs_for(source.major),
                url,
                draft / DATABASE,
                source.snapshot,
                lambda written: advance(STEP, min(written // MB, total), total),
            )
        if secret is not None:
            sealed = encrypt(secret.peppers, secret.passphrase, secrets.token_bytes(28))
            (draft / PEPPER).write_bytes(sealed)
        manifest = Manifest(
            form=FORM,
            release=__version__,
            taken_at=now,
            postgresql=source.major,
            facts=facts,
            settings=dict(settings),
            files=contents(draft),
        )
        (draft / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


@contextmanager
def _draft_of(path: Path) -> Iterator[Path]:
    """A new private folder beside the path, which gets its name at the end and is removed after an error."""
    if path.exists():
        raise BackupFailed(f"{path} exists: a backup never replaces another")
    draft = path.with_name(f"{path.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    try:
        yield draft
        _flush(draft)
        draft.rename(path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def demand_room(folder: Path, needed_bytes: int, what: str) -> None:
    """BackupFailed when the disk of a folder has less room than is needed."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise BackupFailed(
            f"{what} may need {needed_bytes / MB:,.0f} MB and {folder} has {free / MB:,.0f} MB free"
        )


def contents(folder: Path) -> dict[str, tuple[int, str]]:
    """Size and sha256 of every file of a backup but its manifest, by its name in it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {str(path.relative_to(folder)): (path.stat().st_size, _sha256(path)) for path in files}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(folder: Path) -> None:
    """Have everything in the folder safely on the disk."""
    for path in [*folder.rglob("*"), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
