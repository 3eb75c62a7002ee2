"""Features changed by a map client: what it writes is what `/v1` has, with history, scope and validators."""

import pytest

from tests.builders import a_resource

ROOT = "/ogc/collections"
GEOJSON = {"Content-Type": "application/geo+json"}
MERGE = {"Content-Type": "application/merge-patch+json"}


def feature(**properties) -> dict:
    point = {"type": "Point", "coordinates": [106.65, 29.03]}
    return {"type": "Feature", "geometry": point, "properties": {"name": {"zh": "新点"}, **properties}}


def located(**properties) -> dict:
    return feature(location={"quality": "surveyed", "uncertainty_m": 5}, **properties)


@pytest.fixture
async def planner(signed, stored) -> dict[str, str]:
    return await signed("planner") | GEOJSON


async def test_what_is_created_can_be_read_everywhere(client, planner) -> None:
    made = await client.post(f"{ROOT}/shelters/items", json=located(capacity_persons=9), headers=planner)
    assert made.status_code == 201, made.text
    where = made.headers["location"]
    assert "/ogc/collections/shelters/items/" in where
    theirs = (await client.get(f"/v1/resources/{made.json()['id']}", headers=planner)).json()
    ours = (await client.get(f"{where}?profile=nested", headers=planner)).json()
    ours.pop("links")
    assert ours == theirs
    assert ours["properties"]["capacity_persons"] == 9
    history = (await client.get(f"/v1/resources/{made.json()['id']}/history", headers=planner)).json()
    assert str(history).count("ogc") >= 1


async def test_a_point_comes_in_the_system_that_the_client_names(client, planner) -> None:
    body = located() | {"geometry": {"type": "Point", "coordinates": [3213346.33, 368488.99]}}
    for uri in ("http://www.opengis.net/def/crs/EPSG/0/4545", "<http://www.opengis.net/def/crs/EPSG/0/4545>"):
        headers = planner | {"Content-Crs": uri}
        made = await client.post(f"{ROOT}/shelters/items", json=body, headers=headers)
        assert made.status_code == 201, made.text
        assert made.json()["geometry"]["coordinates"] == pytest.approx([106.65, 29.03], abs=1e-6)


async def test_what_has_no_position_is_found_among_the_unlocated(client, planner) -> None:
    body = feature() | {"geometry": None}
    made = await client.post(f"{ROOT}/shelters/items", json=body, headers=planner)
    assert "/unlocated-resources/items/" in made.headers["location"]
    assert (await client.get(made.headers["location"], headers=planner)).status_code == 200


async def test_replace_update_delete_with_and_without_a_version(client, stored, planner) -> None:
    identity = await a_resource(stored, "shelter", 106.65, 29.03)
    where = f"{ROOT}/shelters/items/{identity}"
    read = await client.get(where, headers=planner)
    body = read.json()
    body["properties"]["manager"] = "甲"
    held = {"If-Match": read.headers["etag"]}
    assert (await client.put(where, json=body, headers=planner | held)).status_code == 200
    assert (await client.put(where, json=body, headers=planner | held)).status_code == 412
    assert (await client.put(where, json=body, headers=planner)).status_code == 200
    patch = {"properties": {"manager": None, "opening": "open"}}
    changed = await client.patch(where, json=patch, headers=planner | MERGE)
    assert changed.status_code == 200, changed.text
    assert changed.json()["properties"]["opening"] == "open"
    assert changed.json()["properties"]["manager"] is None
    assert (await client.patch(where, json={"id": "x"}, headers=planner | MERGE)).status_code == 422
    gone = await client.delete(where, headers=planner)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await client.get(where, headers=planner)).status_code == 404
    assert (await client.get(f"{ROOT}/shelters/items", headers=planner)).json()["features"] == []
    kept = (await client.get(f"/v1/resources/{identity}", headers=planner)).json()
    assert kept["properties"]["lifecycle"] == "retired"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_what_is_not_in_a_collection_cannot_be_changed_there(client, stored, planner, method) -> None:
    team = await a_resource(stored, "rescue_team", 106.65, 29.03)
    adrift = await a_resource(stored, "shelter", None)
    gone = await a_resource(stored, "shelter", 106.65, 29.03, lifecycle="retired")
    body = {"PUT": located(), "PATCH": {"properties": {"manager": "乙"}}}.get(method)
    headers = planner | (MERGE if method == "PATCH" else {})
    for identity in (team, adrift, gone):
        before = (await client.get(f"/v1/resources/{identity}", headers=planner)).json()
        where = f"{ROOT}/shelters/items/{identity}"
        answer = await client.request(method, where, json=body, headers=headers)
        assert answer.status_code == 404, answer.text
        assert (await client.get(f"/v1/resources/{identity}", headers=planner)).json() == before


async def test_what_cannot_be_written_is_refused(client, stored, planner) -> None:
    path = f"{ROOT}/shelters/items"
    assert (await client.post(path, json=located())).status_code == 401
    assert (await client.post(path, json={"type": "Feature"})).status_code == 401
    assert (
        await client.post(path, content=b"x", headers=planner | {"Content-Type": "text/plain"})
    ).status_code == 415
    assert (await client.post(path, json=[], headers=planner)).status_code == 422
    assert (await client.post(path, json=located(kind="rescue_team"), headers=planner)).status_code == 422
    assert (await client.post(path, json=located(colour="red"), headers=planner)).status_code == 422
    assert (await client.post(f"{ROOT}/places/items", json=located(), headers=planner)).status_code == 405
    area = located() | {"geometry": {"type": "Polygon", "coordinates": []}}
    assert (await client.post(path, json=area, headers=planner)).status_code == 422
    told = {"reason": "r" * 1001}
    assert (await client.post(path, json=located(), headers=planner, params=told)).status_code == 400
    missing = f"{path}/00000000-0000-7000-8000-000000000000"
    assert (await client.put(missing, json=located(), headers=planner)).status_code == 404
    assert (await client.get(path, headers=planner)).json()["features"] == []


@pytest.mark.parametrize(
    ("path", "offered"),
    [
        ("shelters/items", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("places/items", {"GET", "HEAD", "OPTIONS"}),
        ("shelters/items/x", {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"}),
        ("coverage-footprints/items/x", {"GET", "HEAD", "OPTIONS"}),
    ],
)
async def test_a_client_learns_what_it_may_do(client, path, offered) -> None:
    allowed = (await client.request("OPTIONS", f"{ROOT}/{path}")).headers["allow"]
    assert {method.strip() for method in allowed.split(",")} == offered
