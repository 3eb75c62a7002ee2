"""What the tests of nearness share: an incident, things so many metres from it, and how to ask."""

import json

from pyproj import Geod

from registry.store.database.pool import Writer
from registry.store.places import places
from tests.builders import make

GEOD = Geod(ellps="WGS84")
AT = (106.65, 29.03)
PLACE = {"list_version": "test", "level": "town", "parent": None, "name_zh": "镇", "name_en": "Town"}
PLACE |= {"extent": None, "extent_basis": "none", "extent_radius_m": None, "point": None}
PLACE |= {"point_uncertainty_m": None, "partner": None, "flags": {}, "valid_from": None, "valid_to": None}
PLACE |= {"source": None}
AGREEMENT = {"agreement": "district-level rescue linkage", "with": "qijiang"}


def east(metres: float, at=AT) -> tuple[float, float]:
    """The point so many metres east, by geodesic."""
    lon, lat, _ = GEOD.fwd(*at, 90, metres)
    return lon, lat


def there(kind: str, metres: float, **given):
    """A record so many metres east of the incident."""
    return make(kind, *east(metres), **given)


def box(lon: float, lat: float, side: float) -> dict:
    ring = [[lon, lat], [lon + side, lat], [lon + side, lat + side], [lon, lat + side], [lon, lat]]
    return {"type": "Polygon", "coordinates": [ring]}


async def a_place(writer: Writer, code: str, **given) -> None:
    extent = given.pop("extent", None)
    drawn = {} if extent is None else {"extent": json.dumps(extent), "extent_basis": "boundary"}
    await places.upsert(writer, [PLACE | {"code": code} | given | drawn])
    await places.derive(writer)


async def ask(client, question: str, **params) -> dict:
    response = await client.get(f"/v1/proximity/{question}", params={"lon": AT[0], "lat": AT[1]} | params)
    assert response.status_code == 200, response.text
    return response.json()


async def tell(client, question: str, status: int = 200, **body) -> dict:
    response = await client.post(f"/v1/proximity/{question}", json=body)
    assert response.status_code == status, response.text
    return response.json()


def ids(answer: dict) -> list[str]:
    return [feature["id"] for feature in answer["features"]]


def seen(answer: dict, record) -> dict:
    return next(f["properties"] for f in answer["features"] if f["id"] == str(record.id))
