"""The command-centre map in Chromium: how soon it is useful, how it moves, how heavy it is."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from benchmarks.figures import Figure, at_least, at_most
from benchmarks.stage import Stage, served

AREA = "map"
ROOT = Path(__file__).parents[2]
DIST = ROOT / "web" / "dist"
SCRIPT = ROOT / "benchmarks" / "map.mjs"
NAMED = re.compile(r'''(?:(?:from|import) ?|(?:src|href)=)"\./(?:assets/)?([\w.-]+\.(?:js|css))"''')
"""A script or style that a page names, or that a script imports at its start."""
FPS = 30.0
RUN_S = 900


def measure(stages: list[Stage], _: float) -> list[Figure]:
    """Figures of the built map on the largest stage; one line that says so where it cannot be driven."""
    if not (DIST / "index.html").is_file() or not shutil.which("node") or not shutil.which("chromium"):
        return [Figure(AREA, "left out: needs the built map, Node.js and Chromium", "")]
    return [
        at_most(AREA, "page and worker, gzip, without fonts", bundle_kb(), 450, " kB"),
        *_driven(stages[-1]),
    ]


def bundle_kb() -> float:
    """Kilobytes of everything but fonts that a browser fetches to show the map.

    Not counted: the field page, and what is imported when it is needed (a base map, pictures).
    """
    names = {"index.html"}
    waiting = ["index.html", *(f"assets/{path.name}" for path in (DIST / "assets").glob("map-worker-*.js"))]
    while waiting:
        names.add(name := waiting.pop())
        needed = {f"assets/{found}" for found in NAMED.findall((DIST / name).read_text(encoding="utf-8"))}
        waiting.extend(needed - names)
    return sum((DIST / f"{name}.gz").stat().st_size for name in names) / 1000


def _driven(stage: Stage) -> list[Figure]:
    with served(stage) as target:
        environment = os.environ | {"REGISTRY_ADDRESS": target.url}
        run = subprocess.run(
            ["node", str(SCRIPT)], env=environment, check=True, capture_output=True, text=True, timeout=RUN_S
        )
    told = json.loads(run.stdout.splitlines()[-1])
    return [
        at_most(AREA, "first useful map, the demonstration", told["first_small_ms"] / 1000, 2, " s"),
        at_most(AREA, f"first useful map, {stage.rows:,} records", told["first_ms"] / 1000, 2, " s"),
        Figure(AREA, "an empty map, the browser's own limit", f"{told['limit_fps']:.1f} frames/s"),
        at_least(AREA, "drag and zoom", told["fps"], round(min(FPS, told["limit_fps"]), 1), " frames/s"),
        Figure(AREA, "least share of the resolution while it moves", f"{told['share']:.0%}"),
        Figure(AREA, "processor time of a frame, empty map", f"{told['bare_frame_ms']:.0f} ms"),
        Figure(AREA, "processor time of a frame, ours", f"{told['frame_ms']:.0f} ms"),
        at_most(AREA, "tile requests of one pan and zoom", told["tiles_per_pan"], 30, ""),
    ]
