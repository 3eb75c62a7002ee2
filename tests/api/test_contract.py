"""What the document of /v1 says of requests and answers, held against both; found by `./dev fuzz`."""

import gc
import re
from typing import Any

import jsonschema_rs
import pytest
from litestar.routes import HTTPRoute

from registry.api.http.contract.members import SHARED
from registry.api.http.problems import kinds, slug_of
from tests.access.questions import questions

NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
async def document(plan_client) -> dict[str, Any]:
    return (await plan_client.get("/docs/openapi.json")).json()


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def test_every_refusal_is_described_with_its_types(document) -> None:
    told = document["components"]["responses"]["Problem404"]["content"]["application/problem+json"]["schema"]
    assert document["components"]["schemas"][told["$ref"].rsplit("/", 1)[-1]]["required"][:2] == [
        "type",
        "title",
    ]
    for name, operation in operations(document):
        statuses = {"400", "401", "403", "404", "422", "429", "500", "503"}
        if not name.startswith("GET"):
            statuses |= {"408", "409", "412", "413", "415", "428"}
        if any(item["name"] == "cursor" for item in operation.get("parameters", ())):
            statuses.add("410")
        for status in statuses:
            reference = operation["responses"][status]["$ref"].rpartition("/")[2]
            assert reference in (f"Problem{status}", "EditConflict"), f"{name} {status}"
            assert "/docs/problems#" in document["components"]["responses"][reference]["description"]
    described = str(document["components"]["responses"])
    assert [slug_of(kind) for kind in kinds() if f"#{slug_of(kind)}`" not in described] == []


def test_no_parameter_may_be_null(document) -> None:
    for name, operation in operations(document):
        for item in operation.get("parameters", ()):
            schema = item["schema"]
            assert "null" not in str(schema.get("type")), f"{name} {item['name']}"
            assert None not in schema.get("enum", ()), f"{name} {item['name']}"
            assert {"type": "null"} not in schema.get("oneOf", ()), f"{name} {item['name']}"


def test_a_bound_of_zero_and_unknown_members_are_described(document) -> None:
    stream = document["paths"]["/v1/changes"]["get"]["parameters"]
    assert next(item["schema"] for item in stream if item["name"] == "wait_s")["minimum"] == 0
    schemas = document["components"]["schemas"]
    assert schemas["Draft"]["additionalProperties"] is False
    assert schemas["StockLine"]["additionalProperties"] is False


@pytest.mark.parametrize(
    ("method", "path", "status", "media"),
    [
        ("get", "/v1/changes/stream", "200", ["text/event-stream"]),
        ("get", "/v1/reconciliation", "200", ["application/json", "text/csv; charset=utf-8; header=present"]),
        ("put", "/v1/resources/{identity}", "201", ["application/geo+json"]),
        ("post", "/v1/resources/{identity}/location", "202", ["application/json"]),
        (
            "post",
            "/v1/corrections/{identity}/decision",
            "200",
            ["application/geo+json", "application/json"],
        ),
    ],
)
def test_every_form_of_an_answer_is_described(document, method, path, status, media) -> None:
    content = document["paths"][path][method]["responses"][status]["content"]
    assert list(content) == media
    assert all(slot["schema"] for slot in content.values())


def test_a_stream_is_described_by_no_schema_of_its_events(document) -> None:
    """Readers of the document hold a schema against each event, not against the text of all."""
    told = document["paths"]["/v1/changes/stream"]["get"]["responses"]["200"]["content"]
    assert "type" not in told["text/event-stream"]["schema"]


def test_an_alert_may_be_sent_as_xml_or_json(document) -> None:
    taken = document["paths"]["/v1/proximity/alert-area"]["post"]["requestBody"]["content"]
    assert {"application/json", "application/cap+xml"} <= taken.keys()


@pytest.mark.parametrize("path", ["/v1/resources", "/v1/registers/organisation", "/v1/proximity/covering"])
@pytest.mark.parametrize("as_of", ["null", "NULL", "0.5", "1767225600", "2026-01-01", "2026-01-01T00:00:00"])
async def test_a_time_is_an_instant_and_nothing_else(plan_client, path, as_of) -> None:
    asked = {"as_of": as_of} | ({"lon": 106.6, "lat": 29.0} if "covering" in path else {})
    answer = await plan_client.get(path, params=asked)
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "as_of")


@pytest.mark.parametrize("name", ["kind", "quality", "lifecycle", "limit"])
async def test_null_is_not_taken_for_no_condition(plan_client, name) -> None:
    assert (await plan_client.get("/v1/resources", params={name: "null"})).status_code == 400


