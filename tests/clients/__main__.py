"""Has clients ask what is served: the parsers of OpenLayers and MapLibre, or the one that is named.

`--qgis` and `--typescript` name QGIS and the typed client in clients/typescript.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.stage import cluster, prepare
from registry.domain.access.credential import new_token
from registry.runtime import database
from registry.services.access import keys
from registry.services.seeding import seed
from scripts.cite import running
from scripts.clients import TYPESCRIPT

HERE = Path(__file__).parent
PEPPER = "a pepper of the tests of clients"
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


def typescript() -> int:
    """Run the tests of the typed client, which `./dev clients` has built, on the seeds."""
    token = new_token()
    with cluster() as url:
        asyncio.run(_admit(url, token))
        with running(url, key_pepper=PEPPER) as address:
            told = {"REGISTRY_URL": address, "REGISTRY_KEY": token}
            command = ["npm", "run", "--silent", "test"]
            return subprocess.run(command, cwd=TYPESCRIPT, env=os.environ | told, check=False).returncode


async def _admit(url: str, token: str) -> None:
    async with database.writing(url) as writer:
        await seed.seed_if_new(writer)
        await keys.put_admin_key(writer, PEPPER.encode(), token)


ASKED = {"--qgis": qgis, "--typescript": typescript}

if __name__ == "__main__":
    sys.exit(ASKED.get(sys.argv[-1], parsers)())
