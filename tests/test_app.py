"""The application as a server's worker makes it."""

import os
import subprocess
import sys

STARTED = """
import asyncio, gc, time
from registry.app import create

async def started():
    app = create()
    async with app.lifespan():
        pauses_s = []
        for _ in range(3):
            begun = time.process_time()
            gc.collect()
            pauses_s.append(time.process_time() - begun)
        print(gc.get_freeze_count(), min(pauses_s))

asyncio.run(started())
"""


def test_what_a_started_worker_is_made_of_is_no_longer_searched_for_garbage(role_url, tmp_path) -> None:
    told = os.environ | {"DATABASE_URL": role_url, "REGISTRY_DATA_DIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", STARTED], env=told, capture_output=True, text=True, check=True, timeout=300
    )
    kept, pause_s = run.stdout.split()[-2:]
    assert int(kept) > 100_000
    assert float(pause_s) < 0.02
