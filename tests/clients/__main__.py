"""Has map clients read what is served: the parsers of OpenLayers and MapLibre, or QGIS when asked for."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.stage import cluster, prepare
from scripts.cite import running

HERE = Path(__file__).parent
RECORDS = 6000
"""So many, that QGIS has to turn pages."""
SYSTEM_PYTHON = "/usr/bin/python3"


def missing() -> list[str]:
    """What this machine lacks to run the tests."""
    absent = [] if shutil.which("node") else ["Node.js 20.19"]
    return absent + ([] if (HERE / "node_modules").is_dir() else ["the parsers (npm ci in tests/clients)"])


def parsers() -> int:
    """Run the tests of the parsers on the seeds."""
    if absent := missing():
        print(f"the parsers need {', '.join(absent)}", file=sys.stderr)
        return 1
    with cluster() as url, running(url) as address:
        command = ["node", "--test", "--test-reporter=spec", *map(str, sorted(HERE.glob("*.test.mjs")))]
        told = {"REGISTRY_ADDRESS": address}
        return subprocess.run(command, env=os.environ | told, check=False).returncode


def qgis() -> int:
    """Run the tests in QGIS, without a screen and with a profile of their own, on generated records."""
    probe = [SYSTEM_PYTHON, "-c", "import qgis.core"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        print(
            "QGIS for the system's Python is needed (Debian: python3-qgis, qgis-providers)", file=sys.stderr
        )
        return 1
    with (
        cluster() as url,
        running(prepare(url, RECORDS).database_url) as address,
        tempfile.TemporaryDirectory() as own,
    ):
        told = {"REGISTRY_ADDRESS": address, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": ""}
        told |= {"XDG_RUNTIME_DIR": own, "XDG_DATA_HOME": own, "XDG_CACHE_HOME": own}
        command = [SYSTEM_PYTHON, str(HERE / "with_qgis.py")]
        return subprocess.run(command, env=os.environ | told, check=False).returncode


if __name__ == "__main__":
    sys.exit(qgis() if sys.argv[1:] == ["--qgis"] else parsers())
