"""What is wrong with a request, on every route: all at once, where it is, in the reader's language."""

import re
from typing import Any

import pytest

from registry.api.http.problems import kinds
from registry.domain.access.credential import new_token
from tests.served.test_examples import operations, request_of

CHINESE = re.compile("[一-鿿]")
WRONG = [[[]]]
"""What no member of a body may be."""
OF_THE_DECODER = re.compile(
    r"`|Expected|Invalid enum|Object (contains|missing)|regex|\bstr\b|\bint\b|\bfloat\b"
)
ANY_VALUE = {"pushOperations", "changeOne", "patchResource", "checkRecord", "flagPlace", "patchRow"}
"""Their members are looked at one by one, or after the record that they are about is read."""


@pytest.fixture(scope="module")
def document(web) -> dict[str, Any]:
    return web.get("/docs/openapi.json").json()


def bodies(document):
    for method, path, operation in operations(document):
        body = request_of(path, operation)[1].get("json")
        if isinstance(body, dict) and operation["operationId"] not in ANY_VALUE:
            yield method, path, operation, body


def resolves(pointer: str, body: Any) -> bool:
    """Whether a JSON pointer (RFC 6901) leads to a member of the body, or to one that is missing in it."""
    *way, last = pointer.split("/")[1:] or [""]
    for part in way:
        if isinstance(body, list):
            body = body[int(part)]
        else:
            body = body.get(part.replace("~1", "/").replace("~0", "~"))
    return isinstance(body, dict | list) and last != ""


def test_all_faults_of_a_body_are_told_at_once_by_their_pointers(web, document) -> None:
    tried = 0
    for method, path, operation, body in bodies(document):
        url, rest = request_of(path, operation)
        wrong = {name: value if name in ("type", "register") else WRONG for name, value in body.items()}
        changed = [name for name, value in wrong.items() if value is WRONG]
        rest["json"] = wrong
        for language, has_words in (("en", None), ("zh", CHINESE)):
            rest["headers"]["Accept-Language"] = language
            response = web.request(method, url, **rest)
            name = f"{operation['operationId']} {response.text[:1500]}"
            problem = response.json()
            assert response.status_code in (400, 422), name
            assert "errors" in problem, name
            told = {one["pointer"] for one in problem["errors"]}
            assert {f"/{member}" for member in changed} <= {
                "/" + pointer.split("/")[1] for pointer in told
            }, name
            assert all(resolves(pointer, wrong) for pointer in told), name
            for text in (problem["detail"], *(one["detail"] for one in problem["errors"])):
                assert not OF_THE_DECODER.search(text), f"{name}: {text}"
                assert has_words is None or has_words.search(text), f"{name}: {text}"
            assert response.headers["content-language"] == language
        tried += 1
    assert tried > 35


@pytest.mark.parametrize(
    ("member", "value", "zh", "en", "proposal"),
    [
        ("kind", "sheltr", "应为以下之一", "should be one of", "shelter"),
        ("level", "twn", "应为以下之一", "should be one of", "town"),
        ("capacity_persons", "300", "应为整数", "should be a whole number", 300),
        ("capacity_persons", -1, "应不小于 0", "should be at least 0", None),
        ("capacty_persons", 10, "没有名为", "there is no member", "capacity_persons"),
    ],
)
def test_the_value_that_would_be_right_is_told(web, member, value, zh, en, proposal) -> None:
    properties = {"kind": "shelter", "name": {"zh": "甲"}} | {member: value}
    body = {"type": "Feature", "properties": properties}
    for language, words in (("zh-CN", zh), ("en", en)):
        problem = web.post("/v1/resources", json=body, headers={"Accept-Language": language}).json()
        fault = next(one for one in problem["errors"] if one["pointer"] == f"/properties/{member}")
        assert words in fault["detail"]
        assert fault.get("proposal") == proposal


def test_an_unknown_parameter_names_the_likely_one_on_every_route(web, document) -> None:
    for method, path, operation in operations(document):
        url, rest = request_of(path, operation)
        if not path.startswith("/v1"):
            continue
        names = [item["name"] for item in operation.get("parameters", ()) if item["in"] == "query"]
        for language in ("zh", "en"):
            rest["headers"]["Accept-Language"] = language
            rest["params"] = rest["params"] | {"exercize": "demo"}
            problem = web.request(method, url, **rest).json()
            fault = problem["errors"][0]
            assert (problem["status"], fault["parameter"]) == (400, "exercize"), path
            assert bool(CHINESE.search(problem["detail"])) == (language == "zh"), path
            assert fault.get("proposal") == ("exercise" if "exercise" in names else fault.get("proposal")), (
                path
            )


def test_a_change_takes_no_instant_of_the_past(web, document) -> None:
    refused = 0
    for method, path, operation in operations(document):
        names = [item["name"] for item in operation.get("parameters", ())]
        if "strict" in names:
            assert "as_of" not in names, path
            url, rest = request_of(path, operation)
            rest["params"]["as_of"] = "2026-01-01T00:00:00Z"
            problem = web.request(method, url, **rest).json()
            assert (problem["status"], problem["errors"][0]["parameter"]) == (400, "as_of"), path
            refused += 1
    assert refused > 40


@pytest.mark.parametrize(
    ("language", "none", "unknown"),
    [("en", "no credential was sent", "the key sent is"), ("zh", "没有发送凭据", "所发送的密钥")],
)
def test_a_missing_and_an_unknown_key_are_told_apart(web, language, none, unknown) -> None:
    request = web.build_request("GET", "/v1/audit", headers={"Accept-Language": language})
    del request.headers["Authorization"]
    missing = web.send(request)
    assert (missing.status_code, none in missing.json()["detail"]) == (401, True)
    headers = {"Accept-Language": language, "Authorization": f"Bearer {new_token()}"}
    wrong = web.get("/v1/audit", headers=headers)
    assert (wrong.status_code, unknown in wrong.json()["detail"]) == (401, True)


def test_every_problem_has_a_title_in_both_languages() -> None:
    for kind in kinds():
        assert CHINESE.search(vars(kind)["title_zh"]), kind
