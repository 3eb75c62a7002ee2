"""A synthetic county as an OpenStreetMap extract: a grid of roads, one-way streets, a river, two bridges."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

WEST, SOUTH = 106.3, 28.7
STAMP = "2026-01-01T00:00:00Z"
RIVER_M = 164.0
SPACING_M = 150.0
BRIDGES = (0.02, 0.98)
"""Where along the river the bridges are, as shares of its length."""


def write_county(path: Path, side: int, seed: int = 1) -> Path:
    """An extract of `side` × `side` junctions, 150 m apart, with a river through the middle."""
    import osmium

    step_lat = SPACING_M / 110_850
    step_lon = SPACING_M / (111_320 * math.cos(math.radians(SOUTH)))
    chance = np.random.default_rng(seed).uniform(-0.2, 0.2, (side, side, 2))
    river = side // 2
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for row in range(side):
            for column in range(side):
                jitter = chance[row, column] * (row not in (river - 1, river))
                bank = (RIVER_M / SPACING_M - 1) * (row >= river)
                location = (
                    WEST + (column + float(jitter[0])) * step_lon,
                    SOUTH + (row + bank + float(jitter[1])) * step_lat,
                )
                number = row * side + column + 1
                writer.add_node(
                    osmium.osm.mutable.Node(id=number, location=location, version=1, timestamp=STAMP)
                )
        for number, (nodes, tags) in enumerate(_ways(side, river), 1):
            writer.add_way(
                osmium.osm.mutable.Way(id=number, nodes=nodes, tags=tags, version=1, timestamp=STAMP)
            )
    return path


def _ways(side: int, river: int) -> Iterator[tuple[list[int], dict[str, Any]]]:
    """The rows, the columns on both banks, and the bridges."""
    bridges = [int(share * (side - 1)) for share in BRIDGES]
    for row in range(side):
        on_bank = row in (river - 1, river)
        tags = {"highway": "residential"} if on_bank else _tags(row)
        yield [row * side + column + 1 for column in range(side)], tags
    for column in range(side):
        for first, last in ((0, river), (river, side)):
            yield [row * side + column + 1 for row in range(first, last)], _tags(column)
    for column in bridges:
        ends = [(river - 1) * side + column + 1, river * side + column + 1]
        yield ends, {"highway": "secondary", "bridge": "yes", "maxweight": "20"}


def _tags(number: int) -> dict[str, Any]:
    if number % 20 == 0:
        return {"highway": "primary"}
    if number % 7 == 0:
        return {"highway": "secondary"}
    oneway = {"oneway": "yes" if number % 2 else "-1"} if number % 9 == 4 else {}
    return {"highway": "residential" if number % 3 else "unclassified", **oneway}
