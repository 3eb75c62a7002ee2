"""What was measured, beside what was promised."""

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from rich.table import Table


class Figure(NamedTuple):
    """One measured value; `met` is None where nothing was promised."""

    area: str
    what: str
    value: str
    promised: str = ""
    met: bool | None = None


def at_least(area: str, what: str, value: float, promised: float, unit: str) -> Figure:
    """A value that must reach what was promised."""
    return Figure(area, what, f"{value:.2f}{unit}", f"≥ {promised:g}{unit}", value >= promised)


def at_most(area: str, what: str, value: float, promised: float, unit: str) -> Figure:
    """A value that must not pass what was promised."""
    return Figure(area, what, f"{value:.2f}{unit}", f"≤ {promised:g}{unit}", value <= promised)


MARKS = {True: "yes", False: "NO", None: ""}


def table(figures: Iterable[Figure]) -> Table:
    """The figures for a terminal."""
    drawn = Table(title="benchmarks")
    for heading in ("area", "figure", "measured", "promised", "met"):
        drawn.add_column(heading, justify="right" if heading == "measured" else "left")
    for figure in figures:
        style = "red" if figure.met is False else None
        drawn.add_row(*figure[:4], MARKS[figure.met], style=style)
    return drawn


def markdown(figures: Sequence[Figure], rows: int) -> str:
    """The figures for the documentation, with the day and the machine."""
    lines = [
        "# Benchmarks · 性能",
        "",
        f"Measured by `./dev bench` on {datetime.now(UTC):%Y-%m-%d}, {rows:,} generated resources,",
        f"{machine()}; load generator and database",
        "on the same cores, so read the ratios, not the absolute figures.",
        "负载发生器与数据库在同一台机器上运行，请看比值。",
        "",
        "| area | figure | measured | promised | met |",
        "|---|---|--:|---|---|",
    ]
    lines += [f"| {' | '.join([*figure[:4], MARKS[figure.met]])} |" for figure in figures]
    return "\n".join(lines) + "\n"


def machine() -> str:
    """What figures were measured on."""
    return f"{os.cpu_count()} cores of {_processor()}, {_memory_gib():.0f} GiB"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> float:
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
