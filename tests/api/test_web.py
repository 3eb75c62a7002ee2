"""The map's files: served from memory, cached for ever by name, and nothing outside them can be asked for."""

from collections.abc import AsyncIterator
from pathlib import Path

import brotli
import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from registry.api import web

SECRET = "not for anyone"
SCRIPT = b"export const answer = 42\n"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<!doctype html><title>map</title>")
    (built / "assets" / "index-abc.js").write_bytes(SCRIPT)
    (built / "assets" / "index-abc.js.br").write_bytes(brotli.compress(SCRIPT))
    (built / "assets" / "font-abc.woff2").write_bytes(b"wOF2")
    (built / "field.html").write_text("<!doctype html><title>field</title>")
    (built / "field-worker.js").write_bytes(SCRIPT)
    (built / "field.webmanifest").write_text("{}")
    (built / "assets" / "notes.md").write_text("not of a servable type")
    (tmp_path / "secret.html").write_text(SECRET)
    (built / "assets" / "link.svg").symlink_to(tmp_path / "secret.html")
    return built


@pytest.fixture
async def browser(dist: Path) -> AsyncIterator[AsyncTestClient[Litestar]]:
    async with AsyncTestClient(Litestar([web.router(dist)], openapi_config=None)) as client:
        yield client


async def test_the_page_is_checked_again_each_time_and_its_assets_never(
    browser: AsyncTestClient[Litestar],
) -> None:
    page = await browser.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    script = await browser.get("/assets/index-abc.js", headers={"Accept-Encoding": "identity"})
    assert (script.status_code, script.content) == (200, SCRIPT)
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    font = await browser.get("/assets/font-abc.woff2")
    assert font.headers["content-type"] == "font/woff2"


async def test_the_field_page_and_what_installs_it_are_checked_again_each_time(
    browser: AsyncTestClient[Litestar],
) -> None:
    types = {
        "/field": "text/html; charset=utf-8",
        "/field-worker.js": "text/javascript; charset=utf-8",
        "/field.webmanifest": "application/manifest+json",
    }
    for path, media_type in types.items():
        answer = await browser.get(path)
        headers = answer.headers
        assert (answer.status_code, headers["content-type"]) == (200, media_type)
        assert headers["cache-control"] == "no-cache"
        assert "default-src 'self'" in headers["content-security-policy"]
    assert (await browser.get("/field-192.png")).status_code == 404, "it was not built here"


async def test_a_client_that_takes_brotli_gets_what_the_build_made(
    browser: AsyncTestClient[Litestar],
) -> None:
    packed = await browser.get("/assets/index-abc.js", headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["content-encoding"] == "br"
    assert packed.content == SCRIPT
    plain = await browser.get("/assets/index-abc.js", headers={"Accept-Encoding": "br;q=0"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["etag"] != plain.headers["etag"]
    again = await browser.get(
        "/assets/index-abc.js", headers={"Accept-Encoding": "br", "If-None-Match": packed.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../secret.html",
        "/assets/..%2f..%2fsecret.html",
        "/assets/%2e%2e/%2e%2e/secret.html",
        "/assets/....//....//secret.html",
        "/assets/..%5c..%5csecret.html",
        "/assets/%252e%252e%252fsecret.html",
        "/assets//etc/passwd",
        "/assets/notes.md",
        "/assets/index-abc.js.br",
        "/assets/link.svg",
        "/secret.html",
        "/index.html/../secret.html",
    ],
)
async def test_no_path_leaves_the_built_files(browser: AsyncTestClient[Litestar], path: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 404
    assert SECRET not in answer.text


async def test_the_policy_lets_the_page_reach_no_other_host(browser: AsyncTestClient[Litestar]) -> None:
    policy = (await browser.get("/")).headers["content-security-policy"]
    sources = {source for rule in policy.split("; ") for source in rule.split(" ")[1:]}
    assert sources <= {"'self'", "'none'", "data:", "blob:"}
    assert "default-src 'self'" in policy


async def test_without_a_built_map_the_root_says_so(tmp_path: Path) -> None:
    async with AsyncTestClient(Litestar([web.router(tmp_path)], openapi_config=None)) as client:
        page, field = await client.get("/"), await client.get("/field")
    assert (page.status_code, field.text) == (200, page.text)
    assert "Node.js" in page.text
    assert 'href="/docs"' in page.text


async def test_the_application_answers_at_its_root(client: AsyncTestClient[Litestar]) -> None:
    assert (await client.get("/")).headers["content-type"] == "text/html; charset=utf-8"
    assert (await client.get("/docs")).status_code == 200


async def test_a_shared_address_with_more_in_it_still_shows_the_map(client) -> None:
    answer = await client.get("/?from=message&exercise=demo")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
