"""Has the parsers of OpenLayers and MapLibre read what a registry on the seeds serves."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.stage import cluster
from scripts.cite import running

HERE = Path(__file__).parent


def missing() -> list[str]:
    """What this machine lacks to run the tests."""
    absent = [] if shutil.which("node") else ["Node.js 20.19"]
    return absent + ([] if (HERE / "node_modules").is_dir() else ["the parsers (npm ci in tests/clients)"])


def main() -> int:
    """Run the tests of the parsers."""
    if absent := missing():
        print(f"the parsers need {', '.join(absent)}", file=sys.stderr)
        return 1
    with cluster() as url, running(url) as address:
        command = ["node", "--test", "--test-reporter=spec", *map(str, sorted(HERE.glob("*.test.mjs")))]
        told = {"REGISTRY_ADDRESS": address}
        return subprocess.run(command, env=os.environ | told, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
