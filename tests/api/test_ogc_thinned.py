"""Watch areas on far-out tiles: of those that no pixel tells apart one is drawn, of all others each."""

import pytest

from registry.domain.ogc import tiling
from tests.builders import a_resource
from tests.mvt import decode

SPOT = (106.65, 29.03)


async def drawn(client, z: int) -> list[dict]:
    row, _, col, _ = tiling.limits((*SPOT, *SPOT), z)
    tile = f"/ogc/collections/coverage-footprints/tiles/WebMercatorQuad/{z}/{row}/{col}"
    return decode((await client.get(tile)).content).get("coverage-footprints", [])


@pytest.mark.parametrize("z", [2, 5])
async def test_areas_that_no_pixel_tells_apart_are_drawn_once(client, stored, z) -> None:
    for n in range(20):
        await a_resource(stored, "fire_watch_point", SPOT[0] + n / 10_000, SPOT[1], watch_radius_m=5000 - n)
    wide = await a_resource(stored, "fire_watch_point", *SPOT, watch_radius_m=400_000)
    far = await a_resource(
        stored, "fire_watch_point", SPOT[0] + 360 / 2**z / 16, SPOT[1], watch_radius_m=4500
    )
    found = await drawn(client, z)
    ids = {one["id"] for one in found}
    assert len(found) == 3
    assert {str(far), str(wide)} < ids
    assert sorted(one["watch_radius_m"] for one in found) == [4500, 5000, 400_000]


async def test_nearer_every_area_is_drawn(client, stored) -> None:
    for n in range(20):
        await a_resource(stored, "fire_watch_point", SPOT[0] + n / 10_000, SPOT[1], watch_radius_m=5000)
    assert len(await drawn(client, 9)) == 20