async def test_a_text_may_be_null(plan_client) -> None:
    """A name is a text: whoever looks for `null` looks for those four letters."""
    assert (await plan_client.get("/v1/resources", params={"q": "null"})).json()["features"] == []


@pytest.mark.parametrize("edge", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
@pytest.mark.parametrize("path", ["/v1/resources", "/v1/hotlines", "/ogc/collections/shelters/items"])
async def test_the_first_and_the_last_instant_are_answered(plan_client, path, edge) -> None:
    assert (await plan_client.get(path, params={"as_of": edge})).status_code == 400


async def test_options_name_every_method_of_a_path(plan_client) -> None:
    told = 0
    for route in plan_client.app.routes:
        if isinstance(route, HTTPRoute) and route.path.startswith("/v1"):
            url = re.sub(r"\{\w+\}", NOBODY, route.path_format.replace("{n}", "1"))
            answer = await plan_client.options(url)
            methods = {"HEAD"} | set(route.methods) if "GET" in route.methods else set(route.methods)
            assert set(answer.headers["allow"].split(", ")) == methods, url
            told += 1
    assert told > 50


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("?exercise=No%20Name", {}),
        ("?as_of=soon", {}),
        ("", {"Idempotency-Key": "k" * 201}),
        ("", {"Idempotency-Key": ""}),
    ],
)
async def test_a_refused_request_leaves_no_transaction_behind(plan_client, caplog, query, headers) -> None:
    for _ in range(5):
        url = f"/v1/corrections/{NOBODY}/decision{query}"
        answer = await plan_client.post(url, json={"accept": True, "reason": "why"}, headers=headers)
        assert answer.status_code == 400
    gc.collect()
    await plan_client.get("/health/ready")
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


def test_every_operation_and_parameter_is_described_in_words(document) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len(set(names))
    for name, operation in operations(document):
        assert re.fullmatch(r"[a-z]+([A-Z][a-z0-9]*)*", operation["operationId"]), name
        assert len(operation["summary"]) > 10, name
        assert operation["description"].startswith(operation["summary"]), name
        for item in operation.get("parameters", ()):
            assert item.get("description", "").endswith((".", ")", "·")) or len(item["description"]) > 5, (
                f"{name} {item['name']}"
            )


BARE = {"type": "object", "additionalProperties": True}
"""What a description says that says nothing of a body."""


def test_no_body_is_without_a_schema(document) -> None:
    bare = {
        name
        for name, operation in operations(document)
        for status, response in operation["responses"].items()
        if status.startswith("2")
        for media, content in response.get("content", {}).items()
        if content["schema"] == BARE
    }
    assert bare == set()
    for name, schema in document["components"]["schemas"].items():
        for member, held in schema.get("properties", {}).items():
            assert held.get("type") != "array" or "items" in held or "prefixItems" in held, f"{name}.{member}"


def described_members(document):
    for name, schema in document["components"]["schemas"].items():
        for form in (schema, *schema.get("anyOf", ()), *schema.get("oneOf", ())):
            for member, described in form.get("properties", {}).items():
                yield name, member, described.get("description", "")


def test_every_schema_and_member_has_a_sentence(document) -> None:
    """A new member says what it is in a docstring below it, or its name is in SHARED."""
    assert [name for name, one in document["components"]["schemas"].items() if "description" not in one] == []
    members = list(described_members(document))
    assert len(members) > 2000
    assert [f"{name}.{member}" for name, member, text in members if len(text) < 4] == []
    assert SHARED.keys() - {member for _, member, _ in members} == set()


async def test_answers_are_as_their_schemas_say(client, document, stored) -> None:
    """Every question that is answered with JSON, in no language preferred and in each."""
    checked = 0
    for one in questions(client.app):
        if not one.template.startswith("/v1"):
            continue
        described = document["paths"][re.sub(r":\w+}", "}", one.template)][one.method.lower()]["responses"][
            "200"
        ]["content"]
        schema = described.get("application/json", {}).get("schema")
        for language in ("", "en", "zh"):
            response = await client.request(
                one.method, one.url, json=one.body, headers={"Accept-Language": language}
            )
            is_json = response.headers.get("content-type", "").startswith("application/json")
            if response.status_code == 200 and is_json and schema is not None:
                jsonschema_rs.validate(schema | {"components": document["components"]}, response.json())
                checked += 1
    assert checked > 60
