"""How secret a record is, is a fact of today: no reading of the past tells what was public once.

The worlds of `test_visibility`, in which visibility and place changed: the same two oracles.
"""

import pytest

from tests.access.questions import STREAMS, questions
from tests.access.streams import told
from tests.access.test_visibility import IDS, answered, hidden_words, same
from tests.access.worlds import NOW, World, identity_of


@pytest.mark.parametrize("role", ["public", "viewer", "field"])
async def test_no_byte_tells_of_a_record_that_was_public_once(reclassified: World, role: str) -> None:
    words = hidden_words(role)
    for question in questions(reclassified.client.app):
        answer = await answered(reclassified, role, question)
        echo = question.url.encode() + repr(question.body).encode()
        found = {word for word in words if word in answer.content and word not in echo}
        assert not found, f"{role} {question}: {found}"


async def test_the_public_cannot_tell_what_was_public_before(
    reclassified: World, reclassified_elsewhere: World
) -> None:
    await same(reclassified, reclassified_elsewhere, "public")


async def test_a_viewer_cannot_tell_what_was_public_before(
    reclassified: World, reclassified_without_restricted: World
) -> None:
    await same(reclassified, reclassified_without_restricted, "viewer")


async def test_a_field_officer_cannot_tell_what_left_the_town(
    transferred: World, transferred_without_other_town: World
) -> None:
    await same(transferred, transferred_without_other_town, "field")


@pytest.mark.parametrize("path", STREAMS)
async def test_a_stream_from_the_beginning_does_not_tell_either(
    reclassified: World, reclassified_elsewhere: World, path: str
) -> None:
    heard = [await told(place, "public", path) for place in (reclassified, reclassified_elsewhere)]
    assert IDS.sub(b"", heard[0].content) == IDS.sub(b"", heard[1].content)
    assert heard[0].content.count(b"event: ") > 10


async def test_those_who_may_know_read_the_whole_past(reclassified: World) -> None:
    """The oracle can see a difference: a planner reads what was public, and that it was."""
    identity = identity_of("restricted", "T2", "shelter", None)
    then = {"as_of": NOW.isoformat()}
    url = f"/v1/resources/{identity}"
    answer = await reclassified.client.get(url, params=then, headers=reclassified.headers["planner"])
    properties = answer.json()["properties"]
    assert (properties["visibility"], properties["place"]) == ("public", "T1")
