"""`./dev drill`: the long crash drill or ten failovers, and their figures for the documentation."""

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

import click

from benchmarks.figures import machine
from tests.faults import drill, failover
from tests.faults.drill import Outcome
from tests.faults.failover import Failovers

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "reliability.md"


@click.command()
@click.option("--workers", "worker_kills", default=200, show_default=True, help="Kills of an API worker.")
@click.option("--postmasters", default=100, show_default=True, help="Kills of the database.")
@click.option("--seed", type=int, help="Repeats the choices of an earlier drill.")
@click.option(
    "--failover", "rounds", type=int, is_flag=False, flag_value=10, help="Kill primaries instead: so many."
)
@click.option("--write", is_flag=True, help="Write the figures to the documentation.")
def main(worker_kills: int, postmasters: int, seed: int | None, rounds: int | None, write: bool) -> None:
    """Kill processes of a registry under load and count what was lost."""
    chosen = int.from_bytes(os.urandom(4)) if seed is None else seed
    click.echo(f"seed {chosen}")
    outcome: Outcome | Failovers
    if rounds is None:
        outcome = drill.run(worker_kills, postmasters, chosen)
        name, figures = "drill", markdown(outcome)
    else:
        outcome = failover.run(rounds, chosen)
        name, figures = "failover", markdown_of_failovers(outcome)
    click.echo(figures)
    for fault in outcome.faults:
        click.echo(fault, err=True)
    if write:
        PAGE.write_text(placed(PAGE.read_text("utf-8"), name, figures), "utf-8")
    raise SystemExit(not outcome.is_clean)


def _head(outcome: Outcome | Failovers) -> list[str]:
    return [
        f"{datetime.now(UTC):%Y-%m-%d}, {machine()}, Python {platform.python_version()},"
        f" seed {outcome.seed}, {outcome.seconds:.0f} s:",
        "",
        "| figure | value |",
        "|---|--:|",
    ]


def markdown_of_failovers(outcome: Failovers) -> str:
    """The figures of a drill of failovers."""
    lines = [
        *_head(outcome),
        f"| primaries killed, standbys promoted | {outcome.rounds} |",
        f"| acknowledged operations | {outcome.acknowledged:,} |",
        f"| requests that had to be sent again | {sum(outcome.doubts.values()):,} |",
        f"| longest time from a kill until every client had five answers | {outcome.longest_gap_s:.1f} s |",
        f"| answers that should not have been given | {len(outcome.faults)} |",
    ]
    return "\n".join([*lines, *(f"| {what} | {count} |" for what, count in outcome.found.items())])


def markdown(outcome: Outcome) -> str:
    """The figures of a drill."""
    lines = [
        *_head(outcome),
        f"| API workers killed | {outcome.worker_kills} |",
        f"| postmasters killed | {outcome.postmaster_kills} |",
        f"| acknowledged operations | {outcome.acknowledged:,} |",
        f"| requests that had to be sent again | {sum(outcome.doubts.values()):,} |",
        f"| longest wait for an answer after the database was back | {outcome.longest_absence_s:.1f} s |",
        f"| answers that should not have been given | {len(outcome.faults)} |",
    ]
    return "\n".join([*lines, *(f"| {what} | {count} |" for what, count in outcome.found.items())])


def placed(page: str, name: str, figures: str) -> str:
    """The page with the figures between the marks of this name."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    return re.sub(f"{begin}.*{end}", f"{begin}\n{figures}\n{end}", page, flags=re.DOTALL)


if __name__ == "__main__":
    main()
