"""Claim stored jobs and work each in a process of its own, a bounded number at a time."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import msgspec
import structlog

from registry.domain.access.actor import ANYONE
from registry.domain.errors import RegistryError
from registry.jobs.analysis_process import INTAKE, NO_OUTCOME, AnalysisProcess
from registry.jobs.worker_main import AnalysisOrder, AnalysisOutcome, StepProgress
from registry.runtime.settings import Settings
from registry.store import jobs
from registry.store.database.pool import Reader
from registry.store.jobs import Claim

log = structlog.get_logger("registry")

POLL_S = 1.0
"""How often a worker with a free process looks for jobs that other workers accepted or left."""
LONGEST_POLL_S = 60.0
"""The pause doubles up to this while the database is away; a job that is stored ends it."""
END_S = 4.0
RENEW_S = 0.5
GIVE_UP_S = jobs.LEASE_S - 5.0
"""Without a renewal for this long, the process is stopped before another worker may claim its job."""
INTAKE_PREFIX = "intake-"
MOST_ATTEMPTS = 2
BY_CLOCK = "progress is estimated from the time that analyses of this size take"
POISONED = f"the server ended {MOST_ATTEMPTS} times while it worked on this analysis"


@asynccontextmanager
async def running_jobs(
    reader: Reader, settings: Settings, database_url: str | None = None
) -> "AsyncIterator[JobRunner]":
    """A runner that works for as long as the block runs; then its jobs go back into the queue."""
    runner = JobRunner(reader, settings, database_url)
    claiming = asyncio.create_task(runner.run())
    try:
        yield runner
    finally:
        await _cancelled([claiming], within_s=END_S)


class JobRunner:
    """Works the jobs that this worker process claims."""

    def __init__(self, reader: Reader, settings: Settings, database_url: str | None = None) -> None:
        self._reader = reader
        self._settings = settings
        self._database_url = database_url
        self._processes = asyncio.Semaphore(settings.job_processes)
        self._stored = asyncio.Event()
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._most_of_anyone = max(1, settings.workers * settings.job_processes // 2)

    def holds(self, identity: UUID) -> bool:
        """Whether this worker works the job."""
        return identity in self._running

    def wake(self) -> None:
        """Look for jobs now: one was stored."""
        self._stored.set()

    async def run(self) -> None:
        """Claim and work jobs until cancelled."""
        try:
            while True:
                await self._processes.acquire()
                self._begin(await self._next_claim())
        finally:
            await _cancelled(self._running.values())

    async def stop(self, identity: UUID) -> None:
        """Stop a job that was dismissed, if this worker holds it; another sees it at its next renewal."""
        if job := self._running.get(identity):
            await _cancelled([job])

    async def _next_claim(self) -> Claim:
        pause_s = POLL_S
        while True:
            self._stored.clear()
            try:
                if claim := await jobs.claim(self._reader, ANYONE.id, self._most_of_anyone):
                    return claim
                pause_s = POLL_S
            except RegistryError as error:
                pause_s = min(2 * pause_s, LONGEST_POLL_S)
                log.warning("no job can be claimed", reason=error.detail, again_after_s=pause_s)
            except Exception:
                pause_s = min(2 * pause_s, LONGEST_POLL_S)
                log.exception("no job can be claimed", again_after_s=pause_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._stored.wait()

    def _begin(self, claim: Claim) -> None:
        job = asyncio.create_task(self._work(claim))
        self._running[claim.id] = job
        job.add_done_callback(lambda _: self._end(claim))

    def _end(self, claim: Claim) -> None:
        del self._running[claim.id]
        self._processes.release()

    async def _work(self, claim: Claim) -> None:
        """Work a job and store its outcome; requeue it when this worker stops or the process dies."""
        try:
            outcome = await self._outcome(claim)
            if outcome is NO_OUTCOME and claim.attempt < MOST_ATTEMPTS:
                await jobs.release(self._reader, claim, counted=True)
                self.wake()
            elif outcome is not None:
                await self._finish(claim, outcome)
        except asyncio.CancelledError:
            with suppress(RegistryError):
                await jobs.release(self._reader, claim, counted=False)
            raise
        except Exception as error:
            log.exception("job failed", job=str(claim.id))
            with suppress(RegistryError):
                problem = f"the analysis failed: {type(error).__name__}"
                await self._finish(claim, AnalysisOutcome(problem=problem))

    async def _outcome(self, claim: Claim) -> AnalysisOutcome | None:
        """How the analysis ended; None when the job is no longer held, as it was dismissed or taken over."""
        if claim.attempt > MOST_ATTEMPTS:
            return AnalysisOutcome(problem=POISONED)
        limit_s = self._settings.job_time_s
        memory_bytes = self._settings.job_memory_mb * 2**20
        order = AnalysisOrder(task=claim.task, memory_bytes=memory_bytes, cpu_s=int(limit_s) + 1)
        if claim.process.startswith(INTAKE_PREFIX):
            order = msgspec.structs.replace(order, database_url=self._database_url)
            process = AnalysisProcess(order, INTAKE)
        else:
            process = AnalysisProcess(order)
        work = asyncio.create_task(process.outcome())
        try:
            return await self._supervised(claim, process, work, limit_s)
        finally:
            try:
                await _cancelled([work])
            finally:
                await process.stop()

    async def _supervised(
        self, claim: Claim, process: AnalysisProcess, work: asyncio.Task[AnalysisOutcome], limit_s: float
    ) -> AnalysisOutcome | None:
        """Renew the lease until the process ends, its time is over or the job is no longer held."""
        clock = asyncio.get_running_loop()
        began = renewed = clock.time()
        while not (await asyncio.wait({work}, timeout=min(RENEW_S, limit_s)))[0]:
            now = clock.time()
            if now - began > limit_s:
                return AnalysisOutcome(problem=f"the analysis took longer than {limit_s:.0f} s")
            try:
                if not await self._renew(claim, process.progress, now - began):
                    return None
                renewed = now
            except RegistryError:
                if now - renewed > GIVE_UP_S:
                    return None
        return work.result()

    async def _renew(self, claim: Claim, progress: StepProgress | None, elapsed_s: float) -> bool:
        """Store the progress, as the process reports it or by the clock; false when the job is not held."""
        if progress is None:
            percent = _by_clock(elapsed_s, claim.estimate_s)
            return await jobs.renew(self._reader, claim, percent, BY_CLOCK)
        message = f"{progress.done} of {progress.of} {progress.step}"
        percent = 100 * progress.done // max(progress.of, 1) if progress.percent is None else progress.percent
        return await jobs.renew(self._reader, claim, min(99, percent), message)

    async def _finish(self, claim: Claim, outcome: AnalysisOutcome) -> None:
        status = "failed" if outcome.answer is None else "successful"
        answer = None if outcome.answer is None else outcome.answer.decode()
        await jobs.finish(self._reader, claim, status=status, message=outcome.problem, result=answer)


async def _cancelled(tasks: Collection[asyncio.Task[Any]], within_s: float | None = None) -> None:
    """Cancel each task once and wait for its end; a second cancellation would interrupt its clean-up.

    What does not end within the time is left to the end of the process, and its jobs to their leases.
    """
    tasks = [*tasks]
    for task in tasks:
        if not task.cancelling():
            task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=within_s)


def _by_clock(elapsed_s: float, estimate_s: float) -> int:
    """Percent by the clock: towards 80 while the estimate holds, then ever slower towards 99."""
    share = elapsed_s / max(estimate_s, 0.1)
    return int(80 * share) if share <= 1 else int(99 - 19 / share)
