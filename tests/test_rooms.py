"""The rules of the rooms: who may import whom. A failure says which rule and why."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "registry"
FORBIDDEN = {
    "domain": (
        {"litestar", "sqlalchemy", "geoalchemy2", "asyncpg", "click", "granian", "os"},
        {"store", "services", "api", "cli", "jobs"},
    ),
    "store": ({"litestar", "shapely", "click", "granian"}, {"services", "api", "cli", "jobs"}),
    "services": ({"litestar", "sqlalchemy", "asyncpg", "click", "rich", "granian"}, {"api", "cli", "jobs"}),
    "jobs": ({"litestar", "sqlalchemy", "geoalchemy2", "asyncpg", "click", "granian"}, {"api", "cli"}),
    "cli": ({"litestar", "sqlalchemy", "asyncpg"}, {"api"}),
    "api": ({"sqlalchemy", "geoalchemy2", "asyncpg", "shapely", "granian"}, set()),
}
WHY = "rooms depend in one direction: api, cli, jobs → services → store → domain; see docs/explanation"


def modules() -> list[Path]:
    return [path for room in FORBIDDEN for path in sorted((ROOT / room).rglob("*.py"))]


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_stay_in_their_room(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    libraries, rooms = FORBIDDEN[room]
    names = imported(path)
    assert not {name for name in names if name.split(".")[0] in libraries}, WHY
    assert not {name for name in names if name.split(".")[:2] in [["registry", other] for other in rooms]}, (
        WHY
    )


def test_domain_never_awaits_and_never_asks_the_clock() -> None:
    for path in (ROOT / "domain").rglob("*.py"):
        tree = ast.parse(path.read_text())
        assert not [n for n in ast.walk(tree) if isinstance(n, ast.Await | ast.AsyncFunctionDef)], path
        calls = {
            n.func.attr
            for n in ast.walk(tree)
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)
        }
        assert not calls & {"now", "utcnow", "today"}, f"{path}: now is an argument"


def test_no_public_class_is_defined_twice() -> None:
    """One word, one meaning: whoever reads a class name knows which class it is."""
    homes: dict[str, list[str]] = {}
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in homes.items() if len(paths) > 1} == {}


LARGEST_FOLDER = 17


def test_no_folder_outgrows_the_eye() -> None:
    """About fifteen modules a folder; a new one goes into a folder of its own instead."""
    sizes = {
        str(folder.relative_to(ROOT)): len([*folder.glob("*.py")])
        for folder in [ROOT, *ROOT.rglob("*")]
        if folder.is_dir()
    }
    assert {folder: size for folder, size in sizes.items() if size > LARGEST_FOLDER} == {}


def test_the_rules_see_a_breach(tmp_path: Path) -> None:
    breach = tmp_path / "breach.py"
    breach.write_text("from sqlalchemy import select\nimport registry.store.database.pool\n")
    assert {"sqlalchemy", "registry.store.database.pool"} <= imported(breach)
