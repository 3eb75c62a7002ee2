"""`./dev fuzz`: requests generated from both OpenAPI documents, in every role, against the seeded registry.

`fuzz.toml` says what is not held against an answer: not every text of the right schema is a CQL2 filter, a
cursor or a record that makes sense, so that a valid request may be refused; an invalid one may not be taken.
"""

import asyncio
import json
import os
import secrets
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import click
from rich.console import Console
from rich.table import Table

from benchmarks.stage import cluster
from registry.domain.access.actor import Role
from registry.runtime import database
from registry.services.access import keys
from scripts.cite import running

ROOT = Path(__file__).parent.parent
DOCUMENTS = {"v1": "/docs/openapi.json", "ogc": "/ogc/api"}
ROLES = get_args(Role)


@click.command()
@click.option("--examples", default=20, show_default=True, help="Requests for each operation, at most.")
@click.option(
    "--document", "documents", multiple=True, type=click.Choice([*DOCUMENTS]), help="Only this one."
)
@click.option("--role", "roles", multiple=True, type=click.Choice(ROLES), help="Only this one.")
@click.option("--seed", type=int, help="Repeat a run.")
def main(examples: int, documents: tuple[str, ...], roles: tuple[str, ...], seed: int | None) -> None:
    """Ask what the documents allow and what they do not; fails when an answer breaks its own description."""
    found = []
    options = ["--max-examples", str(examples), *(["--seed", str(seed)] if seed is not None else [])]
    for role in roles or ROLES:
        pepper = secrets.token_urlsafe(32)
        with cluster() as url, running(url, key_pepper=pepper, mass_change_limit=0) as address:
            header = asyncio.run(_key(url, pepper, role))
            chosen = documents or DOCUMENTS
            found += [(name, role, _run(address + DOCUMENTS[name], [*header, *options])) for name in chosen]
    Console().print(report(found))
    sys.exit(any(told["exit_code"] for _, _, told in found))


async def _key(url: str, pepper: str, role: Role) -> list[str]:
    """The header of a new key; nobody's is none."""
    if role == "public":
        return []
    async with database.writing(url) as writer:
        told = {"holder": f"fuzz-{role}", "role": role, "now": datetime.now(UTC)}
        token = await keys.create_key(writer, pepper.encode(), **told)
    return ["--header", f"Authorization: Bearer {token}"]


def _run(url: str, options: list[str]) -> dict[str, Any]:
    """What schemathesis reports of one document."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "report.json"
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(ROOT / "scripts/fuzz.toml")]
        command += ["run", url, *options, "--continue-on-failure", "--phases", "coverage,fuzzing"]
        command += ["--report", "json", "--report-json-path", str(told)]
        paths = {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
        subprocess.run(command, check=False, env=os.environ | paths)
        reported: dict[str, Any] = json.loads(told.read_text("utf-8"))
        return reported


def report(found: list[tuple[str, str, dict[str, Any]]]) -> Table:
    """The counts for a terminal."""
    drawn = Table("document", "role", title="Requests from the OpenAPI documents")
    for heading in ("operations", "requests", "failures"):
        drawn.add_column(heading, justify="right")
    for name, role, told in found:
        cases = told["test_cases"]
        counts = (told["operations"]["tested"], cases["generated"], cases["unique_failures"])
        drawn.add_row(name, role, *map(str, counts))
    return drawn


if __name__ == "__main__":
    main()
