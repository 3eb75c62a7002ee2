"""Work an analysis at once, in one of a few threads."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from registry.domain.coverage import analyses
from registry.domain.coverage.analyses import AnalysisAnswer
from registry.domain.coverage.tasks import Task

AT_ONCE = 4
THREADS = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="analysis")
"""Each thread keeps its own cache of study areas, so that few threads find them more often."""


async def analyse(task: Task) -> AnalysisAnswer:
    """The answer to a short task. GEOS and NumPy release the interpreter lock, so requests go on."""
    return await asyncio.get_running_loop().run_in_executor(THREADS, analyses.run_task, task)
