"""No answer about a set goes without its completeness, what is undecided and what was excluded."""

from typing import Any, get_type_hints

import msgspec
import pytest
from litestar.routes import HTTPRoute

from registry.app import create_app
from registry.domain.completeness import Completeness, Exclusion, SetAnswer, Undecided
from registry.runtime.settings import Settings
from registry.services.proximity.assign import Assignment
from registry.store.records import changes
from tests.access.questions import BODIES, questions
from tests.api.near import a_place, box, there
from tests.builders import A_CHANGE, make

MEMBERS = {"features", "hits", "depots", "lines", "visits"}
"""Members that list the records of a set; those of one origin of a batch are part of the whole answer."""
OTHERS = ("GET /v1/resources", "GET /v1/reconciliation", "GET /v1/survey-list")


NO_SET = ("GET /v1/proximity/position",)


def _is_walked(name: str) -> bool:
    asks = name.startswith(("GET /v1/proximity/", "POST /v1/proximity/")) and name not in NO_SET
    return asks or name in OTHERS


APP = create_app(Settings(), "postgresql://nobody@nowhere/none")
HANDLERS = {
    name: handler
    for route in APP.routes
    if isinstance(route, HTTPRoute)
    for method, (handler, _) in route.route_handler_map.items()
    if _is_walked(name := f"{method} {route.path}")
}


def structs_in(kind: Any) -> set[type[msgspec.Struct]]:
    """Every struct that an answer of this type may contain."""
    found: set[type[msgspec.Struct]] = set()
    waiting = [kind]
    while waiting:
        one = waiting.pop()
        waiting += getattr(one, "__args__", ())
        if isinstance(one, type) and issubclass(one, msgspec.Struct) and one not in found:
            found.add(one)
            waiting += get_type_hints(one).values()
    return found


def lists_records(one: type[msgspec.Struct]) -> bool:
    """Whether a member of the struct lists records."""
    hints = get_type_hints(one)
    return any(getattr(hints.get(name), "__origin__", None) is list for name in MEMBERS)


@pytest.mark.parametrize("name", sorted(HANDLERS))
def test_the_type_of_every_answer_demands_the_three(name) -> None:
    answer = get_type_hints(HANDLERS[name].fn)["return"]
    sets = [one for one in structs_in(answer) if lists_records(one)]
    assert any(issubclass(one, SetAnswer) for one in sets)
    for one in sets:
        assert issubclass(one, SetAnswer) or one is Assignment, one


def sets_in(answer: Any) -> list[dict[str, Any]]:
    """Every part of an answer that lists features or depots, features themselves aside."""
    if not isinstance(answer, dict) or answer.get("type") == "Feature":
        return []
    inner = [part for value in answer.values() for part in sets_in(value)]
    listed = {"features", "depots", "lines", "visits"} & answer.keys()
    return [answer, *inner] if listed and "takes" not in answer else inner


async def test_every_answer_has_the_three(client, stored) -> None:
    await a_place(stored, "D", extent=box(106.5, 28.9, 0.3))
    for town in ("T1", "T2"):
        await a_place(stored, town, parent="D")
    kinds = ("rescue_team", "shelter", "fire_watch_point", "supply_depot")
    records = [there(kind, 200 * n, place="T1") for n, kind in enumerate(kinds)]
    await changes.load(stored, [*records, make("shelter", None, place="T2")], A_CHANGE)
    asked = {f"{one.method} {one.template}" for one in _questions(client)}
    assert asked == HANDLERS.keys()
    seen = 0
    for one in _questions(client):
        response = await client.request(one.method, one.url, json=one.body)
        if response.status_code != 200:
            assert response.status_code in (400, 404, 422), response.text
            continue
        if response.headers["content-type"].startswith("text/csv"):
            continue
        sets = sets_in(response.json())
        assert sets, one
        for part in sets:
            members = part.get("features", part.get("depots"))
            if not {"answers", "lines", "visits"} & part.keys() and not isinstance(members, list):
                continue
            assert {"completeness", "undecided", "excluded"} <= part.keys(), one
            msgspec.convert(part["completeness"], Completeness)
            msgspec.convert(part["undecided"], Undecided)
            msgspec.convert(part["excluded"], dict[str, Exclusion])
            if not {"lines", "visits"} & part.keys():
                assert bool(members) != ("none" in part), one
            seen += 1
    assert seen > 50


def _questions(client) -> list[Any]:
    return [one for one in questions(client.app) if _is_walked(f"{one.method} {one.template}")]


def test_every_route_has_a_body_to_be_asked_with() -> None:
    posted = {name.partition(" ")[2] for name in HANDLERS if name.startswith("POST")}
    assert posted <= BODIES.keys()


async def test_a_condition_of_one_kind_does_not_change_what_others_have_listed(client, stored) -> None:
    await a_place(stored, "D", extent=box(106.5, 28.9, 0.3))
    await changes.load(
        stored, [there("rescue_team", 10), there("shelter", 20), there("shelter", 30)], A_CHANGE
    )
    listed = []
    for query in ("?readiness=available", "", "?opening=open"):
        answer = (await client.get(f"/v1/resources{query}")).json()
        listed.append(answer["completeness"]["listed"])
    assert listed == [1, 3, 2]
