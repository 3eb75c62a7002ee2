"""The call list: who answers for a hazard, in which order, and what is not recorded."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from registry.domain.plans.call_list import CallList, call_list
from registry.domain.plans.entry import Entry

CHAIN = ["town", "district"]


def entry(identity: int, register: str, **values: Any) -> dict[str, Any]:
    return {"register": register, "id": str(UUID(int=identity)), "place": "district"} | values


FIRE = entry(1, "organisation", type="special_command", hazards=["forest_fire"], parent=str(UUID(int=2)))
HEAD = entry(2, "organisation", type="general_headquarters", hazards=["flood"])
FLOOD = entry(3, "organisation", type="special_command", hazards=["flood", "drought"])
WEATHER = entry(4, "organisation", type="special_command", hazards=["meteorological"])
BOARD = entry(5, "organisation", type="committee", hazards=["forest_fire"])
LIFT = entry(6, "responsibility", role="rescue", topic=["lift"])
ANY = entry(7, "responsibility", role="duty_desk", place="town")
PATROL = entry(8, "responsibility", role="patrol", hazards=["flood"], contact="023-1")
LIFT_LINE = entry(9, "hotline", number="96333", topic=["lift"])
WORK_LINE = entry(10, "hotline", number="12350", topic=["work_safety"])
ALL = [FIRE, HEAD, FLOOD, WEATHER, BOARD, LIFT, ANY, PATROL, LIFT_LINE, WORK_LINE]


def listed(hazard: str | None, entries: list[dict[str, Any]] = ALL, chain: list[str] = CHAIN) -> CallList:
    return call_list(msgspec.convert(entries, list[Entry], strict=False), chain, hazard)


def numbers(section: list[Any]) -> list[int]:
    return [item.id.int for item in section]


@pytest.mark.parametrize(
    ("hazard", "bodies", "persons", "hotlines"),
    [
        ("forest_fire", [1, 5, 2], [7], []),
        ("registry:forest_fire", [1, 5, 2], [7], []),
        ("rainstorm", [4, 3, 2], [8, 7], []),
        ("heat", [4, 1, 3, 5, 2], [7], []),
        ("lift", [], [6, 7], [9, 10]),
        ("hazmat", [], [7], [10]),
        (None, [1, 3, 4, 2, 5], [7, 6, 8], [9, 10]),
    ],
)
def test_who_answers_for_a_hazard(
    hazard: str | None, bodies: list[int], persons: list[int], hotlines: list[int]
) -> None:
    found = listed(hazard)
    assert numbers(found.organisations) == bodies
    assert numbers(found.persons) == persons
    assert numbers(found.hotlines) == hotlines


def test_each_says_what_it_is_for_and_why_it_answers() -> None:
    found = listed("rainstorm")
    assert [(body.relation, body.via) for body in found.organisations] == [
        ("wider", "meteorological"),
        ("follows", "flood"),
        ("follows", "flood"),
    ]
    fire = listed("forest_fire").organisations
    assert [(body.responsible_for, body.relation) for body in fire] == [
        (["forest_fire"], "named"),
        (["forest_fire"], "named"),
        (["flood"], "superior"),
    ]
    assert fire[-1].via == str(UUID(int=1))
    (general,) = listed("forest_fire").persons
    assert (general.responsible_for, general.relation) == ([], "general")


def test_what_is_not_recorded_is_said() -> None:
    def said(*given: Any) -> str:
        return " ".join(words.en for words in listed(*given).missing)

    assert "no body" in said("forest_fire", [])
    assert "nobody" in said("forest_fire", [FIRE])
    assert "no hotline" in said("forest_fire", [FIRE, LIFT_LINE])
    assert "telephone" in said("forest_fire", [FIRE])
    assert "telephone" not in said("flood", [FLOOD, PATROL])
    assert "territory" in said("flood", ALL, [])


def test_a_desk_of_a_smaller_place_and_for_the_whole_of_it_comes_first() -> None:
    desk = {"role": "duty_desk", "hazards": ["flood"]}
    town, district = entry(30, "responsibility", place="town", **desk), entry(20, "responsibility", **desk)
    dam = entry(10, "responsibility", place="town", hazard_point=str(UUID(int=99)), **desk)
    assert numbers(listed("flood", [dam, district, town]).persons) == [30, 20, 10]
