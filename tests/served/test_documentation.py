"""Every shell line of tutorials and how-tos is run against a server, in the order of its page.

`./dev registry` and `registry` are this checkout's command line on the server's database; the server is what
`http://127.0.0.1:8000` names, and `reg_…` is its administrator's key.
"""

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs/tutorial").glob("*.md")), *sorted((ROOT / "docs/howto").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHELL = ("", "bash", "sh")
ELSEWHERE = {
    "deploy.md": "installs as root; tried by tests/test_deploy.py and tests/test_package.py",
    "high-availability.md": "speaks of three machines; the test of that page has its own",
    "your-district.md": "run by tests/test_init.py, each in a data directory of its own",
    "clients.md": "addresses of the OGC face, asked by tests/api/test_ogc_*.py",
}
"""Pages whose lines are run by other tests."""
NOT_RUN = {
    "./dev serve": "the server of these tests is one",
    "./dev build": "tests/test_package.py builds the wheel",
    "./dev clients": "tests/served/test_clients.py generates the client",
    "pip install": "tests/test_package.py installs the wheel",
    "rotate-pepper": "would end the keys of the tests beside",
    "key rotate": "of a key of the reader: tests/api/test_keys.py",
    "sync import": "of a file that a phone makes: tests/sync/test_queue_file.py",
    "key revoke": "names a key of the reader: tests/api/test_keys.py",
    "backup": "tests/test_backup.py makes, verifies and restores one",
    "restore": "tests/test_backup.py makes, verifies and restores one",
    "passphrase": "of the backup",
    "export REGISTRY_DATA_DIR": "of the restore",
    "pg_dump": "of an embedded cluster",
    "psql": "of an embedded cluster",
    "doctor": "tests/test_doctor.py",
    "registry render": "tests/test_data_commands.py",
    "registry check": "tests/test_data_commands.py",
    "REGISTRY_PACES": "a setting of the server",
    "$ID": "names a file of the reader: tests/api/test_intake_files.py",
    "import --commit": "names a file of the reader: tests/api/test_intake_files.py",
    "import --undo": "names a file of the reader: tests/api/test_intake_files.py",
    "terrain load": "names files of the reader: tests/test_data_commands.py",
    "teams.csv": "a list of the reader's own: tests/api/test_intake_files.py",
}
"""Lines that are not run, and why; each must be in some page."""
ENDS = {"registry import": (0, 2, 3)}
"""Exit codes that a line may end with, besides 0: refused rows and questions are answers too."""


class Line(NamedTuple):
    """One command of a page."""

    page: str
    text: str


def lines() -> Iterator[Line]:
    for page in PAGES:
        for language, block in BLOCK.findall(page.read_text("utf-8")):
            if language in SHELL:
                yield from (Line(page.name, text) for text in commands(block))


def commands(block: str) -> Iterator[str]:
    """The commands of a block: a line, with those that it goes on in by a backslash or an open quote."""
    waiting = ""
    for line in block.splitlines():
        waiting = f"{waiting}\n{line}" if waiting else line
        if not waiting.rstrip().endswith("\\") and waiting.count("'") % 2 == waiting.count('"') % 2 == 0:
            if waiting.strip() and not waiting.lstrip().startswith("#"):
                yield waiting
            waiting = ""


def reason(line: Line) -> str | None:
    """Why a line is not run; None for one that is."""
    return ELSEWHERE.get(line.page) or next((why for part, why in NOT_RUN.items() if part in line.text), None)


@pytest.fixture(scope="module")
def folder(running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like a checkout to the lines of a page."""
    made: Path = tmp_path_factory.mktemp("reader")
    shim = f'#!/bin/sh\n[ "$1" = registry ] && shift\nexec {sys.executable} -P -m registry "$@"\n'
    for name in ("dev", "registry"):
        path = made / name
        path.write_text(shim)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    template = httpx.get(f"{running.url}/v1/templates/shelter", params={"place": "500110"}, timeout=120)
    (made / "shelters.xlsx").write_bytes(template.content)
    shutil.copyfile(ROOT / "tests/data/roads/syn60.osm.pbf", made / "county.osm.pbf")
    return made


def test_every_reason_not_to_run_a_line_is_needed() -> None:
    texts = [line for line in lines() if line.page not in ELSEWHERE]
    unneeded = [part for part in NOT_RUN if not any(part in line.text for line in texts)]
    assert unneeded == []
    assert set(ELSEWHERE) <= {page.name for page in PAGES}


def test_most_lines_are_run() -> None:
    """Of those that no other test runs."""
    ours = [line for line in lines() if line.page not in ELSEWHERE]
    assert sum(reason(line) is None for line in ours) >= 20, [line for line in ours if reason(line)]


def test_every_line_works_as_printed(running, folder: Path) -> None:
    environment = os.environ | {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": running.role_url,
        "REGISTRY_OWNER_URL": running.database_url,
        "REGISTRY_KEY_PEPPER": running.pepper,
        "XDG_CONFIG_HOME": str(folder),
        "KEY": running.key,
        "REGISTRY": running.url,
    }
    failed = []
    for line in lines():
        if reason(line) is not None:
            continue
        text = line.text.replace("http://127.0.0.1:8000", running.url)
        text = re.sub(r"https://registry\.example", running.url, text).replace("reg_…", running.key)
        text = re.sub(r"\bcurl ", "curl -sS --fail-with-body ", text)
        done = subprocess.run(
            ["bash", "-c", text], cwd=folder, env=environment, capture_output=True, text=True, check=False,
            timeout=180, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        ends = next((codes for part, codes in ENDS.items() if part in text), (0,))
        if done.returncode not in ends or "Traceback" in done.stderr:
            failed.append(f"{line.page}: {text}\n  {done.returncode}: {(done.stdout + done.stderr)[-600:]}")
    assert not failed, "\n".join(failed)
