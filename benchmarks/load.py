"""Load: wrk over HTTP, and pgbench with the same prepared statement."""

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from registry.postgres.programs import servers

SCRIPT = Path(__file__).parent / "requests.lua"


class Load(msgspec.Struct, frozen=True):
    """What a run of requests met."""

    requests: int
    duration_us: int
    failures: int
    p50_us: int
    p99_us: int

    @property
    def per_second(self) -> float:
        """Requests answered a second."""
        return self.requests / self.duration_us * 1e6


def wrk(base_url: str, paths: Sequence[str], *, seconds: float, connections: int = 16) -> Load:
    """Ask for `paths` in turn; a request that fails makes the measurement worthless, so it raises."""
    with tempfile.NamedTemporaryFile("w", suffix=".paths") as file:
        file.write("\n".join(paths) + "\n")
        file.flush()
        threads = min(2, connections)
        shape = [f"-t{threads}", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "10s"]
        command = ["wrk", *shape, "-s", str(SCRIPT), base_url]
        environ = os.environ | {"PATHS": file.name}
        result = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    load = msgspec.json.decode(result.stdout.strip().splitlines()[-1], type=Load)
    if load.failures or not load.requests:
        raise RuntimeError(f"{load.failures} of {load.requests} requests to {base_url}{paths[0]} failed")
    return load


def pgbench(
    database_url: str, text: str, names: Sequence[str], values: Mapping[str, str], *, seconds: float
) -> float:
    """Transactions a second of one prepared statement, its parameters set by pgbench expressions."""
    sets = "".join(f"\\set {name} {expression}\n" for name, expression in values.items())
    for number in range(len(names), 0, -1):
        text = text.replace(f"${number}", f":{names[number - 1]}")
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(sets + " ".join(text.split()) + ";\n")
        file.flush()
        server = servers()[0]
        shape = ["-n", "-M", "prepared", "-c", "16", "-j", "2", "-T", f"{seconds:g}", "-f", file.name]
        command = [str(server.bin / "pgbench"), *shape, database_url]
        environ = os.environ | server.env
        result = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([\d.]+)", result.stdout)
    if result.returncode or not found:
        raise RuntimeError(f"pgbench failed: {result.stderr.strip()}")
    return float(found[1])
