"""`python -m benchmarks.loadgen`: what `./dev generate` calls."""

from benchmarks.loadgen.command import command
from registry.cli.main import run

run(command)
