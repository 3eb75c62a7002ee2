"""A session with a registry over HTTP: which one, as whom, and its errors as sentences."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click
import httpx
import msgspec

from registry.cli.remote.profile import Profile, saved

TIMEOUT_S = 120.0
HOLDER = "command-line"


class Target(NamedTuple):
    """Which registry is meant, and how its answers are printed."""

    url: str | None
    key: str | None
    profile: str | None
    form: str
    language: str
    exercise: str | None


class Session:
    """Requests to one registry; a refusal is a sentence and exit code 1."""

    def __init__(self, client: httpx.Client, target: Target) -> None:
        self._client = client
        self.target = target

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer; ClickException for a refusal, with every fault that the registry names."""
        if self.target.exercise is not None:
            options["params"] = {"exercise": self.target.exercise} | options.get("params", {})
        try:
            response = self._client.request(method, path, **options)
        except httpx.HTTPError as error:
            raise click.ClickException(f"{self._client.base_url} does not answer: {error}") from error
        if not response.is_success:
            raise click.ClickException(_sentence(response))
        return response

    def get(self, path: str, **params: Any) -> Any:
        """The JSON of a question; parameters that are None are left out."""
        return self.ask("GET", path, params=_stated(params)).json()

    def pages(self, path: str, member: str, most: int, **params: Any) -> tuple[dict[str, Any], list[Any]]:
        """The first page of a list, and at most `most` of its items from as many pages as that takes."""
        asked = _stated(params) | {"limit": min(most, 1000)}
        page = first = self.get(path, **asked)
        items = list(page[member])
        while len(items) < most and (cursor := _next(page)) is not None:
            page = self.get(path, **asked, cursor=cursor)
            items += page[member]
        return first, items[:most]

    def code_of_place(self, text: str | None) -> str | None:
        """The code of a place that is named by its code or by its name in Chinese or English."""
        if text is None or text.isascii():
            return text
        found = self.get("/v1/places", q=text, limit=1000)["features"]
        exact = [one["id"] for one in found if text in one["properties"]["name"].values()] or [
            one["id"] for one in found
        ]
        if len(exact) == 1:
            return str(exact[0])
        listed = ", ".join(f"{one['id']} {one['properties']['name']['zh']}" for one in found[:10])
        raise click.ClickException(f"which place is {text}? {listed or 'none has that name'}")

    def identity_of(self, text: str) -> str:
        """The identity of a record that is named by its identity or its name."""
        if text.count("-") == 4 and text.isascii():
            return text
        found = self.get("/v1/resources", q=text, limit=1000)["features"]
        exact = [one for one in found if text in one["properties"]["name"].values()] or found
        if len(exact) == 1:
            return str(exact[0]["id"])
        listed = "".join(f"\n  {one['id']} {one['properties']['name']['zh']}" for one in exact[:10])
        raise click.ClickException(f"which record is {text}?{listed or ' none has that name'}")


def _stated(params: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}


def _next(page: dict[str, Any]) -> str | None:
    href = next((link["href"] for link in page.get("links", ()) if link["rel"] == "next"), None)
    return None if href is None else httpx.URL(href).params["cursor"]


def _sentence(response: httpx.Response) -> str:
    """A problem as lines: what was wrong, and each fault with what would be right."""
    try:
        problem = response.json()
        lines = [f"{problem['title'].rstrip('.。')}: {problem['detail']}"]
    except (ValueError, KeyError, TypeError):
        return f"{response.request.url} answered {response.status_code} {response.reason_phrase}"
    for fault in problem.get("errors", ()):
        right = f" → {fault['proposal']}" if fault.get("proposal") is not None else ""
        lines.append(f"  {fault.get('pointer') or fault.get('parameter')}: {fault['detail']}{right}")
    return "\n".join(lines)


@contextmanager
def session(target: Target) -> Iterator[Session]:
    """A session with the registry of the options, the profile, or this machine."""
    profile = _profile(target)
    if profile is not None:
        with _client(profile, target) as client:
            yield Session(client, target)
    else:
        with _own(target) as own, _client(own, target) as client:
            yield Session(client, target)


def _profile(target: Target) -> Profile | None:
    if target.url is not None:
        return Profile(target.url, target.key)
    profiles = saved()
    if target.profile is not None and target.profile not in profiles:
        listed = ", ".join(sorted(profiles)) or "none"
        raise click.ClickException(f"there is no profile {target.profile}; saved: {listed}")
    found = profiles.get(target.profile or "default")
    return found if found is None or target.key is None else found._replace(key=target.key)


def _client(profile: Profile, target: Target) -> httpx.Client:
    headers = {"Accept-Language": target.language}
    if profile.key is not None:
        if not profile.key.isascii():
            raise click.ClickException("the key has characters that no key has")
        headers["Authorization"] = f"Bearer {profile.key}"
    try:
        return httpx.Client(base_url=profile.url.rstrip("/"), headers=headers, timeout=TIMEOUT_S)
    except (httpx.InvalidURL, ValueError) as error:
        raise click.ClickException(f"{profile.url} is no address: {error}") from error


@contextmanager
def _own(target: Target) -> Iterator[Profile]:
    """A server over the database of this machine, for as long as the command lasts."""
    from registry.runtime import database, key_pepper, server
    from registry.runtime.listening import open_socket
    from registry.runtime.settings import read

    settings = read(os.environ)
    with database.opened(settings) as urls, open_socket("127.0.0.1", 0) as listening:
        key = target.key
        if key is None and urls.owner is not None:
            key = _own_key(settings.data_dir, urls.owner, key_pepper.peppers(settings).current)
        chosen = msgspec.structs.replace(
            settings,
            host="127.0.0.1",
            port=int(listening.getsockname()[1]),
            workers=1,
            database_url=urls.role,
            owner_url=None,
            admin_key=None,
            log_file=settings.log_file or settings.data_dir / "command-line.log",
        )
        with server.running(chosen, listening) as process:
            if not server.wait_ready(chosen, process):
                raise click.ClickException("the registry of this machine could not be started")
            yield Profile(server.address(chosen), key)


def _own_key(folder: Path, owner_url: str, secret: bytes) -> str:
    """The key with which whoever owns the data directory acts; made once, readable by the owner only."""
    path = folder / "command-line.key"
    if path.exists():
        return path.read_text("ascii").strip()
    token = asyncio.run(_new_key(owner_url, secret))
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(token)
    return token


async def _new_key(owner_url: str, secret: bytes) -> str:
    """A key for this machine; a second one when the first was lost."""
    from registry.domain.errors import RegistryError
    from registry.runtime import database
    from registry.services.access import keys
    from registry.services.clock import now

    async with database.writing(owner_url) as writer:
        try:
            return await keys.create_key(
                writer, secret, holder=HOLDER, role="admin", now=now(), places=(), expires_at=None
            )
        except RegistryError:
            return await keys.rotate_key(writer, secret, HOLDER, now=now(), expires_at=None)
