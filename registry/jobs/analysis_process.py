"""Run one analysis in a process of its own, read its messages, and stop it."""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from registry.jobs.worker_main import HEADER_BYTES, AnalysisOrder, AnalysisOutcome, Message, StepProgress

log = structlog.get_logger("registry")

ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
INHERITED = ("PATH", "LANG", "PROJ_DATA", "PROJ_LIB", "LD_LIBRARY_PATH")
ENVIRONMENT = {
    **{name: os.environ[name] for name in INHERITED if name in os.environ},
    **ONE_THREAD,
    "PYTHONPATH": str(Path(__file__).parents[2]),
}
"""The environment of the process: where the code is, and no credential."""
ANALYSIS, INTAKE = "registry.jobs.worker_main", "registry.jobs.intake_main"
"""The programs of the processes."""
NICENESS = 10
"""Added to our own from the start: loading the libraries takes longer than many an analysis."""
NO_OUTCOME = AnalysisOutcome(problem="the analysis needed more memory or time than it may use")


class AnalysisProcess:
    """A process that works one order; `progress` is the last progress it reported."""

    def __init__(self, order: AnalysisOrder, module: str = ANALYSIS) -> None:
        self._order, self._module = order, module
        self._process: asyncio.subprocess.Process | None = None
        self.progress: StepProgress | None = None

    @property
    def pid(self) -> int | None:
        """The process's number while it runs."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process is not None and running else None

    async def outcome(self) -> AnalysisOutcome:
        """Start the process and wait for its outcome; NO_OUTCOME when it ended without one."""
        process = self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=ENVIRONMENT,
        )
        with suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise RuntimeError("a process without pipes")
        packed = await asyncio.to_thread(msgspec.msgpack.encode, self._order)
        _, outcome, errors = await asyncio.gather(
            _send(process.stdin, packed), self._read(process.stdout), process.stderr.read()
        )
        await process.wait()
        if outcome is None:
            log.error("analysis process ended", code=process.returncode, errors=errors[-2000:].decode())
        return outcome or NO_OUTCOME

    async def stop(self) -> None:
        """Kill the process if it still runs, and wait for its end."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _read(self, output: asyncio.StreamReader) -> AnalysisOutcome | None:
        outcome = None
        with suppress(asyncio.IncompleteReadError):
            while True:
                size = int.from_bytes(await output.readexactly(HEADER_BYTES))
                message = msgspec.msgpack.decode(await output.readexactly(size), type=Message)
                if isinstance(message, StepProgress):
                    self.progress = message
                else:
                    outcome = message
        return outcome


async def _send(pipe: asyncio.StreamWriter, packed: bytes) -> None:
    """Send the order, and leave the pipe open: the process ends when it is closed."""
    with suppress(BrokenPipeError, ConnectionResetError):
        pipe.write(len(packed).to_bytes(HEADER_BYTES) + packed)
        await pipe.drain()
