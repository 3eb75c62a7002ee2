"""`./dev bench`: one run, one table."""

import importlib
import signal
from pathlib import Path

import click
from rich.console import Console

from benchmarks.figures import Figure, markdown, table
from benchmarks.stage import LOG, cluster, prepare
from registry.runtime import logs

AREAS = (
    "nearest",
    "listing",
    "growth",
    "proximity",
    "coverage",
    "plans",
    "wall_map",
    "ogc",
    "writes",
    "feed",
    "access",
    "intake",
    "terrain",
    "roads",
    "incidents",
)
SIZES = (10_000, 100_000, 1_000_000)
NEEDS = {"growth": SIZES, "plans": (100_000,)}
"""The sizes that an area measures at beside the largest."""
OF_ITS_OWN = ("intake", "roads", "terrain")
"""Areas that make their own database, or need none."""
ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "benchmarks.md"


@click.command()
@click.option("--rows", default=SIZES[-1], show_default=True, help="Rows of the largest database.")
@click.option("--seconds", default=10.0, show_default=True, help="Length of each measurement.")
@click.option("--only", "areas", type=click.Choice(AREAS), multiple=True, help="Only these areas.")
@click.option("--write", is_flag=True, help=f"Write the table to {PAGE.relative_to(ROOT)} too.")
def main(rows: int, seconds: float, areas: tuple[str, ...], write: bool) -> None:
    """Measure on a throw-away cluster whose live data is generated, and print the table."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console, steps = Console(), Console(stderr=True)
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text("")
    logs.configure(LOG)
    chosen = areas or AREAS
    figures: list[Figure] = []
    with cluster() as url:
        stages = [prepare(url, size) for size in sizes(rows, chosen)]
        for name in chosen:
            steps.print(f"measuring {name}; the servers' log is {LOG}")
            figures += importlib.import_module(f"benchmarks.areas.{name}").measure(stages, seconds)
    console.print(table(figures))
    if write:
        PAGE.write_text(markdown(figures, rows), "utf-8")
    raise SystemExit(any(figure.met is False for figure in figures))


def sizes(rows: int, areas: tuple[str, ...]) -> list[int]:
    """The databases to make: the largest, and smaller ones that areas need; none for areas with their own."""
    if set(areas) <= set(OF_ITS_OWN):
        return []
    smaller = {size for area in areas for size in NEEDS.get(area, ()) if size < rows}
    return [*sorted(smaller), rows]


if __name__ == "__main__":
    main()
