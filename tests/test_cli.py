"""What the command line loads before it does anything: a question must not cost a second of imports."""

import ast
import subprocess
import sys

LOOK = (
    "import sys, time; import {}; print((set(m.partition('.')[0] for m in sys.modules), time.process_time()))"
)


def loaded_by(module: str) -> tuple[set[str], float]:
    """The packages that are loaded by an import in a new process, and the processor time of that process."""
    run = subprocess.run(
        [sys.executable, "-c", LOOK.format(module)], capture_output=True, text=True, check=True, timeout=300
    )
    packages, used_s = ast.literal_eval(run.stdout)
    return packages, used_s


def test_the_program_loads_no_command_before_it_is_asked_for() -> None:
    packages, used_s = loaded_by("registry.cli.main")
    assert not packages & {"sqlalchemy", "geoalchemy2", "shapely", "numpy", "rich", "litestar", "alembic"}
    assert used_s < 0.25


def test_a_question_loads_neither_the_server_nor_what_only_tables_need() -> None:
    packages, _ = loaded_by("registry.cli.nearest")
    assert not packages & {"litestar", "granian", "alembic", "rich", "highspy", "httpx", "jinja2", "PIL"}
