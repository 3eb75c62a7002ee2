"""pg_dump and pg_restore of this machine, run on a database by its URL."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from registry.domain.backup.manifest import BackupFailed
from registry.runtime.cluster.programs import PostgresServer, servers

JOBS = 2
LOOK_EVERY_S = 0.5
HELD_BACK = ("DEFAULT ACL", "EXTENSION", "SCHEMA")
"""Entries of a dump that name another account's defaults, or that the target has already."""


def programs_for(version: int) -> PostgresServer:
    """The newest programs of this machine; BackupFailed when the server (its major version) is newer."""
    found = servers()
    if not found or found[0].major < version:
        newest = f"has those of {found[0].major}" if found else "has none"
        raise BackupFailed(
            f"the database runs PostgreSQL {version} and this machine {newest}:"
            f" install postgresql-client-{version} or newer"
        )
    return found[0]


async def dump(
    programs: PostgresServer, url: str, folder: Path, snapshot: str, written: Callable[[int], None]
) -> None:
    """Write the database as it is in a snapshot into a new folder; `written` hears of the bytes so far."""
    options = ("--format=directory", f"--jobs={JOBS}", "--exclude-table=spatial_ref_sys")
    arguments = (*options, "--no-owner", f"--snapshot={snapshot}", f"--file={folder}")
    await _run(programs, "pg_dump", url, *arguments, watch=lambda: written(size(folder)))


async def restore(programs: PostgresServer, url: str, folder: Path, schema: str) -> None:
    """Read a dump into a database that holds nothing but its extensions."""
    listed = await _run(programs, "pg_restore", None, "--list", str(folder))
    wanted = [line for line in listed.splitlines() if not any(f" {kind} " in line for kind in HELD_BACK)]
    contents = folder.parent / "contents.txt"
    contents.write_text("\n".join(wanted) + "\n")
    try:
        options = ("--exit-on-error", "--no-owner", f"--jobs={JOBS}", f"--use-list={contents}")
        await _run(programs, "pg_restore", url, *options, f"--schema={schema}", str(folder))
    finally:
        contents.unlink()


def size(folder: Path) -> int:
    """The bytes of the files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


async def _run(
    programs: PostgresServer,
    name: str,
    url: str | None,
    *arguments: str,
    watch: Callable[[], None] = lambda: None,
) -> str:
    environment = {"PATH": os.defpath, "LC_ALL": "C"} | programs.env
    target: list[str] = []
    if url is not None:
        plain, password = _without_password(url)
        target, environment = [f"--dbname={plain}"], environment | {"PGPASSWORD": password}
    process = await asyncio.create_subprocess_exec(
        str(programs.bin / name),
        *target,
        *arguments,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    ending = asyncio.create_task(process.communicate())
    try:
        while not (await asyncio.wait([ending], timeout=LOOK_EVERY_S))[0]:
            watch()
        output, errors = await ending
    except BaseException:
        process.terminate()
        raise
    if process.returncode:
        lines = [line for line in errors.decode(errors="replace").splitlines() if "error" in line]
        raise BackupFailed(f"{name} failed: {(lines or ['no reason given'])[0].partition('error: ')[2]}")
    return output.decode(errors="replace")


def _without_password(url: str) -> tuple[str, str]:
    """The URL as it may stand in a list of processes, and the password apart."""
    parts = urlsplit(url)
    account, at, hosts = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    return urlunsplit(parts._replace(netloc=f"{user}{at}{hosts}")), unquote(password)
