"""`registry restore`: a backup, or the embedded cluster as it was at a time, on this host."""

import asyncio
import os
from datetime import datetime
from pathlib import Path

import click

from registry.cli.operate.backup import PASSPHRASE
from registry.domain.access.pepper import Peppers, WrongPepper, pepper_id
from registry.domain.backup.manifest import Manifest
from registry.runtime import database, key_pepper
from registry.runtime.cluster import archive
from registry.runtime.settings import Settings, SettingsError, read
from registry.services.backup.passphrase import read_passphrase
from registry.services.backup.restore import read_manifest, read_peppers, restore_backup
from registry.store.database import migrations


@click.command()
@click.argument("path", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@PASSPHRASE
@click.option(
    "--to",
    "until",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]),
    help="Instant such as 2026-07-01T08:00:00+0800. 恢复到该时刻。",
)
def command(path: Path | None, passphrase_file: Path | None, until: datetime | None) -> None:
    """Restore the backup in PATH into the embedded cluster or DATABASE_URL. 恢复。

    The database must hold no registry. Until the restore is whole no server starts on it; run it again
    after a failure. With --to in the place of PATH, the embedded cluster is put back as it was at that
    instant, from the archive in REGISTRY_ARCHIVE_DIR.
    """
    settings = read(os.environ)
    if (path is None) == (until is None):
        raise click.UsageError("name a backup, or say --to INSTANT")
    if path is None:
        _restore_to(settings, until)
        return
    manifest = read_manifest(path)
    if manifest.facts.revision not in migrations.revisions():
        raise SettingsError(
            f"{path} was made by the newer release {manifest.release}: restore it with that one"
        )
    passphrase = None if passphrase_file is None else read_passphrase(passphrase_file)
    _keep_peppers(settings, manifest, read_peppers(path, manifest, passphrase))
    with database.unmigrated(settings) as url:
        asyncio.run(restore_backup(lambda: database.writing(url), url, path, manifest))
        migrations.upgrade(url)
    click.echo(f"restored {manifest.facts.records} records of {manifest.taken_at:%Y-%m-%d %H:%M} UTC")


def _keep_peppers(settings: Settings, manifest: Manifest, restored: Peppers | None) -> None:
    """Put the restored peppers into the data directory; WrongPepper when the host has another one."""
    needed = manifest.facts.pepper_id
    if settings.key_pepper is None and restored is not None and not key_pepper.is_kept(settings):
        key_pepper.keep(settings, restored)
    if needed is None:
        return
    if settings.key_pepper is None and not key_pepper.is_kept(settings):
        raise WrongPepper(
            f"this host has no key pepper and the backup needs {needed}: say --passphrase-file FILE, set"
            " REGISTRY_KEY_PEPPER, or put key-pepper into the data directory"
        )
    if (own := pepper_id(key_pepper.peppers(settings).current)) != needed:
        raise WrongPepper(f"the key pepper of this host is {own} and that of the backup {needed}")


def _restore_to(settings: Settings, until: datetime | None) -> None:
    if settings.database_url is not None:
        raise SettingsError("--to restores the embedded cluster; DATABASE_URL is set")
    if settings.archive_dir is None or until is None:
        raise SettingsError(
            "REGISTRY_ARCHIVE_DIR is not set: without the archive there is nothing to go back to"
        )
    reached = archive.restore_to(settings.data_dir, settings.archive_dir, until)
    click.echo(
        f"the cluster is as it was at {reached}; the one before is in {settings.data_dir}/pgdata.before"
    )
