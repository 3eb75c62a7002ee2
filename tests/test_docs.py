"""The documentation names what there is: every route, problem, setting, and no dead link.

`UPDATE_DOCS=1` writes the generated pages anew.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from litestar.routes import HTTPRoute
from msgspec import inspect

from registry.api.http import problems
from registry.api.http.contract import openapi
from registry.app import create_app
from registry.cli.main import registry
from registry.domain.conditions import Condition, Conditions, ListConditions, declared
from registry.domain.intake.finding import KINDS
from registry.runtime.settings import Settings

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def routes() -> str:
    """Every route with what it promises, as the page has it."""
    app = create_app(Settings(), "postgresql://nobody@/nothing")
    found = set()
    for route in app.routes:
        if isinstance(route, HTTPRoute) and not route.path.startswith(("/docs", "/assets", "/guide")):
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


def member_page() -> str:
    """Every type of a body with its members, as the page has it."""
    app = create_app(Settings(), "postgresql://nobody@/nothing")
    schemas = openapi.complete(app, app.openapi_schema.to_schema())["components"]["schemas"]
    lines = [
        "# Types",
        "",
        "What bodies are made of. `/docs/openapi.json` has the same with bounds, formats and examples.",
    ]
    for name, schema in sorted(schemas.items()):
        members = schema.get("properties", {})
        if members and not name.endswith(("Record", "Hit")):
            lines += ["", f"## {name}", "", " ".join(schema["description"].split()), ""]
            lines += [f"* `{member}`: {one['description']}" for member, one in members.items()]
    return "\n".join(lines) + "\n"


TABLE = "| code | step | severity | message | 说明 |\n|---|---|---|---|---|\n"


def intake_page() -> str:
    """The page of the gate with every finding in its table."""
    rows = [f"| `{code}` | {k.step} | {k.severity} | {k.en} | {k.zh} |" for code, k in KINDS.items()]
    prose, _, _ = (REFERENCE / "intake.md").read_text().partition(TABLE)
    return prose + TABLE + "\n".join(rows) + "\n"


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


def condition_page() -> str:
    """Every condition on records, as the page has it."""
    lines = [
        "# Conditions on records",
        "",
        "Query parameters of `GET /v1/resources` and `/v1/proximity/…`, members of `where` in a body, and",
        "options of `registry nearest` (`--free-persons`). A list is comma-separated in a query string, an",
        "array in a body, and a repeated option. A code without a scheme is the registry's own; an item's",
        "is a GB/T 38565 code. A record may leave a value unknown: it then neither meets nor fails the",
        "condition. An answer about nearness counts it in `excluded` as `not_stated`, and names it in",
        "`undecided`. 数值不明者计入 `not_stated`，并列入 `undecided`。",
        "",
        "| condition | values | asks | of | may be unknown |",
        "|---|---|---|---|---|",
    ]
    for condition in declared(ListConditions).values():
        name = f"`{condition.name}`" + ("" if condition.name in declared(Conditions) else " (lists only)")
        kinds = ", ".join(f"`{kind}`" for kind in condition.kinds) or "every kind"
        case = "yes" if condition.unknown else "–"
        asks = f"{condition.en} · {condition.zh}"
        lines.append(f"| {name} | {values_of(condition)} | {asks} | {kinds} | {case} |")
    return "\n".join(lines) + "\n"


def values_of(condition: Condition) -> str:
    """What a condition may be given, in words."""
    kind = condition.type
    if condition.choices:
        return ", ".join(f"`{choice}`" for choice in condition.choices)
    if isinstance(kind, inspect.VarTupleType):
        choices = getattr(kind.item_type, "values", ())
        what = "of " + ", ".join(f"`{choice}`" for choice in choices) if choices else "codes"
        return f"{kind.min_length} to {kind.max_length} {what}"
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        return f"{kind.ge:,} to {kind.le:,.0f}"
    if isinstance(kind, inspect.StrType):
        return f"{'code' if kind.pattern else 'text'} of {kind.min_length} to {kind.max_length} characters"
    return {inspect.DateTimeType: "RFC 3339 instant", inspect.TupleType: "four numbers"}[type(kind)]


def command_page() -> str:
    """The help of every command, as the page has it; `./dev` shows it where nothing is installed yet."""
    lines = [
        "# Command line",
        "",
        "`./dev registry …` in a checkout, `registry …` where the wheel is installed.",
    ]
    for name, command in commands("registry", registry):
        context = click.Context(
            command, info_name=name, terminal_width=100, help_option_names=["-h", "--help"]
        )
        text = command.get_help(context)
        lines += ["", f"## {name}", "", "```", text, "```"]
    return "\n".join(lines) + "\n"


def commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """The command and all below it, by their full names."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from commands(f"{name} {below}", found)


GENERATED = [
    ("api.md", routes),
    ("types.md", member_page),
    ("cli.md", command_page),
    ("problems.md", problem_page),
    ("intake.md", intake_page),
    ("conditions.md", condition_page),
]


@pytest.mark.parametrize(("name", "made"), GENERATED)
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


def test_every_page_is_reached_from_the_index() -> None:
    reached, left = set(), [ROOT / "docs" / "README.md"]
    while left:
        page = left.pop()
        if page in reached or not page.is_relative_to(ROOT / "docs"):
            continue
        reached.add(page)
        links = re.findall(r"\]\((?!https?:|#)([^)#\s]+\.md)", page.read_text())
        left += [(page.parent / link).resolve() for link in links]
    assert sorted(set((ROOT / "docs").rglob("*.md")) - reached) == []


def test_the_walk_through_the_rooms_names_what_is_there() -> None:
    page = (ROOT / "docs" / "explanation" / "architecture.md").read_text()
    steps = re.findall(r"^\| `(\S+\.py)` `(\w+)` \|", page, re.MULTILINE)
    assert len(steps) > 10
    for path, name in steps:
        text = (ROOT / "registry" / path).read_text()
        assert re.search(rf"^(?:(?:async )?def|class) {name}\b|^{name}\b.* = ", text, re.MULTILINE), (
            path,
            name,
        )
