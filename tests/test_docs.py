"""The documentation names what there is: every route, problem, setting, and no dead link.

`UPDATE_DOCS=1` writes the generated pages anew.
"""

import os
import re
from pathlib import Path

import pytest
from litestar.routes import HTTPRoute

from registry.api.http import problems
from registry.app import create_app
from registry.runtime.settings import Settings

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def routes() -> str:
    """Every route with what it promises, as the page has it."""
    app = create_app(Settings(), "postgresql://nobody@/nothing")
    found = set()
    for route in app.routes:
        if isinstance(route, HTTPRoute) and not route.path.startswith(("/docs", "/assets")):
            for method, (handler, _) in route.route_handler_map.items():
                if method not in ("OPTIONS", "HEAD"):
                    promise = (handler.fn.__doc__ or "").strip().split("\n")[0]
                    found.add(f"| `{method} {re.sub(r':[a-z]+}', '}', route.path)}` | {promise} |")
    lines = [
        "# Routes",
        "",
        "The parameters and bodies of each are at `/docs`.",
        "",
        "| route | promises |",
        "|---|---|",
    ]
    return "\n".join([*lines, *sorted(found, key=lambda line: line.split()[2:0:-1])]) + "\n"


def problem_page() -> str:
    """Every problem type, as the page has it."""
    lines = [
        "# Problems",
        "",
        "Errors are `application/problem+json` (RFC 9457); `errors` names each parameter or member.",
        "",
    ]
    for kind in problems.kinds():
        lines += [f"## {problems.slug_of(kind)}", "", f"{problems.status_of(kind)}. {kind.__doc__}", ""]
    return "\n".join(lines)


@pytest.mark.parametrize(("name", "made"), [("api.md", routes), ("problems.md", problem_page)])
def test_the_generated_pages_are_of_today(name, made) -> None:
    page = REFERENCE / name
    if os.environ.get("UPDATE_DOCS"):
        page.write_text(made())
    assert page.read_text() == made(), "run the test with UPDATE_DOCS=1 and read the difference"


def test_every_setting_is_described() -> None:
    text = (REFERENCE / "settings.md").read_text()
    names = [f"REGISTRY_{name.upper()}" for name in Settings.__struct_fields__ if name != "database_url"]
    assert [name for name in ["DATABASE_URL", *names] if name not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_is_dead(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_no_page_names_a_registry_host() -> None:
    for page in PAGES:
        assert not re.search(
            r"pypi\.org|npmjs\.(com|org)|files\.pythonhosted|deb\.debian", page.read_text()
        ), page
