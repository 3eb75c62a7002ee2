"""One analysis sent to a process of its own, listened to while it works, and stopped."""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from registry.jobs.worker_main import HEADER_BYTES, Order, Outcome, Step, Word

log = structlog.get_logger("registry")

ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
HANDED_ON = ("PATH", "LANG", "PROJ_DATA", "PROJ_LIB", "LD_LIBRARY_PATH")
ENVIRONMENT = {
    **{name: os.environ[name] for name in HANDED_ON if name in os.environ},
    **ONE_THREAD,
    "PYTHONPATH": str(Path(__file__).parents[2]),
}
"""What a job's process is told: where the code is, and no credential."""
BEHIND_REQUESTS = 10
"""Added to our niceness from the first moment: loading the libraries takes longer than many an analysis."""
OUTGREW = Outcome(problem="the analysis needed more memory or time than it may use")


class Errand:
    """A process that works one order; `step` is how far it has said to be, if it has."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._process: asyncio.subprocess.Process | None = None
        self.step: Step | None = None

    async def outcome(self) -> Outcome:
        """Start the process and wait for what it finds; one that ends without a word outgrew its limits."""
        process = self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "registry.jobs.worker_main",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=ENVIRONMENT,
        )
        with suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + BEHIND_REQUESTS)
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise RuntimeError("a process without pipes")
        packed = await asyncio.to_thread(msgspec.msgpack.encode, self._order)
        _, found, errors = await asyncio.gather(
            _tell(process.stdin, packed), self._listen(process.stdout), process.stderr.read()
        )
        await process.wait()
        if found is None:
            log.error("analysis process ended", code=process.returncode, errors=errors[-2000:].decode())
        return found or OUTGREW

    async def stop(self) -> None:
        """End the process if it still runs."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _listen(self, output: asyncio.StreamReader) -> Outcome | None:
        found = None
        with suppress(asyncio.IncompleteReadError):
            while True:
                size = int.from_bytes(await output.readexactly(HEADER_BYTES))
                word = msgspec.msgpack.decode(await output.readexactly(size), type=Word)
                if isinstance(word, Step):
                    self.step = word
                else:
                    found = word
        return found


async def _tell(pipe: asyncio.StreamWriter, packed: bytes) -> None:
    with suppress(BrokenPipeError, ConnectionResetError):
        pipe.write(packed)
        await pipe.drain()
    pipe.close()
