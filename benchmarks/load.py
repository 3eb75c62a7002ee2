"""Load: wrk over HTTP, and pgbench with the same prepared statement."""

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.recorded import Statement
from registry.runtime.cluster.programs import servers

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


def wrk(
    base_url: str,
    paths: Sequence[str],
    *,
    seconds: float,
    connections: int = 16,
    headers: Mapping[str, str] | None = None,
    refusals: bool = False,
    timeout_s: int = 10,
) -> Load:
    """Ask for `paths` in turn; a request that fails makes the measurement worthless, so it raises.

    With `refusals` answers other than 2xx are part of the measurement.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".paths") as file:
        file.write("\n".join(paths) + "\n")
        file.flush()
        threads = min(2, connections)
        shape = [f"-t{threads}", f"-c{connections}", f"-d{seconds:g}s", "--timeout", f"{timeout_s}s"]
        told = [part for name, value in (headers or {}).items() for part in ("-H", f"{name}: {value}")]
        command = ["wrk", *shape, *told, "-s", str(SCRIPT), base_url]
        environ = os.environ | {"PATHS": file.name}
        result = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    load = msgspec.json.decode(result.stdout.strip().splitlines()[-1], type=Load)
    if (load.failures and not refusals) or not load.requests:
        raise RuntimeError(f"{load.failures} of {load.requests} requests to {base_url}{paths[0]} failed")
    return load


def pgbench(
    database_url: str, statements: Sequence[Statement], drawn: Mapping[Any, str], *, seconds: float
) -> float:
    """Transactions a second of prepared statements, with pgbench expressions for the arguments in `drawn`."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script(statements, drawn))
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


def script(statements: Sequence[Statement], drawn: Mapping[Any, str]) -> str:
    """A pgbench script: numbers become variables, and so parameters; anything else stands in the text."""
    lines = [f"\\set drawn_{number} {expression}" for number, expression in enumerate(drawn.values())]
    for number, (text, arguments) in enumerate(statements):
        for place in range(len(arguments), 0, -1):
            value = arguments[place - 1]
            numeric = isinstance(value, int | float) and not isinstance(value, bool)
            if numeric and value in drawn:
                written = f":drawn_{list(drawn).index(value)}"
            elif numeric:
                lines.append(f"\\set given_{number}_{place} {value}")
                written = f":given_{number}_{place}"
            else:
                written = _literal(value)
            text = text.replace(f"${place}", written)
        lines.append(" ".join(text.split()) + ";")
    return "\n".join(lines) + "\n"


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return "ARRAY[" + ", ".join(_literal(item) for item in value) + "]"
    return "'" + str(value).replace("'", "''") + "'"
