"""A backup goes on elsewhere: another cluster, an own server, another account; a broken one is refused."""

import asyncio
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from registry.domain.access.pepper import Peppers
from registry.domain.backup.manifest import BackupFailed
from registry.runtime import database, key_pepper
from registry.runtime.cluster.embedded import running
from registry.runtime.settings import Settings
from registry.services.access import keys
from registry.services.access.pepper_in_use import demand_pepper
from registry.services.backup.make import SealedSecrets, demand_room, make_backup
from registry.services.backup.restore import read_manifest, restore_backup
from registry.services.seeding import seed
from registry.services.sync.seal_history import seal_history
from registry.store.attachments import pictures
from registry.store.database import migrations
from registry.store.database.pool import reading
from tests.scratch import scratch_folder, sweep

ROOT = Path(__file__).parent.parent
PEPPER = b"the pepper of the tests of backups"
PASSPHRASE = "correct horse battery"
PICTURE = {
    "sha256": hashlib.sha256(b"sent").digest(),
    "kept_sha256": hashlib.sha256(b"kept").digest(),
    "size_bytes": 4,
    "width_px": 1,
    "height_px": 1,
    "content": b"kept",
    "thumbnail": b"small",
}


def cli(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("REGISTRY_", "PG"))}
    return subprocess.run(
        [sys.executable, "-m", "registry", *arguments],
        env=plain | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    sweep()
    with scratch_folder() as made:
        yield made


async def fill(url: str, peppers: Peppers) -> None:
    async with database.writing(url) as writer:
        await demand_pepper(writer, peppers)
        await seed.seed_if_new(writer)
        await pictures.keep(writer, PICTURE)
        await keys.create_key(writer, peppers.current, holder="post", role="viewer", now=datetime.now(UTC))
    async with reading(Settings(pool_size=2), database.as_role(url)) as reader:
        await seal_history(reader, peppers.current)


@pytest.fixture(scope="module")
def backup(folder: Path) -> Path:
    """A backup of a seeded registry, made by the command."""
    data = folder / "data"
    with running(data, durable=False) as url:
        migrations.upgrade(url)
        asyncio.run(fill(url, Peppers(PEPPER)))
        key_pepper.keep(Settings(data_dir=data), Peppers(PEPPER))
        (folder / "passphrase").write_text(PASSPHRASE + "\n")
        made = cli(
            "backup", str(folder / "backup"), "--passphrase-file", str(folder / "passphrase"),
            REGISTRY_DATA_DIR=str(data), REGISTRY_ADMIN_KEY="", REGISTRY_STALE_AFTER_DAYS="90",
        )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return folder / "backup"


def passphrase(folder: Path) -> tuple[str, str]:
    return "--passphrase-file", str(folder / "passphrase")


def test_a_backup_says_what_it_holds_and_no_secret(backup: Path) -> None:
    manifest = read_manifest(backup)
    assert manifest.facts.records > 40
    assert manifest.facts.seals == 1
    assert manifest.facts.attachments == 1
    assert manifest.settings["stale_after_days"] == "90.0"
    assert backup.stat().st_mode & 0o077 == 0
    for path in backup.rglob("*"):
        assert path.is_dir() or PEPPER not in path.read_bytes(), path


def test_it_is_verified_in_a_scratch_cluster(backup: Path, folder: Path) -> None:
    done = cli("verify-backup", str(backup), *passphrase(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "whole" in done.stdout


def test_it_goes_on_on_a_fresh_host(backup: Path, folder: Path) -> None:
    """In another cluster, which counts its transactions from the start."""
    host = {"REGISTRY_DATA_DIR": str(folder / "host")}
    refused = cli("restore", str(backup), **host)
    assert refused.returncode == 1
    assert refused.stderr.startswith("registry: this host has no key pepper")
    assert refused.stderr.count("\n") == 1
    done = cli("restore", str(backup), *passphrase(folder), **host)
    assert done.returncode == 0, done.stderr
    assert (folder / "host" / "key-pepper").read_bytes() == PEPPER
    checked = cli("check", **host)
    assert checked.returncode == 0, checked.stdout
    again = cli("restore", str(backup), *passphrase(folder), **host)
    assert "holds a registry already" in again.stderr
    other = cli("key", "list", REGISTRY_KEY_PEPPER="x" * 40, **host)
    assert "is not the one of the registry" in other.stderr


def test_a_broken_restore_is_refused_at_the_start_and_done_again(backup: Path, folder: Path) -> None:
    broken = folder / "broken"
    shutil.copytree(backup, broken)
    manifest = read_manifest(broken)
    for path in (broken / "database").glob("*.dat.gz"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    host = {"REGISTRY_DATA_DIR": str(folder / "half")}
    named = cli("restore", str(broken), *passphrase(folder), **host)
    assert re.search(r"database/\d+\.dat\.gz in .* is altered", named.stderr)

    async def half(url: str) -> None:
        with pytest.raises(BackupFailed):
            await restore_backup(lambda: database.writing(url), url, broken, manifest)

    with running(folder / "half", durable=False) as url:
        asyncio.run(half(url))
    started = cli("serve", "--port", "0", **host)
    assert started.returncode == 1
    assert "was not finished: run `registry restore` again" in started.stderr
    done = cli("restore", str(backup), *passphrase(folder), **host)
    assert done.returncode == 0, done.stderr
    assert cli("check", **host).returncode == 0


def test_it_goes_into_a_database_of_ones_own_with_another_owner(backup: Path, folder: Path) -> None:
    async def made(url: str) -> str:
        connection = await asyncpg.connect(url.replace("registry@", "postgres@"))
        await connection.execute("CREATE ROLE keeper LOGIN")
        await connection.execute("CREATE DATABASE elsewhere OWNER keeper")
        await connection.close()
        target = url.replace("registry@/registry", "keeper@/elsewhere")
        connection = await asyncpg.connect(target.replace("keeper@", "postgres@"))
        await connection.execute("CREATE EXTENSION postgis")
        await connection.close()
        return target

    with running(folder / "server", durable=False) as url:
        target = asyncio.run(made(url))
        where = {"REGISTRY_OWNER_URL": target, "DATABASE_URL": target.replace("keeper@", "registry_app@")}
        done = cli("restore", str(backup), **where, REGISTRY_KEY_PEPPER=PEPPER.decode())
        assert done.returncode == 0, done.stderr
        checked = cli("check", **where, REGISTRY_KEY_PEPPER=PEPPER.decode())
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_disk_is_looked_at_first(tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match=r"may need 1,000,000,000 MB"):
        demand_room(tmp_path, 10**15, "the backup")


def test_a_backup_that_fails_leaves_nothing(folder: Path) -> None:
    async def make(url: str) -> None:
        with pytest.raises(BackupFailed, match="pg_dump failed"):
            await make_backup(
                lambda: database.writing(url),
                url.replace("/registry?", "/nothing?"),
                folder / "never",
                secret=SealedSecrets(Peppers(PEPPER), PASSPHRASE),
                settings={},
                now=datetime.now(UTC),
            )

    with running(folder / "data", durable=False) as url:
        asyncio.run(make(url))
    assert not list(folder.glob("never*"))


def test_the_documented_backup_goes_on_in_another_cluster(folder: Path, tmp_path: Path) -> None:
    """The shell lines of the page, run as they are printed, on a registry with data in it."""
    page = (ROOT / "docs" / "howto" / "run.md").read_text()
    section = page.partition("## Back up and restore")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    script = "".join(blocks[:2])
    assert "backup backups/monday" in script
    assert "restore backups/monday" in script
    (tmp_path / "dev").write_text(f'#!/bin/sh\nshift\nexec {sys.executable} -m registry "$@"\n')
    (tmp_path / "dev").chmod(0o755)
    work = folder / "documented"
    work.mkdir()
    shutil.copy(tmp_path / "dev", work / "dev")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("REGISTRY_", "PG"))}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=plain | {"REGISTRY_DATA_DIR": str(folder / "data"), "PYTHONPATH": str(ROOT)},
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
        timeout=1500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "whole 完整" in done.stdout
