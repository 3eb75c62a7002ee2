"""A typed client of the registry. `registry_api.core` is generated from its OpenAPI document.

Operations are modules of `registry_api.core.api`, their types are in `registry_api.core.models`:

    from registry_api import answer, connect
    from registry_api.core.api.proximity import find_nearest

    with connect("https://registry.example", key="…") as registry:
        near = answer(find_nearest.sync_detailed(client=registry, lon=106.65, lat=29.03, kind="shelter", k=5))
        print(near.features[0].properties.name.zh)
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from registry_api.core.client import AuthenticatedClient, Client
from registry_api.core.models import ConflictProblem, Problem
from registry_api.core.types import Response

__version__ = "0.2.0"
__all__ = ["EditConflict", "RegistryProblem", "answer", "connect", "etag", "pages"]
T = TypeVar("T")


class RegistryProblem(Exception):
    """The registry refused a request; `problem` says why, `errors` names each parameter or member."""

    def __init__(self, problem: Problem | ConflictProblem) -> None:
        super().__init__(f"{problem.status} {problem.title}: {problem.detail}")
        self.problem = problem


class EditConflict(RegistryProblem):
    """Somebody changed the same members; `problem.conflict` is where a person decides."""

    problem: ConflictProblem


class UnexpectedAnswer(Exception):
    """The answer is of a status or a form that the document does not have, such as a proxy's own page."""


def connect(
    url: str, key: str | None = None, *, language: str | None = None, timeout_s: float = 30
) -> Client | AuthenticatedClient:
    """A client of the registry at `url`; without a key it reads what is public."""
    import httpx

    shared: dict[str, Any] = {
        "base_url": url.rstrip("/"),
        "headers": {} if language is None else {"Accept-Language": language},
        "timeout": httpx.Timeout(timeout_s),
    }
    return Client(**shared) if key is None else AuthenticatedClient(token=key, **shared)


def answer(response: Response[T | Problem | ConflictProblem]) -> T:
    """The typed body of a response; RegistryProblem when the registry refused the request."""
    body: Any = response.parsed
    if isinstance(body, ConflictProblem):
        raise EditConflict(body)
    if isinstance(body, Problem):
        raise RegistryProblem(body)
    if body is None and response.content:
        raise UnexpectedAnswer(f"{response.status_code}: {response.content[:200]!r}")
    parsed: T = body
    return parsed


def etag(response: Response[Any]) -> str | None:
    """The version of the record in a response, to be sent as `if_match`."""
    return response.headers.get("etag")


def pages(operation: Callable[..., Response[Any]], **arguments: Any) -> Iterator[Any]:
    """Every page of a list: `pages(list_resources.sync_detailed, client=registry, kind="shelter")`."""
    while True:
        page = answer(operation(**arguments))
        yield page
        links = [link.additional_properties for link in page.links or ()]
        following = next((link["href"] for link in links if link.get("rel") == "next"), None)
        if following is None:
            return
        arguments["cursor"] = parse_qs(urlsplit(following).query)["cursor"][0]
