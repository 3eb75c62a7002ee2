"""The application over the live seeds, for questions that change nothing."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.api.conftest import plan_client, plan_url

__all__ = ["plan_client", "plan_url"]

Ask = Callable[..., Awaitable[Any]]


@pytest.fixture
def get(plan_client) -> Ask:
    """Asks by GET and returns the answer as JSON: `await get("/v1/places", q="永新")`."""

    async def ask(path: str, **params: Any) -> Any:
        answer = await plan_client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


@pytest.fixture
def post(plan_client) -> Ask:
    """Asks by POST and returns the answer as JSON."""

    async def ask(path: str, **body: Any) -> Any:
        answer = await plan_client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


@pytest.fixture
def check(get) -> Ask:
    """Checks one provision."""

    async def ask(identity: str, **params: Any) -> Any:
        return await get(f"/v1/provisions/{identity}/check", **params)

    return ask
