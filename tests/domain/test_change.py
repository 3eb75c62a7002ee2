"""Merge patches as RFC 7396 prints them, and three-way merges that never lose a side."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.errors import Invalid
from registry.domain.records.change import (
    differences,
    merge,
    merge_patch,
    new_version,
    next_version,
    patched,
    to_members,
)
from registry.domain.records.resource import Resource
from tests.builders import NOW, make

RFC_7396_APPENDIX_A = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "capacity_persons": st.integers(0, 9),
        "note": st.sampled_from(["one", "two"]),
        "opening": st.sampled_from(["open", "closed"]),
        "place": st.sampled_from(["T1", "T2"]),
    },
)


@pytest.mark.parametrize(("target", "patch", "result"), RFC_7396_APPENDIX_A)
def test_merge_patch_is_that_of_the_rfc(target, patch, result) -> None:
    assert merge_patch(target, patch) == result


def edited(base: Resource, changes: dict) -> Resource:
    return patched(base, {"properties": changes})


@given(mine=MEMBERS, theirs=MEMBERS)
def test_a_merge_keeps_both_sides_or_names_the_clash(mine: dict, theirs: dict) -> None:
    base = make(note="base", place="T0")
    wanted, current = edited(base, mine), edited(base, theirs)
    result = merge(base, current, wanted)
    ours, others = (differences(to_members(base), to_members(x)) for x in (wanted, current))
    clashing = sorted(name for name in ours if name in others and ours[name] != others[name])
    assert list(result.overlapping) == clashing
    if clashing:
        assert result.record == current
    else:
        expected = to_members(base) | others | ours
        assert to_members(result.record) == expected


def test_a_moved_point_and_a_changed_quality_clash() -> None:
    base = make()
    moved = msgspec.structs.replace(base, geometry=make(lon=107.0).geometry)
    known = patched(base, {"properties": {"location": {"uncertainty_m": 3}}})
    assert merge(base, known, moved).overlapping == ("geometry",)


def test_versions_move_forward_even_when_the_clock_does_not() -> None:
    first = new_version(make(), NOW)
    second = next_version(first, first, NOW.replace(year=2020))
    assert second.properties.version == 2
    assert second.properties.updated_at > first.properties.updated_at
    assert second.properties.created_at == first.properties.created_at


@pytest.mark.parametrize("change", [{"kind": "rescue_team"}, {"exercise": "drill"}])
def test_a_record_stays_what_and_where_it_is(change) -> None:
    base = make()
    with pytest.raises(Invalid):
        next_version(base, edited(base, change), NOW)
