"""nearest, within and covering against brute force with geodesics of PROJ's own library."""

import random

import pytest
from pyproj import Geod

from registry.store.records import changes
from tests.builders import A_CHANGE, make

GEOD = Geod(ellps="WGS84")
SEED = 20261120
CENTRES = [
    (106.65, 29.03),
    (179.995, -16.5),
    (-180.0, 60.0),
    (12.0, 89.97),
    (-75.0, -89.99),
    (0.0, 0.0),
    (106.3, 29.55),
]
WINDOWS = [(0.5, 0.4), (0.5, 0.4), (1.5, 0.5), (180.0, 0.03), (180.0, 0.009), (0.5, 0.4), (0.01, 0.01)]


def scatter(rng: random.Random, count: int, centre, window) -> list[tuple[float, float]]:
    points = []
    for _ in range(count):
        lon = (centre[0] + rng.uniform(-window[0], window[0]) + 180) % 360 - 180
        lat = max(-90.0, min(90.0, centre[1] + rng.uniform(-window[1], window[1])))
        points.append((lon, lat))
    return [*points, centre, centre]


def distance_m(a, b) -> float:
    return GEOD.inv(a[0], a[1], b[0], b[1])[2]


@pytest.mark.parametrize(("centre", "window"), list(zip(CENTRES, WINDOWS, strict=True)))
async def test_agrees_with_brute_force(client, stored, centre, window) -> None:
    rng = random.Random(f"{SEED}{centre}")
    print("seed", SEED)
    points = scatter(rng, 150, centre, window)
    watch = [
        make("fire_watch_point", lon, lat, watch_radius_m=rng.uniform(500, 40_000)) for lon, lat in points
    ]
    await changes.load(stored, watch, A_CHANGE)
    for spot in [centre, *scatter(rng, 6, centre, window)]:
        truth = {str(w.id): distance_m(w.geometry.coordinates, spot) for w in watch}
        await agree_nearest(client, spot, truth, rng.choice([1, 3, 10, 60]))
        await agree_within(client, spot, truth, rng.uniform(0, 40_000))
        await agree_covering(client, spot, truth, {str(w.id): w.properties.watch_radius_m for w in watch})


async def test_what_is_far_and_close_together_comes_in_the_exact_order(client, stored) -> None:
    """Six hundred kilometres away the sphere misjudges by more than the whole cluster is wide."""
    rng = random.Random(SEED)
    made = [make("shelter", *at) for at in scatter(rng, 1300, (112.5, 31.0), (0.02, 0.02))]
    await changes.load(stored, made, A_CHANGE)
    for spot in [(106.65, 29.03), (112.5, 25.6)]:
        truth = {str(one.id): distance_m(one.geometry.coordinates, spot) for one in made}
        await agree_nearest(client, spot, truth, 3)


async def ask(client, path: str, **params) -> dict:
    response = await client.get(f"/v1/proximity/{path}", params=params)
    assert response.status_code == 200, response.text
    return response.json()


def found_distances(answer: dict, truth: dict[str, float]) -> dict[str, float]:
    found = {f["id"]: f["properties"]["distance_m"] for f in answer["features"]}
    assert list(found.values()) == sorted(found.values())
    for identity, metres in found.items():
        assert metres == pytest.approx(truth[identity], abs=0.01)
    return found


async def agree_nearest(client, spot, truth, k) -> None:
    answer = await ask(client, "nearest", lon=spot[0], lat=spot[1], k=k)
    found = found_distances(answer, truth)
    assert list(found.values()) == pytest.approx(sorted(truth.values())[:k], abs=0.01)


async def agree_within(client, spot, truth, radius_m) -> None:
    answer = await ask(client, "within", lon=spot[0], lat=spot[1], radius_m=radius_m, limit=10_000)
    found = found_distances(answer, truth)
    assert {i for i, d in truth.items() if d < radius_m - 0.01} <= set(found)
    assert set(found) <= {i for i, d in truth.items() if d <= radius_m + 0.01}


async def agree_covering(client, spot, truth, radius) -> None:
    answer = await ask(client, "covering", lon=spot[0], lat=spot[1])
    found = found_distances(answer, truth)
    assert {i for i, d in truth.items() if d < radius[i] - 0.01} <= set(found)
    assert set(found) <= {i for i, d in truth.items() if d <= radius[i] + 0.01}
