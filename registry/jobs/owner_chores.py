"""What `serve` does again and again as the owner of the embedded cluster, beside its workers."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from registry.jobs.housekeeping import Chore, housekeeping
from registry.runtime import database
from registry.runtime.cluster import archive
from registry.runtime.log_rotation import rotate
from registry.runtime.settings import Settings
from registry.services.operate.retain import retain
from registry.services.sync.watch_feed_lag import end_foreign_transaction

LAG_EVERY_S = 5.0
COPY_EVERY_S = 60.0
RETAIN_EVERY_S = 86_400.0
ROTATE_EVERY_S = 30.0


def rotation(settings: Settings) -> Chore:
    """The chore that rotates the logs of this server and of its embedded cluster."""
    files = [settings.data_dir / "log" / "postgres.log", *([settings.log_file] if settings.log_file else [])]

    async def rotate_all() -> None:
        for file in files:
            await asyncio.to_thread(rotate, file)

    return Chore(ROTATE_EVERY_S, rotate_all)


def chores(settings: Settings, owner_url: str) -> list[Chore]:
    """The chores of the owner of an embedded cluster."""

    async def end_foreign() -> None:
        async with database.writing(owner_url) as writer:
            await end_foreign_transaction(writer, settings.foreign_transaction_s)

    async def copy_base() -> None:
        if settings.archive_dir is not None and is_due(settings.archive_dir):
            await asyncio.to_thread(archive.copy_base, settings.data_dir, settings.archive_dir)

    async def forget() -> None:
        await retain(lambda: database.writing(owner_url), settings.keep_audit_days, datetime.now(UTC))

    forgetting = [Chore(RETAIN_EVERY_S, forget)] if settings.keep_audit_days else []
    ending = [Chore(LAG_EVERY_S, end_foreign)] if settings.foreign_transaction_s else []
    return ending + forgetting + ([Chore(COPY_EVERY_S, copy_base)] if settings.archive_dir else [])


def is_due(archive_dir: Path) -> bool:
    """Whether the archive needs a new base copy."""
    complete = archive.bases(archive_dir)
    return not complete or complete[-1][0] < datetime.now(UTC) - archive.BASE_EVERY


@contextmanager
def done_beside(chores: Sequence[Chore]) -> Iterator[None]:
    """Do the chores in a thread of their own for as long as the block runs."""
    loop, over = asyncio.new_event_loop(), asyncio.Event()

    async def run() -> None:
        async with housekeeping(chores, []):
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), name="owner-chores", daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()
