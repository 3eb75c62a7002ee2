"""`registry doctor` says what is wrong, one line each, with its cure; logs rotate while they are written."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from registry.runtime import database, log_rotation
from registry.runtime.settings import Settings
from registry.services.operate.examine import examine_database, examine_host
from tests.scratch import scratch_cluster
from tests.test_backup import cli
from tests.waiting import until

NOW = datetime.now(UTC)


@pytest.fixture
def url(new_database) -> str:
    return new_database()


async def diagnoses(url: str, settings: Settings, now: datetime | None = None) -> dict[str, list[str]]:
    async with database.writing(url) as writer:
        found = await examine_database(writer, settings, now or datetime.now(UTC))
    by_subject: dict[str, list[str]] = {}
    for one in found:
        assert one.cure
        by_subject.setdefault(one.subject, []).append(one.finding)
    return by_subject


async def test_a_cluster_that_loses_data_is_found_out(url: str) -> None:
    found = await diagnoses(url, Settings(workers=20))
    assert any("fsync is off" in text for text in found["settings"])
    assert "may open 285 and the database allows" in found["connections"][0]
    away = await diagnoses(url, Settings(), datetime.now(UTC) + timedelta(minutes=5))
    assert "300 s away" in away["clocks"][0] or "299 s away" in away["clocks"][0]


async def test_who_blocks_whom_is_found_out(url: str) -> None:
    holder, waiter = await asyncpg.connect(url), await asyncpg.connect(url)
    async with holder.transaction():
        await holder.execute("LOCK TABLE place")
        waiting = asyncio.create_task(waiter.execute("SELECT FROM place"))

        async def locks() -> list[str] | None:
            return (await diagnoses(url, Settings())).get("locks")

        assert f"for {holder.get_server_pid()}" in (await until(locks))[0]
    await waiting
    await holder.close()
    await waiter.close()


def certificate(path: Path, days: int) -> Path:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW - timedelta(days=1))
    signed = builder.not_valid_after(NOW + timedelta(days=days)).sign(key, hashes.SHA256())
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return path


def test_the_host_is_examined(tmp_path: Path) -> None:
    (tmp_path / "key-pepper").write_text("x")
    (tmp_path / "key-pepper").chmod(0o644)
    file = certificate(tmp_path / "c.pem", 10)
    (tmp_path / "backups").mkdir()
    settings = Settings(
        data_dir=tmp_path, tls_certificate=file, tls_key=file, backup_dir=tmp_path / "backups"
    )
    found = {one.subject: one.finding for one in examine_host(settings, NOW)}
    assert "others may read" in found["pepper"]
    assert "valid until" in found["certificate"]
    assert "holds none" in found["backups"]
    (tmp_path / "key-pepper").chmod(0o600)
    certificate(file, 300)
    after = {one.subject for one in examine_host(settings, NOW)}
    assert not after & {"pepper", "certificate"}


def test_the_command_prints_a_line_for_each(tmp_path: Path) -> None:
    with scratch_cluster() as url:
        where = {"REGISTRY_OWNER_URL": url, "DATABASE_URL": url}
        assert cli("migrate", **where).returncode == 0
        done = cli("doctor", **where, REGISTRY_DATA_DIR=str(tmp_path))
    assert done.returncode == 1, done.stderr
    assert "✗ settings: fsync is off: a crash can lose what was acknowledged → fsync = on" in done.stdout
    assert "PostgreSQL" in done.stdout
    assert "MB  resource" in done.stdout or "MB  " in done.stdout


def test_a_log_is_rotated_while_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "server.log"
    with file.open("a", buffering=1) as log:
        for round_ in range(7):
            log.write("x" * 1000 + f" {round_}\n")
            assert log_rotation.rotate(file, 500)
            assert not log_rotation.rotate(file, 500)
        log.write("after\n")
    assert file.read_text() == "after\n"
    assert (tmp_path / "server.log.1").read_text().endswith(" 6\n")
    assert len(list(tmp_path.glob("server.log.*"))) == log_rotation.KEPT
    assert os.stat(file).st_size < 500
