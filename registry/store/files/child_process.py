"""Have a file read by a process that is thrown away afterwards."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from registry.domain.attachments.picture import Picture
from registry.domain.intake.files.refusal import RefusedFile
from registry.domain.intake.files.sheet import Workbook
from registry.domain.terrain.tile import MOST_ELEVATION_BYTES, ElevationTile
from registry.store.files.child_main import HEADER_BYTES, FileOrder, FileOutcome
from registry.store.files.envelope import MOST_BYTES
from registry.store.files.out.own_form import FormCells
from registry.store.files.transport import unpack

log = structlog.get_logger("registry")

MEMORY_BYTES = 1_536 * 2**20
CPU_S = 60
WALL_S = 90.0
SCAN_CPU_S = 10
PICTURE_MEMORY_BYTES = 1_024 * 2**20
PICTURE_CPU_S = 15
INHERITED = ("PATH", "LANG", "PROJ_DATA", "PROJ_LIB", "LD_LIBRARY_PATH")
NICENESS = 10


async def read_in_child(content: bytes, encoding: str | None = None) -> Workbook:
    """The sheets of a file; RefusedFile where it cannot be read, whatever it does to its reader."""
    if len(content) > MOST_BYTES:
        raise RefusedFile("too_large", megabytes=MOST_BYTES // 2**20)
    order = FileOrder(encoding=encoding, memory_bytes=MEMORY_BYTES, cpu_s=CPU_S)
    outcome = await _outcome(order, content)
    if outcome is None:
        raise await _why(content)
    if outcome.refusal is not None:
        raise RefusedFile(outcome.refusal, **outcome.figures)  # type: ignore[arg-type]
    return await asyncio.to_thread(unpack, outcome.sheets or b"")


async def fill_in_child(content: bytes, form: FormCells) -> bytes | None:
    """A workbook with cells written into it; None where it is none, or cannot be filled within the limits."""
    order = FileOrder(task="fill", memory_bytes=MEMORY_BYTES, cpu_s=CPU_S, form=form)
    outcome = await _outcome(order, content)
    return None if outcome is None else outcome.filled


async def clean_in_child(content: bytes) -> Picture:
    """A picture encoded anew; RefusedFile where there is none, whatever the file does to its decoder."""
    order = FileOrder(task="picture", memory_bytes=PICTURE_MEMORY_BYTES, cpu_s=PICTURE_CPU_S)
    outcome = await _outcome(order, content)
    if outcome is not None and outcome.refusal is not None:
        raise RefusedFile(outcome.refusal, **outcome.figures)  # type: ignore[arg-type]
    if outcome is None or outcome.picture is None:
        raise RefusedFile("limits_exceeded")
    return outcome.picture


async def read_elevation_in_child(content: bytes, name: str) -> ElevationTile:
    """The heights of a file; RefusedFile where there are none, whatever the file does to its decoder."""
    if len(content) > MOST_ELEVATION_BYTES:
        raise RefusedFile("too_large", megabytes=MOST_ELEVATION_BYTES // 2**20)
    order = FileOrder(task="elevation", memory_bytes=MEMORY_BYTES, cpu_s=CPU_S, name=name)
    outcome = await _outcome(order, content)
    if outcome is not None and outcome.refusal is not None:
        raise RefusedFile(outcome.refusal, **outcome.figures)  # type: ignore[arg-type]
    if outcome is None or outcome.elevation is None:
        raise RefusedFile("limits_exceeded")
    return outcome.elevation


async def _why(content: bytes) -> RefusedFile:
    """The reason why a reader died: mostly a forgotten cell far out, which another process looks for."""
    order = FileOrder(task="far_cell", memory_bytes=MEMORY_BYTES, cpu_s=SCAN_CPU_S)
    outcome = await _outcome(order, content) if content.startswith(b"PK") else None
    if outcome is not None and outcome.cell is not None:
        return RefusedFile("far_cell", cell=outcome.cell)
    return RefusedFile("limits_exceeded")


async def _outcome(order: FileOrder, content: bytes) -> FileOutcome | None:
    """What a process makes of an order; None when it ended without an outcome."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "registry.store.files.child_main",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(),
    )
    try:
        with suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)
        packed = msgspec.msgpack.encode(order)
        async with asyncio.timeout(WALL_S):
            output, errors = await process.communicate(len(packed).to_bytes(HEADER_BYTES) + packed + content)
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            await process.wait()
    if process.returncode != 0:
        log.warning(
            "file reader ended", code=process.returncode, errors=errors[-1000:].decode(errors="replace")
        )
        return None
    return msgspec.msgpack.decode(output, type=FileOutcome)


def _environment() -> dict[str, str]:
    """The environment of the process: where the code is, and no credential."""
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return kept | {"PYTHONPATH": str(Path(__file__).parents[3]), "OPENBLAS_NUM_THREADS": "1"}
