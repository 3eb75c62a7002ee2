"""Where analyses are worked: small ones in a thread at once, large ones as jobs in processes of their own."""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import msgspec
import structlog

from registry.domain import analysis, working
from registry.domain.errors import RegistryError, Unavailable
from registry.settings import Settings
from registry.store import jobs
from registry.store.pool import Reader
from registry.work import Order, Outcome

log = structlog.get_logger("registry")

WAITING_PER_PROCESS = 10
AT_ONCE = 4
GLANCE_S = 0.5
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
HANDED_ON = ("PATH", "LANG", "PROJ_DATA", "PROJ_LIB", "LD_LIBRARY_PATH")
ENVIRONMENT = {
    **{name: os.environ[name] for name in HANDED_ON if name in os.environ},
    **ONE_THREAD,
    "PYTHONPATH": str(Path(__file__).parent.parent),
}
"""What a job's process is told: where the code is, and no credential."""


class Desk:
    """Takes tasks; everything it starts ends with it."""

    def __init__(self, reader: Reader, settings: Settings) -> None:
        self._reader = reader
        self._settings = settings
        self._threads = asyncio.Semaphore(AT_ONCE)
        self._processes = asyncio.Semaphore(settings.job_processes)
        self._open: set[asyncio.Task[None]] = set()

    async def answer(self, task: analysis.Task) -> bytes:
        """The answer at once, worked in a thread; the geometry library lets go of the lock meanwhile."""
        async with self._threads:
            return await asyncio.to_thread(working.run, task)

    def check_room(self) -> None:
        """Unavailable when too many jobs are waiting."""
        if len(self._open) >= self._settings.job_processes * WAITING_PER_PROCESS:
            raise Unavailable("too many analyses are waiting", retry_after_s=30)

    def begin(self, identity: UUID, task: analysis.Task, estimate_s: float) -> None:
        """Work a stored job in the background."""
        job = asyncio.create_task(self._work(identity, task, estimate_s))
        self._open.add(job)
        job.add_done_callback(self._open.discard)

    async def close(self) -> None:
        """End every job that is open."""
        for job in self._open:
            job.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _work(self, identity: UUID, task: analysis.Task, estimate_s: float) -> None:
        try:
            await self._wait_for_a_process(identity)
            try:
                if await jobs.start(self._reader, identity):
                    outcome = await self._run(identity, task, estimate_s)
                    await self._finish(identity, outcome)
            finally:
                self._processes.release()
        except asyncio.CancelledError:
            await self._finish(
                identity, Outcome(problem="the server stopped before the analysis was finished")
            )
            raise
        except Exception as error:
            log.exception("job failed", job=str(identity))
            with suppress(RegistryError):
                await self._finish(identity, Outcome(problem=f"the analysis failed: {type(error).__name__}"))

    async def _wait_for_a_process(self, identity: UUID) -> None:
        """Queue, saying that the job is alive all the while."""
        while True:
            try:
                async with asyncio.timeout(10.0):
                    await self._processes.acquire()
                    return
            except TimeoutError:
                await jobs.note(self._reader, identity, 0)

    async def _run(self, identity: UUID, task: analysis.Task, estimate_s: float) -> Outcome:
        limit_s = self._settings.job_time_s
        order = Order(task=task, memory_bytes=self._settings.job_memory_mb * 2**20, cpu_s=int(limit_s) + 1)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "registry.work",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=ENVIRONMENT,
        )
        packed = await asyncio.to_thread(msgspec.msgpack.encode, order)
        talk = asyncio.create_task(process.communicate(packed))
        try:
            if not await self._watched(identity, talk, estimate_s, limit_s):
                return Outcome(problem=f"the analysis took longer than {limit_s:.0f} s")
            output, errors = talk.result()
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
            await asyncio.gather(talk, return_exceptions=True)
            await process.wait()
        if process.returncode != 0 or not output:
            log.error("analysis process ended", code=process.returncode, errors=errors[-2000:].decode())
            return Outcome(problem="the analysis needed more memory or time than it may use")
        return msgspec.msgpack.decode(output, type=Outcome)

    async def _watched(
        self, identity: UUID, talk: "asyncio.Task[tuple[bytes, bytes]]", estimate_s: float, limit_s: float
    ) -> bool:
        """Wait for the process, noting progress; false when time is up. A dismissed job is cancelled."""
        clock = asyncio.get_running_loop()
        began = clock.time()
        while True:
            done, _ = await asyncio.wait({talk}, timeout=min(GLANCE_S, limit_s))
            elapsed = clock.time() - began
            if done:
                return True
            if elapsed > limit_s:
                return False
            if not await jobs.note(self._reader, identity, _progress(elapsed, estimate_s)):
                return False

    async def _finish(self, identity: UUID, outcome: Outcome) -> None:
        status = "failed" if outcome.answer is None else "successful"
        text = None if outcome.answer is None else outcome.answer.decode()
        async with self._reader.writer() as writer:
            await jobs.finish(writer, identity, status=status, message=outcome.problem, result=text)


def _progress(elapsed_s: float, estimate_s: float) -> int:
    """Percent by the clock: towards 80 while the estimate holds, then ever slower towards 99."""
    share = elapsed_s / max(estimate_s, 0.1)
    return int(80 * share) if share <= 1 else int(99 - 19 / share)
