"""Requests that the documents allow, and some that they do not: no answer is a server error.

A slice of what `./dev fuzz` asks, always the same: some requests of each twelfth operation, in two roles.
`GENERATED_EVERY=1 GENERATED_EXAMPLES=200` asks all.
"""

import asyncio
import os
from contextlib import suppress
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode

from tests.api.conftest import Client

EVERY = int(os.environ.get("GENERATED_EVERY", "12"))
EXAMPLES = int(os.environ.get("GENERATED_EXAMPLES", "4"))
DOCUMENTS = ("/docs/openapi.json", "/ogc/api?f=json")
UNENDING = "/v1/changes/stream"


def cases(document: dict[str, Any]) -> list[Any]:
    """Valid and invalid requests of the slice, always the same."""
    made: list[Any] = []
    schema = schemathesis.openapi.from_dict(document)
    operations = [result.ok() for result in schema.get_all_operations()]
    for operation in operations[::EVERY]:
        for mode in GenerationMode:

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(
                max_examples=EXAMPLES,
                derandomize=True,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=[*HealthCheck],
            )
            def collect(case: Any) -> None:
                made.append(case)

            if operation.path != UNENDING:
                with suppress(Unsatisfiable):  # an operation without a parameter has no wrong request
                    collect()
    return made


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize("role", ["public", "planner"])
async def test_no_generated_request_is_a_server_error(
    client: Client, stored: Any, signed: Any, path: str, role: str
) -> None:
    headers = {} if role == "public" else await signed(role)
    document = (await client.get(path)).json()
    base = "http://localhost" + ("/ogc" if path.startswith("/ogc") else "")
    failed, asked = [], 0
    async with httpx.AsyncClient(transport=client._transport, timeout=60) as plain:
        for case in await asyncio.to_thread(cases, document):
            sent = case.as_transport_kwargs(base_url=base)
            sent.pop("cookies", None)
            sent["headers"] = dict(sent.get("headers") or {}) | headers
            if "data" in sent and not isinstance(sent["data"], dict):
                sent["content"] = sent.pop("data")
            try:
                answer = await plain.request(**sent)
            except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeError, TypeError, ValueError):
                continue  # no client can send it
            asked += 1
            if answer.status_code >= 500 and answer.status_code != 503:
                failed.append(f"{sent}: {answer.status_code} {answer.text[:300]}")
    assert not failed, "\n".join(failed[:5])
    assert asked > 20
