"""An attacker with thousands of public questions learns the grid cell of an internal record, and no more."""

import math
import random

import numpy as np
import pytest

from registry.domain.geojson import Point
from registry.domain.records.location import GRID_DEG, cell_of
from tests.access.worlds import EXACT, TOWNS, World, identity_of

IDENTITY = str(identity_of("internal", "T1", "rescue_team", None))
TRUE = (TOWNS["T1"][0] + EXACT[0], TOWNS["T1"][1] + EXACT[1])
CENTRE = tuple((math.floor(value / GRID_DEG) + 0.5) * GRID_DEG for value in TRUE)
QUESTIONS = 1500
METRES = (111_320 * math.cos(math.radians(29)), 110_900)


async def nearest(place: World, lon: float, lat: float) -> float:
    given = {"lon": lon, "lat": lat, "kind": "rescue_team", "k": 50}
    answer = await place.client.get("/v1/proximity/nearest", params=given)
    [hit] = [feature["properties"] for feature in answer.json()["features"] if IDENTITY in str(feature)]
    assert hit["distance_min_m"] <= hit["distance_m"] <= hit["distance_max_m"]
    return hit["distance_m"]


async def test_distances_lead_to_the_centre_of_the_cell(full: World) -> None:
    chance = random.Random(4)
    spots = [
        (TRUE[0] + chance.uniform(-0.2, 0.2), TRUE[1] + chance.uniform(-0.2, 0.2)) for _ in range(QUESTIONS)
    ]
    distances = np.array([await nearest(full, *spot) for spot in spots])
    plane = (np.array(spots) - np.array(CENTRE)) * METRES
    squares = np.sum(plane**2, axis=1) - distances**2
    matrix = np.column_stack([2 * plane, np.ones(len(plane))])
    solved = np.linalg.lstsq(matrix, squares, rcond=None)[0][:2]
    away_m = float(np.hypot(*((np.array(TRUE) - CENTRE) * METRES)))
    assert float(np.hypot(*solved)) < 60, "the attack works, and finds the centre of the cell"
    assert away_m > 1000, "which is far from the record"


async def test_shrinking_circles_and_boxes_never_hold_the_record(full: World) -> None:
    for radius_m in (1, 10, 100, 500, 1000):
        given = {"lon": TRUE[0], "lat": TRUE[1], "radius_m": radius_m}
        answer = (await full.client.get("/v1/proximity/within", params=given)).json()
        assert IDENTITY not in str(answer["features"])
        (doubtful,) = [one for one in answer["undecided"]["resources"] if IDENTITY in str(one)]
        assert doubtful["reason"] == "internal_cell"
        assert doubtful["distance_min_m"] == 0.0
        centre_m = np.hypot(*((np.array(TRUE) - CENTRE) * METRES))
        assert doubtful["distance_max_m"] == pytest.approx(centre_m + cell_of(Point(TRUE))[1], abs=60)
    for half in (0.00001, 0.001, 0.005):
        box = f"{TRUE[0] - half},{TRUE[1] - half},{TRUE[0] + half},{TRUE[1] + half}"
        answer = (await full.client.get("/v1/resources", params={"bbox": box})).json()
        assert IDENTITY not in str(answer["features"])
        (doubtful,) = [one for one in answer["undecided"]["resources"] if IDENTITY in str(one)]
        assert (doubtful["reason"], doubtful["distance_min_m"]) == ("internal_cell", None)
    near_centre = {"lon": CENTRE[0], "lat": CENTRE[1], "radius_m": 1}
    assert IDENTITY in (await full.client.get("/v1/proximity/within", params=near_centre)).text


async def test_staff_measure_to_the_record_itself(full: World) -> None:
    given = {"lon": TRUE[0], "lat": TRUE[1], "radius_m": 1}
    answer = await full.client.get("/v1/proximity/within", params=given, headers=full.headers["viewer"])
    assert IDENTITY in answer.text
