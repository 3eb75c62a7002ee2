"""`registry backup`: everything that is needed to go on elsewhere, in one folder."""

import asyncio
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from registry.cli.progress import bars
from registry.runtime import database, key_pepper
from registry.runtime.settings import Settings, SettingsError, read
from registry.services.backup.make import MANIFEST, SealedSecrets, make_backup
from registry.services.backup.passphrase import read_passphrase
from registry.services.progress import Advance
from registry.store.database import migrations

SECRET = {"database_url", "owner_url", "admin_key", "key_pepper", "former_key_peppers"}
PASSPHRASE = click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File whose first line encrypts the key pepper in the backup. 口令文件。",
)


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@PASSPHRASE
@click.option(
    "--without-pepper", is_flag=True, help="Leave the key pepper out; keep it yourself. 不含密钥盐。"
)
@click.option(
    "--keep", type=click.IntRange(1), help="Remove older backups in REGISTRY_BACKUP_DIR. 保留份数。"
)
def command(path: Path | None, passphrase_file: Path | None, without_pepper: bool, keep: int | None) -> None:
    """Back up the running registry into PATH, a folder that is made. 备份。

    It holds the database as at one instant, the key pepper encrypted with a passphrase, the settings that
    are no secrets, and a manifest with counts and checksums. Without PATH it goes into REGISTRY_BACKUP_DIR.
    """
    settings, now = read(os.environ), datetime.now(UTC)
    if (passphrase_file is None) != without_pepper:
        raise click.UsageError("say --passphrase-file FILE, or --without-pepper")
    target = (path or _dated(settings, now)).absolute()
    secret = None
    if passphrase_file is not None:
        secret = SealedSecrets(key_pepper.peppers(settings), read_passphrase(passphrase_file))
    with database.unmigrated(settings) as url, bars() as advance:
        migrations.demand_current(url)
        asyncio.run(_make(url, target, secret, settings, now, advance))
    click.echo(f"{target}")
    if keep is not None:
        _remove_older(target.parent, keep)


async def _make(
    url: str,
    path: Path,
    secret: SealedSecrets | None,
    settings: Settings,
    now: datetime,
    advance: Advance,
) -> None:
    await make_backup(
        lambda: database.writing(url),
        url,
        path,
        secret=secret,
        settings=shown(settings),
        now=now,
        advance=advance,
    )


def shown(settings: Settings) -> dict[str, str]:
    """The settings that were set and are no secrets."""
    values = msgspec.structs.asdict(settings).items()
    unset = msgspec.structs.asdict(Settings())
    return {name: str(value) for name, value in values if name not in SECRET and value != unset[name]}


def _dated(settings: Settings, now: datetime) -> Path:
    if settings.backup_dir is None:
        raise SettingsError("name the folder of the backup, or set REGISTRY_BACKUP_DIR")
    return settings.backup_dir / f"registry-{now:%Y%m%dT%H%M%SZ}"


def _remove_older(folder: Path, keep: int) -> None:
    """Remove all complete backups in a folder but the newest ones."""
    for old in sorted(path.parent for path in folder.glob(f"registry-*Z/{MANIFEST}"))[:-keep]:
        shutil.rmtree(old)
        click.echo(f"removed {old}")
