"""Writes whose bodies are a little wrong, on every route that takes one: none is a server error.

`MUTATIONS=25000 MUTATIONS_SEED=7 ./dev test tests/faults/test_mutated_writes.py` asks more, with another.
"""

import copy
import json
import os
import random
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.access.test_roles import MATRIX, Route, url_of
from tests.access.worlds import World, identity_of, world

COUNT = int(os.environ.get("MUTATIONS", "1500"))
SEED = int(os.environ.get("MUTATIONS_SEED", "20261130"))
ROLES = ("field", "planner", "admin")
JUNK: list[Any] = [
    None, True, 0, -1, 1.5, 10**30, -1e308, 2**63, "", "x", "\u0000", "\ud800", "9" * 5000,
    "2099-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999Z",
    "00000000-0000-0000-0000-000000000000", [], {},
    [None], [[]], {"": None}, [1, 2, 3], {"type": "Point", "coordinates": [181, 91]}, {"code": 5}, "public",
    "restricted", [{}], ["x"] * 300, {"zh": None, "en": None}, "１２３", "<b>", "%_\\", "'; --",
]  # fmt: skip
SHELTER: dict[str, Any] = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [106.62, 29.02]},
    "properties": {
        "kind": "shelter",
        "name": {"zh": "避难所", "en": "A hall"},
        "place": "T1",
        "lifecycle": "in_service",
        "valid_from": "2026-01-01T00:00:00Z",
        "location": {"quality": "surveyed", "uncertainty_m": 5, "datum": "wgs84", "raw": None},
        "sources": [{"kind": "person", "reference": "somebody", "confidence": "stated"}],
        "external_ids": [{"system": "other", "id": "7"}],
        "hazards": [{"code": "flood"}],
        "capacity_persons": 100,
        "opening": "open",
    },
}
DEPOT = {"properties": {"stock": [{"item_code": "1010101", "name": {"en": "tents"}, "quantity": 3}]}}
REPORT = {"observed_at": "2026-01-02T00:00:00Z", "opening": "full", "note": "seen"}
MOVED = {"coordinates": [106.63, 29.03], "datum": "gcj02", "accuracy_m": 5, "evidence": "seen"}
OPERATIONS = [
    {"kind": kind, "body": body, "base_version": 1, "device_at": "2026-01-02T00:00:00Z", "reason": "why"}
    for kind, body in (
        ("create", SHELTER),
        ("patch", SHELTER),
        ("status", REPORT),
        ("location", MOVED),
        ("verification", {"how": "seen"}),
        ("stock", {"observed_at": "2026-01-02T00:00:00Z", "movements": [{"item_code": "1", "change": -1}]}),
        ("retire", {}),
    )
]
RICHER: dict[str, Any] = {
    "/v1/resources": SHELTER,
    "/v1/resources/{identity:uuid}": SHELTER,
    "/v1/resources/{identity:uuid}/status": REPORT,
    "/v1/resources/{identity:uuid}/location": MOVED,
    "/ogc/collections/{collection_id:str}/items": SHELTER,
    "/ogc/collections/{collection_id:str}/items/{feature_id:str}": SHELTER,
}


def targets() -> Iterator[tuple[str, str, Route, Any]]:
    """Every route that takes a body, with one that is right or nearly so."""
    for (method, path), expected in MATRIX.items():
        body = RICHER.get(path, expected.body)
        if method in ("POST", "PUT", "PATCH") and isinstance(body, dict):
            yield method, path, expected, body
    for operation in OPERATIONS:
        yield "POST", "/v1/sync/push", MATRIX["POST", "/v1/sync/push"], operation
    yield "PATCH", "/v1/resources/{identity:uuid}", Route(kind="supply_depot"), DEPOT


def places_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every member and item of a value."""
    yield path
    if isinstance(value, dict):
        for name, member in value.items():
            yield from places_in(member, (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from places_in(item, (*path, number))


def mutated(rng: random.Random, value: Any) -> Any:
    """The value with one to three members replaced, left out, doubled or renamed."""
    whole = [copy.deepcopy(value)]
    for _ in range(rng.randint(1, 3)):
        *way, last = (0, *rng.choice([*places_in(whole[0])]))
        holder: Any = whole
        for step in way:
            holder = holder[step]
        match rng.randrange(5):
            case 0 if isinstance(holder, dict):
                del holder[last]
            case 1 if isinstance(holder, dict):
                name = rng.choice(["x", "id", "type", "kind", "properties", "geometry", ""])
                holder[name] = copy.deepcopy(rng.choice(JUNK))
            case 2:
                holder[last] = [holder[last]]
            case _:
                holder[last] = copy.deepcopy(rng.choice(JUNK))
    return whole[0]


@pytest.fixture(scope="module")
def own_url(new_database) -> str:
    """A database of its own."""
    return new_database()


@pytest.fixture(scope="module")
async def ground(own_url: str) -> AsyncIterator[World]:
    """Every record, in a world of its own."""
    async with world(own_url, lambda _: True) as made:
        yield made


def encoded(body: Any) -> bytes:
    """JSON with whatever Python can write of it, lone surrogates and infinities too."""
    return json.dumps(body).encode()


async def test_no_mutated_write_is_a_server_error(ground: World) -> None:
    rng, every, failed = random.Random(SEED), [*targets()], []
    statuses: dict[int, int] = {}
    for number in range(COUNT):
        method, path, expected, right = every[number % len(every)]
        town, visibility = rng.choice(["T1", "T2"]), rng.choice(["public", "internal", "restricted"])
        url = url_of(path, expected, town, visibility)
        body = mutated(rng, right)
        if path == "/v1/sync/push":
            own = {"op_id": str(uuid4()), "resource_id": str(identity_of(visibility, town, "shelter", None))}
            body = {"operations": [own | body if isinstance(body, dict) else body]}
            body = mutated(rng, body) if rng.random() < 0.2 else body
        media = "merge-patch+json" if method == "PATCH" else "geo+json" if "ogc" in path else "json"
        headers = ground.headers[rng.choice(ROLES)] | {
            "If-Match": "*",
            "Content-Type": f"application/{media}",
        }
        answer = await ground.client.request(method, url, content=encoded(body), headers=headers)
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        broken = path == "/v1/sync/push" and "failed to carry this out" in answer.text
        if answer.status_code >= 500 or broken:
            failed.append(f"{method} {url} {encoded(body)[:700]!r}: {answer.status_code} {answer.text[:300]}")
    print(f"seed {SEED}: {dict(sorted(statuses.items()))}")
    assert not failed, f"seed {SEED}, {len(failed)} of {COUNT}:\n" + "\n".join(failed[:10])
    assert sum(statuses.get(good, 0) for good in (200, 201, 202, 204)) > COUNT / 50, statuses
