"""Starts a registry of its own on the seeds and the demonstration, and drives its map with Chromium."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from registry import server
from registry.commands import seed
from registry.commands.serve import _free_port
from registry.scratch import scratch_cluster
from registry.settings import Settings
from registry.store import migrations

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
NEEDED = {"node": "Node.js 20.19", "chromium": "Chromium"}


def missing() -> list[str]:
    """What this machine lacks to run the tests."""
    absent = [title for name, title in NEEDED.items() if shutil.which(name) is None]
    return absent + ([] if (ROOT / "web/dist/index.html").is_file() else ["the built map (web/dist)"])


@contextmanager
def registry() -> Iterator[str]:
    """The address of a seeded registry that is thrown away afterwards."""
    with scratch_cluster() as url:
        migrations.upgrade(url)
        seed.first(url)
        chosen = Settings(database_url=url, port=_free_port("127.0.0.1", 0))
        with server.running(chosen) as process:
            if not server.wait_ready(chosen, process):
                raise SystemExit("the registry did not start")
            yield server.address(chosen)


def main(files: list[str]) -> int:
    """Run the browser tests; those named, or all."""
    if absent := missing():
        print(f"map tests need {', '.join(absent)}", file=sys.stderr)
        return 1
    (ROOT / "artefacts/map").mkdir(parents=True, exist_ok=True)
    chosen = files or [str(path) for path in sorted(HERE.glob("*.test.mjs"))]
    with registry() as address:
        command = ["node", "--test", "--test-concurrency=1", "--test-reporter=spec", *chosen]
        return subprocess.run(command, env=os.environ | {"REGISTRY_ADDRESS": address}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
