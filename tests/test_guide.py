"""The guide: built without a dead link, with nothing from elsewhere, and served in both languages."""

import re
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from registry.api import guide
from scripts.docs import LANGUAGES, ROOT, write

FOREIGN = re.compile(r'<(?:script|link|img)[^>]+(?:src|href)="https?://')
LINK = re.compile(r'(?:href|src)="([^"#:]+)(?:#[^"]*)?"')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into: Path = tmp_path_factory.mktemp("guide")
    for language in LANGUAGES:
        write(language, into)
    return into


def test_every_page_is_there_and_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = {path.relative_to(site / "en") for path in (site / "en").rglob("*.html")}
    sources = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert {path.with_name("index.html") if path.name == "README.html" else path for path in sources} <= pages
    for page in site.rglob("*.html"):
        text = page.read_text("utf-8")
        assert not FOREIGN.search(text), page
        if page.name != "404.html":
            links = [link for link in LINK.findall(text) if not link.startswith("/guide/")]
            assert [link for link in links if not (page.parent / link).exists()] == [], page


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_is_served_in_the_language_of_the_reader(site: Path, monkeypatch, language) -> None:
    monkeypatch.setattr(guide, "SITE", site)
    with TestClient(Litestar(guide.routers(), openapi_config=None)) as client:
        answered = client.get("/guide", headers={"Accept-Language": language})
        assert answered.url.path == f"/guide/{language}/index.html"
        assert f'<html lang="{language}"' in answered.text
        assert client.get(f"/guide/{language}/../../conftest.py").status_code == 404
        assert client.get(f"/guide/{language}/howto/api.html").status_code == 200


def test_where_it_is_not_built_it_says_how(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(guide, "SITE", tmp_path)
    with TestClient(Litestar(guide.routers(), openapi_config=None)) as client:
        assert "./dev docs" in client.get("/guide").text
