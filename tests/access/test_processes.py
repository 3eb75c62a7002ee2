"""A process answers what its question in /v1 answers, to the same reader, at the same cost."""

import json
import re
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import pytest

from registry.api.http.access.limits import cost_of, costs
from registry.api.ogc.processes.catalogue import PROCESSES
from registry.store.database.query import Query
from tests.access.questions import BODIES, EXECUTIONS
from tests.access.worlds import World

OWN = re.compile(
    rb'"links":\[[^\]]*\]|"(as_of|instance|request_id|elapsed_ms|solver_s|seconds)":("[^"]*"|[\d.]+)'
)
"""What any two answers to one question differ in: where and when it was asked."""
ASKED = sorted(EXECUTIONS)
RAN: ContextVar[list[Query] | None] = ContextVar("RAN", default=None)
"""The statements of one request; what runs beside it has another context."""


def twin_of(path: str) -> str:
    return PROCESSES[path.split("/")[3]].twin


def own(answer: bytes) -> Any:
    return OWN.sub(b"", answer)


async def audited(place: World) -> int:
    await place.client.app.state.audit_recorder.write()
    counted: int = await place.connection.fetchval("SELECT count(*) FROM audit")
    return counted


@pytest.mark.parametrize("role", ["public", "field", "planner"])
@pytest.mark.parametrize("path", ASKED)
async def test_a_process_answers_as_its_question(full: World, path: str, role: str) -> None:
    for execution in EXECUTIONS[path]:
        headers, before = full.headers[role], await audited(full)
        plain = await full.client.post(twin_of(path), json=execution["inputs"], headers=headers)
        between = await audited(full)
        answer = await full.client.post(path, json=execution, headers=headers)
        after = await audited(full)
        assert answer.status_code == plain.status_code
        assert own(answer.content) == own(plain.content)
        assert answer.headers["content-type"] == plain.headers["content-type"]
        assert after - between == between - before, "who reads restricted records is written down"


async def test_a_document_holds_the_answer_under_the_name_of_its_output(full: World) -> None:
    for path in ASKED:
        raw = await full.client.post(path, json=EXECUTIONS[path][0])
        whole = await full.client.post(path, json=EXECUTIONS[path][0] | {"response": "document"})
        assert whole.headers["content-type"].startswith("application/json")
        texts = (
            json.dumps(one, separators=(",", ":")).encode() for one in (whole.json()["answer"], raw.json())
        )
        assert len({own(text) for text in texts}) == 1, path


async def test_a_process_costs_what_its_question_costs(full: World) -> None:
    prices = costs(full.client.app)
    for one in PROCESSES.values():
        assert cost_of(prices, f"/ogc/processes/{one.id}/execution") == cost_of(prices, one.twin), one.id
    assert cost_of(prices, "/ogc/processes/gaps/execution") == 20


@pytest.fixture
def _noted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    args = Query.args

    def noting(self: Query, values: Any) -> list[Any]:
        if (ran := RAN.get()) is not None:
            ran.append(self)
        return args(self, values)

    monkeypatch.setattr(Query, "args", noting)
    yield
    RAN.set(None)


@pytest.mark.usefixtures("_noted")
@pytest.mark.parametrize("path", ASKED)
async def test_a_process_runs_the_statements_of_its_question(full: World, path: str) -> None:
    """To within what is kept: the database is what a question costs."""
    body, headers = EXECUTIONS[path][0], full.headers["viewer"]
    ran: list[list[str]] = []
    for asked, sent in 2 * ((twin_of(path), body["inputs"]), (path, body)):
        RAN.set(statements := [])
        await full.client.post(asked, json=sent, headers=headers)
        ran.append(sorted(statement.text for statement in statements))
    assert ran[2] == ran[3], "the second time, when what is kept is there"


def test_every_question_by_body_is_a_process_or_said_why() -> None:
    left = {path for path in BODIES if path.startswith("/v1")} - {one.twin for one in PROCESSES.values()}
    assert left == {
        "/v1/checks",  # plans are no question of the map
        "/v1/proximity/alert-area",  # an alert is a document of its own (CAP)
        "/v1/proximity/batch",  # a table of spots
    }
