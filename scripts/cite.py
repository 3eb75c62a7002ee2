"""`./dev cite`: the official OGC test suites against the seeded registry, fetched by Maven where possible."""

import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import click
from defusedxml import ElementTree
from rich.console import Console
from rich.table import Table

from benchmarks.stage import cluster, free_port
from registry.runtime import server
from registry.runtime.database import as_role
from registry.runtime.settings import Settings

GROUP = "org.opengis.cite"
SUITES = {"ets-ogcapi-features10": "1.9", "ets-ogcapi-tiles10": "1.2"}
MATRIX = {
    "tilematrix": "9",
    "mintilerow": "211",
    "maxtilerow": "213",
    "mintilecol": "406",
    "maxtilecol": "408",
}
TMS = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
UNREACHABLE = 3


class NotFetched(click.ClickException):
    """A suite could not be had."""

    exit_code = UNREACHABLE


@click.command()
@click.option(
    "--jar", "jars", multiple=True, type=click.Path(exists=True, path_type=Path), help="A suite's aio jar."
)
def main(jars: tuple[Path, ...]) -> None:
    """Run the suites; fails when a test fails or is skipped, since the suites' own exit code says nothing."""
    if shutil.which("java") is None:
        raise NotFetched("the suites need Java 17")
    suites = list(jars) or [fetched(name, version) for name, version in SUITES.items()]
    with cluster() as url, running(url) as address:
        results = [(jar.stem, run(jar, f"{address}/ogc")) for jar in suites]
    Console().print(report(results))
    sys.exit(any(result["FAIL"] or result["SKIP"] or not result["PASS"] for _, result in results))


def fetched(name: str, version: str) -> Path:
    """The suite's jar from the local Maven repository, downloaded when it is not there."""
    if shutil.which("mvn") is None:
        raise NotFetched(f"Maven is needed to fetch {name}; or give --jar")
    artifact = f"{GROUP}:{name}:{version}:jar:aio"
    kept = Path.home() / ".m2/repository" / GROUP.replace(".", "/") / name / version
    jar = kept / f"{name}-{version}-aio.jar"
    if not jar.exists():
        command = ["mvn", "-q", "-B", "dependency:get", f"-Dartifact={artifact}", "-Dtransitive=false"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not jar.exists():
            raise NotFetched(
                f"{artifact} is not to be had from the configured Maven repositories; give --jar"
            )
    return jar


@contextmanager
def running(url: str, **changed: Any) -> Iterator[str]:
    """The address of the registry on a seeded database, with some settings changed."""
    chosen = Settings(database_url=as_role(url), port=free_port(), inflight_public=1000, **changed)
    with server.running(chosen) as process:
        if not server.wait_ready(chosen, process):
            raise click.ClickException("the server did not become ready")
        yield server.address(chosen)


def properties(root: str) -> str:
    """What the suites are told, as a Java properties document."""
    told = {"iut": root, "noofcollections": "-1", "tilematrixsetdefinitionuri": TMS, **MATRIX}
    told["urltemplatefortiles"] = root + "/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}"
    entries = "".join(f'<entry key="{name}">{escape(value)}</entry>' for name, value in told.items())
    doctype = '<!DOCTYPE properties SYSTEM "http://java.sun.com/dtd/properties.dtd">'
    return f'<?xml version="1.0" encoding="UTF-8"?>{doctype}<properties version="1.0">{entries}</properties>'


def run(jar: Path, root: str) -> Counter[str]:
    """How many tests of a suite passed, failed and were skipped."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "properties.xml"
        told.write_text(properties(root), "utf-8")
        command = ["java", "-jar", str(jar), "-o", folder, "-h", "true", str(told)]
        subprocess.run(command, capture_output=True, check=False, timeout=1800)
        results = sorted(Path(folder).rglob("testng-results.xml"))
        if not results:
            raise click.ClickException(f"{jar.name} left no result")
        return counted(results[-1].read_text("utf-8"))


def counted(text: str) -> Counter[str]:
    """The states of the test methods in a TestNG result; set-up methods count only when they fail."""
    found: Counter[str] = Counter(PASS=0, FAIL=0, SKIP=0)
    for method in ElementTree.fromstring(text).iter("test-method"):
        status = method.get("status", "FAIL")
        if method.get("is-config") != "true" or status != "PASS":
            found[status] += 1
    return found


def report(results: list[tuple[str, Counter[str]]]) -> Table:
    """The counts for a terminal."""
    drawn = Table(title="OGC test suites")
    for heading in ("suite", "pass", "fail", "skip"):
        drawn.add_column(heading, justify="left" if heading == "suite" else "right")
    for name, result in results:
        drawn.add_row(name, *(str(result[state]) for state in ("PASS", "FAIL", "SKIP")))
    return drawn


if __name__ == "__main__":
    main()
