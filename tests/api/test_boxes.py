"""Lists of a box: its edge is inside, and what lies a decimetre beyond is not."""

import pytest

from tests.builders import a_resource

DECIMETRE_DEG = 1e-6


@pytest.mark.parametrize(("west", "east"), [(106.65, 107.1), (179.9, -179.9)])
async def test_a_box_holds_its_edge_and_nothing_beyond(client, stored, west: float, east: float) -> None:
    south, north = 29.03, 29.4
    corners = {(west, south), (east, south), (west, north), (east, north)}
    beyond = {
        (west - DECIMETRE_DEG, south),
        (east + DECIMETRE_DEG, north),
        (west, south - DECIMETRE_DEG),
        (east, north + DECIMETRE_DEG),
    }
    stand = {spot: str(await a_resource(stored, "shelter", *spot)) for spot in corners | beyond}
    window = f"bbox={west},{south},{east},{north}&limit=100"
    for path in ("/v1/resources", "/ogc/collections/shelters/items"):
        answer = await client.get(f"{path}?{window}")
        found = {feature["id"] for feature in answer.json()["features"]}
        assert found == {stand[corner] for corner in corners}, path
