"""All lists page alike: `limit`, `cursor`, and a `next` link that leads through the whole list once."""

from typing import Any

import httpx
import pytest

from tests.served.test_examples import operations, request_of

ALL_AT_ONCE = {
    "listToRehome": "what is to be done about one code",
    "listExercises": "the few names of drills",
    "listContacts": "the few contacts of one record",
    **dict.fromkeys(
        ("listAttachmentsOfResource", "listAttachmentsOfIncident", "listAttachmentsOfEntry"),
        "at most twenty pictures of one record",
    ),
    "listVisits": "a sheet to print, also as CSV",
    "listHotlines": "the numbers to call at one place",
    "listResponsible": "whom to call about one hazard at one place",
    "listCordons": "what is closed around one incident",
    "listInside": "says with `complete` whether there is more",
    "listObservations": "the latest of one record, at most `limit`",
    "listApprovals": "the latest, at most `limit`",
    "listDeliveries": "the latest of one subscription, at most `limit`",
}
"""Lists without pages, and why."""


@pytest.fixture(scope="module")
def document(web) -> dict[str, Any]:
    return web.get("/docs/openapi.json").json()


def lists(document):
    for method, path, operation in operations(document):
        if method == "get" and operation["operationId"].startswith("list"):
            yield path, operation, {item["name"] for item in operation.get("parameters", ())}


def test_every_list_has_pages(document) -> None:
    unpaged = {one["operationId"] for _, one, names in lists(document) if not {"cursor", "limit"} <= names}
    assert unpaged == ALL_AT_ONCE.keys()


def items_of(answer: dict[str, Any]) -> list[Any]:
    """The list in an answer: `features`, or the one member that is a list beside the links."""
    if "features" in answer:
        found: list[Any] = answer["features"]
        return found
    (name,) = [name for name, value in answer.items() if isinstance(value, list) and name != "links"]
    listed: list[Any] = answer[name]
    return listed


def timeless(item: dict[str, Any]) -> dict[str, Any]:
    """An item without the instant that `force` of a warning is told for, which is that of the question."""
    return {name: value for name, value in item.items() if name != "force_at"}


def follow(web: httpx.Client, url: str, params: dict[str, str]) -> list[Any]:
    answer = web.get(url, params=params).json()
    items, pages = items_of(answer), 1
    while (link := next((one for one in answer["links"] if one["rel"] == "next"), None)) is not None:
        answer = web.get(link["href"]).json()
        assert items_of(answer), link
        items, pages = items + items_of(answer), pages + 1
        assert pages < 1000, "the pages have no end"
    return items


def test_next_leads_through_the_whole_list_once(web, document) -> None:
    walked = 0
    for path, operation, names in lists(document):
        url, rest = request_of(path, operation)
        if not {"cursor", "limit"} <= names or "e0ff" in url:
            continue
        asked = rest["params"] | ({"exercise": "demo"} if operation["operationId"] == "listResources" else {})
        whole = items_of(web.get(url, params=asked | {"limit": "10000"}).json())
        size = max(1, len(whole) // 4)
        if operation["operationId"] == "listAudit":  # each request adds to it
            continue
        paged = follow(web, url, asked | {"limit": str(size)})
        assert [timeless(one) for one in paged] == [timeless(one) for one in whole], path
        walked += len(whole) > 1
    assert walked >= 6


def test_a_page_after_something_that_is_gone_says_so(web) -> None:
    page = web.get("/v1/zones", params={"limit": 1}).json()
    href = next(one["href"] for one in page["links"] if one["rel"] == "next")
    other = web.get("/v1/rules", params={"cursor": httpx.URL(href).params["cursor"], "limit": 1})
    assert (other.status_code, other.json()["type"]) == (410, "/docs/problems#cursor-expired")
