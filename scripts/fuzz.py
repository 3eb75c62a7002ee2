"""`./dev fuzz`: requests generated from both OpenAPI documents against the seeded registry.

Two of schemathesis' checks are left out where a standard decides otherwise: `limit` above its maximum is
clamped (OGC 17-069, 7.15.2), and not every text of the right schema is a CQL2 filter, a cursor or a bbox.
"""

import subprocess
import sys

import click

from benchmarks.stage import cluster
from scripts.cite import running

DOCUMENTS = ("/ogc/api", "/docs/openapi.json")
LEFT_OUT = "positive_data_acceptance,negative_data_rejection"


@click.command()
@click.option("--examples", default=200, show_default=True, help="Requests for each operation, at most.")
@click.option("--document", "documents", multiple=True, default=DOCUMENTS, help="Only this document.")
def main(examples: int, documents: tuple[str, ...]) -> None:
    """Ask what the documents allow and what they do not; fails when an answer breaks its own description."""
    with cluster() as url, running(url) as address:
        worst = max(_run(address + path, examples) for path in documents)
    sys.exit(worst)


def _run(url: str, examples: int) -> int:
    options = ["--max-examples", str(examples), "--exclude-checks", LEFT_OUT, "--continue-on-failure"]
    command = [sys.executable, "-m", "schemathesis.cli", "run", url, *options, "--phases", "coverage,fuzzing"]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    main()
