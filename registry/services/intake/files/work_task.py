"""Work a task of an intake: check, commit or undo."""

from typing import Any

from msgspec import to_builtins

from registry.services.intake.files.check_intake import check_intake
from registry.services.intake.files.commit_intake import commit_intake
from registry.services.intake.files.tasks import IntakeTask
from registry.services.intake.files.undo_intake import undo_intake
from registry.services.progress import Advance, unwatched
from registry.store.database.pool import OpenWriter


async def work_task(
    open_writer: OpenWriter, task: IntakeTask, advance: Advance = unwatched
) -> dict[str, Any]:
    """Do what a task says, and return what it came to."""
    if task.step == "check":
        checked = await check_intake(open_writer, task, advance)
        counts: dict[str, Any] = to_builtins(checked.report.counts)
        return {"intake": str(task.intake), "counts": counts}
    work = commit_intake if task.step == "commit" else undo_intake
    return {"intake": str(task.intake), "receipt": await work(open_writer, task, advance)}
