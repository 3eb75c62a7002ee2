"""Where analyses are worked: small ones in a thread at once, large ones as jobs in processes of their own."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from typing import Any
from uuid import UUID

import msgspec
import structlog

from registry.domain.coverage import analyses, tasks
from registry.domain.errors import RegistryError, Unavailable
from registry.jobs.analysis_process import Errand
from registry.jobs.worker_main import Order, Outcome, Step
from registry.runtime.settings import Settings
from registry.store import jobs
from registry.store.database.pool import Reader

log = structlog.get_logger("registry")

WAITING_PER_PROCESS = 10
AT_ONCE = 4
GLANCE_S = 0.5
QUEUE_GLANCE_S = 2.0
QUEUED = "waiting for a free process"
BY_CLOCK = "progress is estimated from the time that analyses of this size take"


class Desk:
    """Takes tasks; everything it starts ends with it."""

    def __init__(self, reader: Reader, settings: Settings) -> None:
        self._reader = reader
        self._settings = settings
        self._threads = asyncio.Semaphore(AT_ONCE)
        self._processes = asyncio.Semaphore(settings.job_processes)
        self._open: dict[UUID, asyncio.Task[None]] = {}

    async def answer(self, task: tasks.Task) -> bytes:
        """The answer at once, worked in a thread; the geometry library lets go of the lock meanwhile."""
        async with self._threads:
            return await asyncio.to_thread(lambda: msgspec.json.encode(analyses.run(task)))

    def check_room(self) -> None:
        """Unavailable when too many jobs are waiting."""
        if len(self._open) >= self._settings.job_processes * WAITING_PER_PROCESS:
            raise Unavailable("too many analyses are waiting", retry_after_s=30)

    def begin(self, identity: UUID, task: tasks.Task, estimate_s: float) -> None:
        """Work a stored job in the background."""
        job = asyncio.create_task(self._work(identity, task, estimate_s))
        self._open[identity] = job
        job.add_done_callback(lambda _: self._open.pop(identity))

    async def stop(self, identity: UUID) -> None:
        """End a job that was dismissed and free its place; one of another worker sees that by itself."""
        if job := self._open.get(identity):
            await _ended([job])

    async def close(self) -> None:
        """End every job that is open."""
        await _ended([*self._open.values()])

    async def _work(self, identity: UUID, task: tasks.Task, estimate_s: float) -> None:
        waiting = asyncio.create_task(self._wait(identity))
        try:
            async with self._processes:
                await _ended([waiting])
                if await jobs.start(self._reader, identity):
                    outcome = await self._run(identity, task, estimate_s)
                    await self._finish(identity, outcome)
        except asyncio.CancelledError:
            await self._finish(
                identity, Outcome(problem="the server stopped before the analysis was finished")
            )
            raise
        except Exception as error:
            log.exception("job failed", job=str(identity))
            with suppress(RegistryError):
                await self._finish(identity, Outcome(problem=f"the analysis failed: {type(error).__name__}"))
        finally:
            waiting.cancel()

    async def _wait(self, identity: UUID) -> None:
        """Say that a job in the queue is alive, and take it out when it was dismissed meanwhile."""
        noted = True
        while noted:
            await asyncio.sleep(QUEUE_GLANCE_S)
            with suppress(RegistryError):
                noted = await jobs.note(self._reader, identity, 0, QUEUED)
        self._open[identity].cancel()

    async def _run(self, identity: UUID, task: tasks.Task, estimate_s: float) -> Outcome:
        limit_s = self._settings.job_time_s
        order = Order(task=task, memory_bytes=self._settings.job_memory_mb * 2**20, cpu_s=int(limit_s) + 1)
        errand = Errand(order)
        work = asyncio.create_task(errand.outcome())
        clock = asyncio.get_running_loop()
        began = clock.time()
        try:
            while not (await asyncio.wait({work}, timeout=min(GLANCE_S, limit_s)))[0]:
                elapsed = clock.time() - began
                if elapsed > limit_s or not await self._noted(identity, errand.step, elapsed, estimate_s):
                    return Outcome(problem=f"the analysis took longer than {limit_s:.0f} s")
            return work.result()
        finally:
            try:
                await _ended([work])
            finally:
                await errand.stop()

    async def _noted(self, identity: UUID, step: Step | None, elapsed_s: float, estimate_s: float) -> bool:
        """Say how far a job is, as its process tells or by the clock; false when it was dismissed."""
        if step is None:
            return await jobs.note(self._reader, identity, _by_clock(elapsed_s, estimate_s), BY_CLOCK)
        told = f"{step.done} of {step.of} covers are worked out"
        return await jobs.note(self._reader, identity, 99 * step.done // step.of, told)

    async def _finish(self, identity: UUID, outcome: Outcome) -> None:
        status = "failed" if outcome.answer is None else "successful"
        text = None if outcome.answer is None else outcome.answer.decode()
        async with self._reader.writer() as writer:
            await jobs.finish(writer, identity, status=status, message=outcome.problem, result=text)


async def _ended(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel each once, as a second time would interrupt its clearing up, and wait until all have ended."""
    for task in tasks:
        if not task.cancelling():
            task.cancel()
    if tasks:
        await asyncio.wait(tasks)


def _by_clock(elapsed_s: float, estimate_s: float) -> int:
    """Percent by the clock: towards 80 while the estimate holds, then ever slower towards 99."""
    share = elapsed_s / max(estimate_s, 0.1)
    return int(80 * share) if share <= 1 else int(99 - 19 / share)
