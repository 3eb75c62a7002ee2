"""The embedded cluster is archived, and put back as it was at an instant."""

import asyncio
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from registry.jobs.owner_chores import is_due
from registry.runtime.cluster import ClusterError, archive
from registry.runtime.cluster.embedded import running
from tests.scratch import scratch_folder, sweep
from tests.waiting import soon

ADD = "INSERT INTO kept (n) VALUES ($1)"


@pytest.fixture
def folder() -> Iterator[Path]:
    sweep()
    with scratch_folder() as made:
        yield made


def ask(url: str, *statements: str, fetch: str = "SELECT now()") -> list:
    async def run() -> list:
        connection = await asyncpg.connect(url)
        for statement in statements:
            await connection.execute(statement)
        rows = await connection.fetch(fetch)
        await connection.close()
        return [row[0] for row in rows]

    return asyncio.run(run())


def archived(url: str, folder: Path) -> None:
    """Have everything up to now in the archive."""
    name = ask(url.replace("registry@", "postgres@"), fetch="SELECT pg_walfile_name(pg_switch_wal())")[0]
    assert soon(lambda: (folder / "archive" / "wal" / name).exists())


def test_what_was_lost_by_mistake_is_put_back(folder: Path) -> None:
    data, kept = folder / "data", folder / "archive"
    with running(data, archive_dir=kept) as url:
        ask(url, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (1)")
        assert is_due(kept)
        archive.copy_base(data, kept)
        assert not is_due(kept)
        ask(url, "INSERT INTO kept VALUES (2)", "SELECT pg_sleep(1.5)")
        good = ask(url, fetch="SELECT clock_timestamp()")[0]
        ask(url, "SELECT pg_sleep(0.1)", "DELETE FROM kept", "INSERT INTO kept VALUES (3)")
        archived(url, folder)
        with pytest.raises(ClusterError, match="runs: stop the server first"):
            archive.restore_to(data, kept, good)
    reached = archive.restore_to(data, kept, good)
    assert reached <= good
    with running(data) as url:  # archived on, although nobody says so
        assert ask(url, fetch="SELECT n FROM kept ORDER BY n") == [1, 2]
        assert ask(url, fetch="SHOW archive_mode") == ["on"]
        assert ask(url, fetch="SHOW recovery_target_time") == [""]
        archived(url, folder)
    assert list(data.glob("pgdata.before-*"))


def test_a_fresh_host_is_made_from_the_archive(folder: Path) -> None:
    data, kept, other = folder / "data", folder / "archive", folder / "other"
    with running(data, archive_dir=kept) as url:
        archive.copy_base(data, kept)
        ask(url, "CREATE TABLE kept AS SELECT 1 AS n", "SELECT pg_sleep(1.5)")
        good = ask(url, fetch="SELECT clock_timestamp()")[0]
        ask(url, "DROP TABLE kept")
        archived(url, folder)
    shutil.rmtree(data)
    with pytest.raises(ClusterError, match="ends before that instant"):
        archive.restore_to(other, kept, good + timedelta(days=1))
    with pytest.raises(ClusterError, match="was not finished"), running(other):
        pass
    with pytest.raises(ClusterError, match="does not reach so far back"):
        archive.restore_to(other, kept, datetime(2020, 1, 1, tzinfo=UTC))
    archive.restore_to(other, kept, good)
    with running(other) as url:
        assert ask(url, fetch="SELECT n FROM kept") == [1]


def test_only_what_the_newest_copies_need_is_kept(folder: Path) -> None:
    kept = folder / "archive"
    (kept / "wal").mkdir(parents=True)
    for day, first in ((1, "02"), (2, "05"), (3, "08")):
        base = kept / "base" / f"2026070{day}T000000Z"
        base.mkdir(parents=True)
        (base / "backup_label").write_text(f"START WAL LOCATION: 0/1 (file 0000000100000000000000{first})\n")
    for number in range(1, 10):
        (kept / "wal" / f"0000000100000000000000{number:02}").touch()
    (kept / "wal" / "00000002.history").touch()
    archive.prune(kept)
    assert len(archive.bases(kept)) == 2
    names = sorted(path.name for path in (kept / "wal").iterdir())
    assert names[0].endswith("05")
    assert len(names) == 6
