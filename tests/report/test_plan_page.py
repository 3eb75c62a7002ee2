"""`registry plan check` and its page: both languages, nothing from outside, nothing unescaped."""

import asyncio
import html.parser
import json
from collections import Counter
from pathlib import Path

import asyncpg
import msgspec
import pytest
from click.testing import CliRunner

from registry.cli import plan
from registry.cli.report import plan_page
from registry.domain.plans.check import ObservedInterval
from registry.domain.plans.provision import Words
from registry.domain.plans.wording import number
from registry.domain.values import Name
from registry.runtime.database import as_role
from registry.services.seeding import seed
from registry.store.database.pool import Writer, prepare

PLAN = "qijiang-plan-2021-2025"


@pytest.fixture(scope="module")
def seeded_url(new_database) -> str:
    url = new_database()

    async def fill() -> None:
        connection = await asyncpg.connect(url)
        await prepare(connection)
        async with connection.transaction():
            await seed.seed_if_new(Writer(connection))
        await connection.close()

    with asyncio.Runner() as runner:
        runner.run(fill())
    return url


@pytest.fixture
def run(seeded_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", as_role(seeded_url))

    def invoke(*arguments: str):
        return CliRunner().invoke(plan.command, list(arguments), catch_exceptions=False)

    return invoke


class Outline(html.parser.HTMLParser):
    """The text, tags and outside references of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.classes: Counter[str] = Counter()
        self.references: list[str] = []
        self.lang: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        given = dict(attrs)
        self.references += [str(given[name]) for name in ("src", "href") if name in given]
        self.classes.update((given.get("class") or "").split())
        self.lang = given.get("lang", self.lang) if tag == "html" else self.lang


@pytest.mark.parametrize(("lang", "title"), [("zh", "规划核对"), ("en", "Plan check")])
def test_the_report_is_one_page_in_one_language(run, tmp_path: Path, lang: str, title: str) -> None:
    path = tmp_path / "out.html"
    result = run("check", "--document", PLAN, "--exercise", "demo", "--lang", lang, "--report", str(path))
    assert result.exit_code == 0
    text = path.read_text("utf-8")
    outline = Outline()
    outline.feed(text)
    assert outline.lang == lang
    assert title in text
    assert outline.references == []
    assert not {"script", "link", "img"} & set(outline.tags)
    answer = json.loads(run("check", "--document", PLAN, "--exercise", "demo", "--json").stdout)
    counts = Counter(check["verdict"] for check in answer["checks"])
    reconciled = Counter(line["verdict"] for line in answer["lines"])
    for verdict, count in counts.items():
        assert outline.classes[verdict] == 1 + count + reconciled[verdict]


def test_the_table_and_the_list_of_documents(run) -> None:
    result = run("check", "--document", PLAN, "--lang", "en")
    assert "54 shelters" in result.stdout
    assert "cannot be evaluated" in result.stdout
    assert PLAN in run("documents").stdout
    assert run("check").exit_code == 2
    for moment in ("yesterday", "2025-12-31T23:59:59"):
        assert run("check", "--document", PLAN, "--as-of", moment).exit_code == 2


def test_the_table_of_a_past_instant(run) -> None:
    then = json.loads(
        run("check", "--document", PLAN, "--as-of", "2020-01-01T00:00:00+08:00", "--json").stdout
    )
    assert {check["verdict"] for check in then["checks"]} == {"unknown", "cannot_evaluate"}


def test_names_are_escaped(run) -> None:
    found = plan.read(plan.settings.read(plan.os.environ), PLAN, None, plan.PUBLIC)
    evil = Name("<script>alert(1)</script>", "<script>alert(1)</script>")
    words = Words(evil.zh, evil.en)
    checks = [
        msgspec.structs.replace(check, title=evil, locator=evil.zh, statement=words, method=words)
        for check in found.checks
    ]
    lines = [msgspec.structs.replace(line, title=evil) for line in found.lines]
    visits = [msgspec.structs.replace(visit, name=evil, what=[words]) for visit in found.visits]
    assert checks
    assert lines
    assert visits
    report = msgspec.structs.replace(
        found, title=evil, exercise=evil.zh, checks=checks, lines=lines, visits=visits
    )
    text = plan_page.page(report, "zh")
    assert "<script" not in text
    shown = 3 + 4 * len(checks) + len(lines) + 2 * min(len(visits), plan_page.MOST_VISITS)
    assert text.count("&lt;script&gt;") == shown


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        (None, "–"),
        (ObservedInterval(0, None, "item"), "≥ 0 items"),
        (ObservedInterval(95, 95, "percent"), "95 %"),
        (ObservedInterval(200 / 3, 100, "percent"), "66.67 – 100 %"),
    ],
)
def test_an_interval_in_words(observed: ObservedInterval | None, expected: str) -> None:
    assert plan_page.interval_text(observed, "en") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(99.999, "99.99"), (100.0, "100"), (0.3, "0.3"), (15000, "15,000"), (-37.5, "-37.5")],
)
def test_a_figure_never_rounds_up_to_the_whole(value: float, expected: str) -> None:
    assert number(value) == expected
