"""`./dev cite`: the official OGC test suites against the seeded registry, fetched by Maven where possible."""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import click
from defusedxml import ElementTree
from rich.console import Console
from rich.table import Table

from benchmarks.stage import cluster, free_port, prepare
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


class SuiteFault(NamedTuple):
    """A failure that is the suite's own, by class, method and a part of its message, and the reason."""

    where: str
    method: str
    message: str
    reason: str


OF_SUITES = (
    SuiteFault(
        "FeatureCrsParameter",
        "verifyFeatureCrsParameter",
        "/items/?crs",
        "an empty collection is asked for a feature without an identity instead of being skipped",
    ),
    SuiteFault(
        "FeatureCrsParameterTransform",
        "WithoutCrsParameter",
        "NullPointerException",
        "a geometry that is null, which GeoJSON allows, is not expected",
    ),
    SuiteFault(
        "BBoxCrsParameter",
        "verifyBboxCrsParameter",
        "EPSG/0/4",
        "the suite's table of systems has the axes of 4490, 4544 and 4545 the other way round",
    ),
)
RECORDS = 300
"""Generated records beside the seeds, so that every collection holds something."""


class Suite(NamedTuple):
    """A suite to be run: its name, what goes on the class path, and its main class."""

    name: str
    path: tuple[Path, ...]
    main: str


class TestResult(NamedTuple):
    """One test method that did not pass."""

    where: str
    method: str
    status: str
    message: str
    parameters: str

    @property
    def fault(self) -> SuiteFault | None:
        """The known fault of the suite that this is."""
        said = f"{self.message} {self.parameters}"
        return next(
            (
                one
                for one in OF_SUITES
                if self.where.endswith(one.where) or one.where in self.where
                if one.method in self.method and one.message in said
            ),
            None,
        )


@click.command()
@click.option(
    "--jar",
    "jars",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="A suite's aio jar; its thin jar beside it goes first on the class path.",
)
@click.option(
    "--sources",
    "folders",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The checked-out sources of a suite, which Maven builds.",
)
def main(jars: tuple[Path, ...], folders: tuple[Path, ...]) -> None:
    """Run the suites and print each failure; fails when one is not a known fault of the suite itself."""
    if shutil.which("java") is None:
        raise NotFetched("the suites need Java 17")
    suites = [of_jar(jar) for jar in jars] + [built(folder) for folder in folders]
    suites = suites or [of_jar(fetched(name, version)) for name, version in SUITES.items()]
    console = Console()
    with cluster() as url, running(prepare(url, RECORDS).database_url) as address:
        results = [(suite.name, *run(suite, f"{address}/ogc")) for suite in suites]
    console.print(report([(name, counts) for name, counts, _ in results]))
    bad = 0
    for name, counts, failures in results:
        for one in failures:
            fault = one.fault
            own = one.status == "FAIL" and fault is None
            bad += own
            words = "product" if own else f"suite: {fault.reason}" if fault else one.status.lower()
            console.print(f"{name} {one.where}.{one.method} [{words}]", soft_wrap=True, markup=False)
            console.print(f"    {one.message} {one.parameters}".rstrip(), soft_wrap=True, markup=False)
        bad += not counts["PASS"]
    sys.exit(bool(bad))


def of_jar(jar: Path) -> Suite:
    """The suite of a fat jar; its own classes first, since files of another package shadow some there."""
    thin = jar.with_name(jar.name.replace("-aio", ""))
    before = (thin,) if thin != jar and thin.exists() else ()
    return Suite(jar.stem, (*before, jar), _main_class(jar))


def built(folder: Path) -> Suite:
    """The suite that Maven builds of its sources."""
    if shutil.which("mvn") is None:
        raise NotFetched("Maven is needed to build a suite")
    done = subprocess.run(
        ["mvn", "-B", "-q", *BUILD, "package"], cwd=folder, capture_output=True, text=True, check=False
    )
    jars = sorted((folder / "target").glob("*-aio.jar"))
    if done.returncode or not jars:
        raise NotFetched(f"{folder} could not be built:\n{(done.stdout + done.stderr)[-2_000:]}")
    return Suite(jars[-1].stem, (folder / "target/classes", jars[-1]), _main_class(jars[-1]))


BUILD = (
    "-Dmaven.test.skip=true",
    "-Dmaven.javadoc.skip=true",
    "-Denforcer.skip=true",
)


def _main_class(jar: Path) -> str:
    with zipfile.ZipFile(jar) as opened:
        manifest = opened.read("META-INF/MANIFEST.MF").decode().replace("\r\n ", "").replace("\n ", "")
    for line in manifest.splitlines():
        if line.startswith("Main-Class:"):
            return line.partition(":")[2].strip()
    raise click.ClickException(f"{jar.name} does not say what to run")


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
    """What the suites are told, as Java properties; without a DOCTYPE, which they would fetch."""
    told = {"iut": root, "noofcollections": "-1", "tilematrixsetdefinitionuri": TMS, **MATRIX}
    told["urltemplatefortiles"] = root + "/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}"
    entries = "".join(f'<entry key="{name}">{escape(value)}</entry>' for name, value in told.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><properties version="1.0">{entries}</properties>'


def run(suite: Suite, root: str) -> tuple[Counter[str], list[TestResult]]:
    """How many tests of a suite passed, failed and were skipped, and those that did not pass."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "properties.xml"
        told.write_text(properties(root), "utf-8")
        path = os.pathsep.join(map(str, suite.path))
        command = ["java", "-cp", path, suite.main, "-o", folder, "-h", "true", str(told)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1800)
        results = sorted(Path(folder).rglob("testng-results.xml"))
        if not results:
            raise click.ClickException(
                f"{suite.name} left no result:\n{(done.stdout + done.stderr)[-2_000:]}"
            )
        text = results[-1].read_text("utf-8")
        return counted(text), not_passed(text)


def not_passed(text: str) -> list[TestResult]:
    """The test methods of a TestNG result that failed or were skipped, each with its message and request."""
    found = []
    for described in ElementTree.fromstring(text).iter("class"):
        for method in described.iter("test-method"):
            status = method.get("status", "FAIL")
            if status != "PASS":
                where = str(described.get("name", "")).rpartition(".")[2]
                raised = [str(one.get("class")) for one in method.iter("exception")]
                said = _words(method.find("exception/message")) or " ".join(raised)
                given = " ".join(_words(value) for value in method.iter("value"))
                found.append(TestResult(where, str(method.get("name")), status, said, given))
    return found


def _words(element: Any) -> str:
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


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
