"""What two readers of one request could read in two ways is refused, and names of hosts are allow-listed."""

from typing import Any

import pytest

from registry.app import create_app
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from tests.access.streams import LONGEST_S
from tests.access.worlds import PEPPER, World, identity_of
from tests.api.conftest import serving

URL = "/v1/resources"


async def raw(app: Any, headers: list[tuple[str, str]], client: str = "127.0.0.1") -> tuple[int, bytes]:
    """The answer to a request with exactly these headers."""
    sent: list[dict[str, Any]] = []
    scope: dict[str, Any] = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http"}
    scope |= {"path": "/v1/places", "raw_path": b"/v1/places", "root_path": "", "query_string": b"limit=1"}
    scope |= {"server": ("localhost", 80), "client": (client, 50000), "state": {}}
    scope |= {"headers": [(name.encode(), value.encode()) for name, value in headers]}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert LONGEST_S
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


TWICE = [
    '{"properties": {"visibility": "restricted", "visibility": "public"}}',
    '{"properties": {"note": "a"}, "properties": {"note": "b"}}',
    '{"properties": {"name": {"en": "a", "\\u0065n": "b"}}}',
]


@pytest.mark.parametrize("body", TWICE)
@pytest.mark.parametrize("path", [f"{URL}/{{}}", "/ogc/collections/shelters/items/{}"])
async def test_a_member_that_is_there_twice_is_refused(worked_on: World, path: str, body: str) -> None:
    headers = worked_on.headers["admin"] | {"If-Match": "*", "Content-Type": "application/merge-patch+json"}
    url = path.format(identity_of("public", "T1", "shelter", None))
    answer = await worked_on.client.patch(url, content=body, headers=headers)
    assert answer.status_code == 400, answer.text
    assert "twice" in answer.text


async def test_a_long_body_is_searched_too(worked_on: World) -> None:
    filling = '"x": "' + "y" * 300_000 + '"'
    body = f'{{{filling}, "kind": "shelter", "kind": "shelter"}}'
    headers = {"Content-Type": "application/json"}
    answer = await worked_on.client.post("/v1/coverage", content=body, headers=headers)
    assert answer.status_code == 400
    assert "twice" in answer.text


async def test_two_credentials_are_refused_and_so_are_two_hosts(worked_on: World) -> None:
    app, host = worked_on.client.app, ("host", "localhost")
    [planner], [viewer] = (
        [("authorization", value) for value in worked_on.headers[role].values()]
        for role in ("planner", "viewer")
    )
    assert (await raw(app, [host, planner]))[0] == 200
    assert (await raw(app, [host, planner, viewer]))[0] == 400
    assert (await raw(app, [host, host]))[0] == 400
    assert (await raw(app, []))[0] == 400


HOSTS = {
    "by default on the loopback": ({}, ["localhost", "127.0.0.1:8000", "[::1]"], ["evil.example", "a b"]),
    "listed": (
        {
            "allowed_hosts": "registry.example, www.example",
            "host": "0.0.0.0",
            "trusted_proxies": "10.0.0.0/8",
        },
        ["registry.example", "WWW.example:443"],
        ["evil.example", "localhost", "registry.example.evil.example", "registry.example@evil"],
    ),
    "unlisted behind a proxy": ({"trusted_proxies": "10.0.0.0/8"}, ["any.example"], ["a/b", ""]),
}


@pytest.mark.parametrize("case", HOSTS)
async def test_links_are_made_of_names_that_are_known(urls: list[str], case: str) -> None:
    settings, known, unknown = HOSTS[case]
    app = create_app(Settings(pool_size=2, key_pepper=PEPPER, **settings), as_role(urls[10]))
    async with serving(app):
        for host in known:
            status, _ = await raw(app, [("host", host)])
            assert status == 200, host
        for host in unknown:
            assert (await raw(app, [("host", host)]))[0] == 400, host


async def test_only_a_trusted_proxy_says_which_name_the_client_used(urls: list[str]) -> None:
    settings = Settings(
        pool_size=2, key_pepper=PEPPER, trusted_proxies="10.0.0.0/8", allowed_hosts="registry.example"
    )
    app = create_app(settings, as_role(urls[10]))
    told = [("x-forwarded-proto", "https"), ("x-forwarded-host", "registry.example")]
    async with serving(app):
        status, body = await raw(app, [("host", "inner:8000"), *told], client="10.1.2.3")
        assert status == 200
        assert b"https://registry.example/v1/places" in body
        assert (await raw(app, [("host", "inner:8000"), *told], client="192.0.2.7"))[0] == 400
        forged = [("host", "registry.example"), ("x-forwarded-host", "evil.example")]
        assert b"evil" not in (await raw(app, forged, client="192.0.2.7"))[1]
        assert (await raw(app, forged, client="10.1.2.3"))[0] == 400
