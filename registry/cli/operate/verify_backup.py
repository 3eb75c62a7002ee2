"""`registry verify-backup`: whether a backup can be restored and is whole."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from registry.cli.operate.backup import PASSPHRASE
from registry.cli.progress import bars
from registry.domain.backup.manifest import Manifest
from registry.runtime import database
from registry.runtime.cluster import embedded
from registry.runtime.settings import read
from registry.services.backup.make import demand_room
from registry.services.backup.passphrase import read_passphrase
from registry.services.backup.restore import read_manifest, read_peppers
from registry.services.backup.verify import serves, verify_backup
from registry.store.database.pool import reading

UNPACKED = 6
"""A restored database with its indexes is about so many times as large as its compressed dump."""


@click.command()
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@PASSPHRASE
def command(path: Path, passphrase_file: Path | None) -> None:
    """Restore the backup in PATH into a scratch cluster and check everything in it. 校验备份。

    It compares checksums and counts, verifies the seals, makes every stored version from its recorded
    members, and reads as the server's role. Exit code 1 when something is wrong.
    """
    settings, manifest = read(os.environ), read_manifest(path)
    passphrase = None if passphrase_file is None else read_passphrase(passphrase_file)
    peppers = read_peppers(path, manifest, passphrase)

    async def run(url: str) -> list[str]:
        with bars() as advance:
            faults = await verify_backup(lambda: database.writing(url), url, path, manifest, peppers, advance)
        async with reading(settings, database.as_role(url)) as reader:
            return faults + await serves(reader)

    with _scratch(manifest) as folder, embedded.running(folder / "data", durable=False) as url:
        faults = asyncio.run(run(url))
    for fault in faults:
        click.echo(f"✗ {fault}")
    counts = (
        f"{manifest.facts.records} records, {manifest.facts.changes} changes, {manifest.facts.seals} seals"
    )
    click.echo(f"{len(faults)} faults in {path}" if faults else f"whole: {counts} 完整")
    sys.exit(1 if faults else 0)


@contextmanager
def _scratch(manifest: Manifest) -> Iterator[Path]:
    """A folder that the server's account can enter, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="registry-verify-") as folder:
        needed = UNPACKED * sum(size for size, _ in manifest.files.values())
        demand_room(Path(folder), needed, "the scratch cluster")
        Path(folder).chmod(0o755)
        yield Path(folder)
