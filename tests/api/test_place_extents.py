"""Places drawn by their extent, for a map that shows them all at once."""

import json

from litestar import Litestar
from litestar.testing import AsyncTestClient

from registry.store.database.pool import Writer
from registry.store.places import places

SQUARE = [[[106.0, 29.0], [106.5, 29.0], [106.5, 29.1234567], [106.0, 29.0]]]
SEAT = {"type": "Point", "coordinates": [106.2, 29.05]}


async def test_a_list_of_places_can_be_drawn(client: AsyncTestClient[Litestar], stored: Writer) -> None:
    plain = dict.fromkeys(places.PLAIN) | {
        "code": "1",
        "list_version": "t",
        "level": "district",
        "name_zh": "区",
    }
    plain |= {"flags": {}, "extent_basis": "boundary"}
    extent = json.dumps({"type": "Polygon", "coordinates": SQUARE})
    await places.upsert(stored, [plain | {"extent": extent, "point": json.dumps(SEAT)}])
    listed = (await client.get("/v1/places")).json()["features"][0]
    assert listed["geometry"] == SEAT
    drawn = (await client.get("/v1/places", params={"extents": "true"})).json()["features"][0]
    assert drawn["geometry"]["type"] == "Polygon"
    assert drawn["geometry"]["coordinates"][0][2] == [106.5, 29.12346]
    assert drawn["properties"]["point"] == SEAT
