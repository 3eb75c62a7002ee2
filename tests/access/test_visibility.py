"""What one may not see leaves no trace in any byte of any answer.

Two oracles: words and coordinates that only a hidden record has never appear; and a world in which the
hidden records are missing, or lie elsewhere in their grid cell, answers every question in the same words.
"""

import itertools
import re
import struct

import httpx
import pytest

from tests.access.questions import STREAMS, Question, questions
from tests.access.streams import Stream, told
from tests.access.worlds import PHONE, Named, World, identity_of, point_of, records, word_of

VOLATILE = {
    "/v1/approvals",
    "/v1/audit",
    "/ogc/jobs",
}
"""Routes whose answer depends on the clock or on what was asked before; still searched for canaries."""
CURSOR = re.compile(rb'"cursor":"[^"]*"|cursor=[\w\-]*')
"""Where the feed goes on: it counts transactions of this one database, so it differs between any two."""
TRIES = 5
CLOCKED = re.compile(
    rb'"(request_id|timeStamp|generated_at|computed_at|elapsed_ms|took_ms|job|id_of_run)":("[^"]*"|[\d.]+)'
)


async def answered(place: World, role: str, question: Question) -> httpx.Response:
    """The answer; asked a few times while a busy machine says 503, which would hide a difference too."""
    for _ in range(TRIES):
        answer = await place.client.request(
            question.method, question.url, json=question.body, headers=place.headers[role]
        )
        if answer.status_code != 503:
            break
    return answer


async def ask(place: World, role: str, question: Question) -> tuple[int, bytes, str]:
    answer = await answered(place, role, question)
    content = CLOCKED.sub(b"", answer.content)
    if question.template.startswith(("/v1/changes", "/v1/sync")):
        content = CURSOR.sub(b"", content)
    return answer.status_code, content, f"{answer.headers.get('etag')} {answer.headers.get('link')}"


def hidden_from(role: str, named: Named) -> bool:
    if named.visibility != "restricted" or role in ("planner", "admin"):
        return False
    return not (role == "field" and named.town == "T1")


def exact_bytes(named: Named) -> list[bytes]:
    if named.record.geometry is None:
        return []
    lon, lat = point_of(named).coordinates
    return [str(lon).encode(), str(lat).encode(), struct.pack("<d", lon), struct.pack("<d", lat)]


def hidden_words(role: str) -> set[bytes]:
    """What an answer to this role may not hold anywhere."""
    hidden = [named for named in records() if hidden_from(role, named)]
    words = {word for named in hidden for word in named.words if word != named.record.id.hex.encode()}
    words |= {str(named.record.id).encode() for named in hidden}
    words |= {word for named in hidden for word in exact_bytes(named)}
    if role == "public":
        internal = [named for named in records() if named.visibility == "internal"]
        words |= {word for named in internal for word in exact_bytes(named)}
        words |= {word_of(named.visibility, named.town, named.kind).encode() for named in internal}
        words.add(PHONE.encode())
    return words


@pytest.mark.parametrize("role", ["public", "viewer", "field"])
async def test_no_byte_of_any_answer_tells_of_a_hidden_record(full: World, role: str) -> None:
    words = hidden_words(role)
    asked = 0
    for question in questions(full.client.app):
        answer = await answered(full, role, question)
        echo = question.url.encode() + repr(question.body).encode()
        found = {word for word in words if word in answer.content and word not in echo}
        assert not found, f"{role} {question}: {found}"
        assert answer.status_code < 500, f"{question}: {answer.text[:300]}"
        asked += 1
    assert asked > 300


def parting(*told: tuple[int, bytes, str]) -> str:
    """Where two answers begin to differ, with what stands around it in each."""
    texts = [repr(answer) for answer in told]
    equal = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(*texts, strict=False))
    begin = max(sum(1 for _ in equal) - 200, 0)
    return "\n  ".join(text[begin : begin + 600] for text in texts)


async def same(one: World, other: World, role: str) -> None:
    asked = {200: 0}
    different = []
    for question in questions(one.client.app):
        if question.template in VOLATILE:
            continue
        first, second = await ask(one, role, question), await ask(other, role, question)
        asked[first[0]] = asked.get(first[0], 0) + 1
        if first != second and first == await ask(one, role, question):
            different.append((question, first, second))
    assert not different, "\n".join(f"{asked}\n  {parting(*told)}" for asked, *told in different[:4])
    assert asked[200] > 150, asked


async def test_the_public_cannot_tell_whether_restricted_records_exist_or_where_internal_ones_are(
    full: World, moved: World
) -> None:
    await same(full, moved, "public")


async def test_a_viewer_cannot_tell_whether_restricted_records_exist(
    full: World, without_restricted: World
) -> None:
    await same(full, without_restricted, "viewer")


async def test_a_field_officer_cannot_tell_whether_other_towns_have_restricted_records(
    full: World, without_other_town: World
) -> None:
    await same(full, without_other_town, "field")


IDS = re.compile(rb"^id: .*$", re.MULTILINE)


@pytest.mark.parametrize("path", STREAMS)
@pytest.mark.parametrize("role", ["public", "viewer", "field"])
async def test_no_byte_of_a_stream_tells_of_a_hidden_record(full: World, role: str, path: str) -> None:
    heard = await told(full, role, path)
    assert heard.content.count(b"event: ") > 10
    assert {word for word in hidden_words(role) if word in heard.content} == set()
    assert b"zq" in (await told(full, "planner", path)).content


@pytest.mark.parametrize("path", STREAMS)
async def test_a_stream_says_the_same_without_what_is_hidden(
    full: World, moved: World, without_restricted: World, without_other_town: World, path: str
) -> None:
    others = {"public": moved, "viewer": without_restricted, "field": without_other_town}
    for role, other in others.items():
        heard = [IDS.sub(b"", (await told(place, role, path)).content) for place in (full, other)]
        assert heard[0] == heard[1], role


@pytest.mark.parametrize("path", STREAMS)
async def test_a_stream_tells_a_change_as_it_happens_to_those_who_may_know(
    writable: World, path: str
) -> None:
    ids = {word: str(identity_of(word, "T1", "supply_depot", None)) for word in ("restricted", "public")}
    async with Stream(writable, "public", path) as public, Stream(writable, "planner", path) as planner:
        for stream in (public, planner):
            await stream.until(lambda heard: b"event: ready" in heard.content)
        for identity in ids.values():
            headers = writable.headers["admin"] | {"If-Match": "*"}
            url, patch = f"/v1/resources/{identity}", {"properties": {"note": "told"}}
            assert (await writable.client.patch(url, json=patch, headers=headers)).status_code == 200
        heard = [
            await stream.until(lambda heard: ids["public"].encode() in heard.content)
            for stream in (public, planner)
        ]
    assert ids["restricted"].encode() not in heard[0].content
    assert ids["restricted"].encode() in heard[1].content


LISTS = ("/v1/resources?", "/v1/proximity/within?lon=106.65&lat=29.03&radius_m=60000&")


@pytest.mark.parametrize("path", LISTS)
async def test_the_public_cannot_ask_whether_an_internal_place_was_surveyed(full: World, path: str) -> None:
    internal = {str(named.record.id) for named in records() if named.visibility == "internal"}
    found = {}
    for role in ("public", "viewer"):
        for quality in ("surveyed", "approximate"):
            url = f"{path}quality={quality}&limit=1000"
            answer = await full.client.get(url, headers=full.headers[role])
            found[role, quality] = {feature["id"] for feature in answer.json()["features"]} & internal
    assert found["viewer", "surveyed"]
    assert not found["viewer", "approximate"]
    assert found["public", "approximate"] == found["viewer", "surveyed"]
    assert not found["public", "surveyed"]


async def test_the_worlds_do_differ_for_those_who_may_know(full: World, moved: World) -> None:
    """The oracle can see a difference: a planner's answers in the two worlds are not the same."""
    for url in ("/v1/resources", "/ogc/collections/shelters/items", "/v1/changes"):
        question = Question("GET", url, url)
        assert await ask(full, "planner", question) != await ask(moved, "planner", question)
