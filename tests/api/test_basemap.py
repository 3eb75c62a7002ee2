"""The ground of the map: parts of a file, described, and refused where it is shifted."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import shapely
from litestar import Litestar
from litestar.testing import AsyncTestClient

from registry.api import basemap as routes
from registry.domain.basemap import demand_template, map_shift
from registry.domain.datum import gcj02_of
from registry.domain.errors import Invalid
from registry.runtime.basemap import Basemap, configured
from registry.runtime.settings import Settings, SettingsError
from registry.services.places.check_basemap import check_shift
from tests.api.near import a_place

SEATS = {f"地点{n}": (106.5 + n % 6 * 0.05, 28.9 + n // 6 * 0.05) for n in range(24)}


def archive(path: Path, layer: str, places: dict[str, tuple[float, float]] = SEATS) -> Path:
    """A small archive of tiles with one layer of named points."""
    points = shapely.to_wkb([shapely.Point(spot) for spot in places.values()])
    names = np.array(list(places), dtype=object)
    pyogrio.raw.write(
        path, points, [names], ["name"], layer=layer, geometry_type="Point", crs="EPSG:4326",
        driver="PMTiles", dataset_options={"MAXZOOM": "12"},
    )  # fmt: skip
    return path


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[tuple[AsyncTestClient[Litestar], bytes]]:
    """A server of an archive, and the bytes of it."""
    path = archive(tmp_path / "ground.pmtiles", "waterway")
    offered = configured(Settings(basemap=str(path), basemap_attribution="© the office"))
    assert isinstance(offered, Basemap)
    assert offered.file is not None
    async with AsyncTestClient(Litestar([routes.router(offered)], openapi_config=None)) as client:
        yield client, path.read_bytes()
    offered.file.close()


async def test_the_map_is_told_where_its_ground_is(ground) -> None:
    client, _ = ground
    told = (await client.get("/v1/basemap")).json()["basemap"]
    assert (told["schema"], told["attribution"], told["datum"]) == ("openmaptiles", "© the office", "wgs84")
    assert told["max_zoom"] == 12
    west, south, east, north = told["bounds"]
    assert west <= 106.5 < 106.7 <= east
    assert south <= 28.9 < 29.0 <= north


async def test_parts_of_the_archive_are_answered_and_no_others(ground) -> None:
    client, whole = ground
    url = "/" + (await client.get("/v1/basemap")).json()["basemap"]["url"]
    for asked, begin, end in (
        ("0-126", 0, 127),
        ("100-", 100, len(whole)),
        ("-20", len(whole) - 20, len(whole)),
    ):
        part = await client.get(url, headers={"Range": f"bytes={asked}"})
        assert (part.status_code, part.content) == (206, whole[begin:end])
        assert part.headers["content-range"] == f"bytes {begin}-{end - 1}/{len(whole)}"
    beyond = await client.get(url, headers={"Range": f"bytes={len(whole)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(whole)}")
    everything = await client.get(url)
    assert (everything.status_code, everything.content) == (200, whole)
    etag = everything.headers["etag"]
    assert (await client.get(url, headers={"If-None-Match": etag})).status_code == 304
    fresh = {"Range": "bytes=0-9", "If-Range": etag}
    assert (await client.get(url, headers=fresh)).status_code == 206
    assert (await client.get(url, headers=fresh | {"If-Range": '"other"'})).status_code == 200
    assert (await client.get("/basemap/other.pmtiles")).status_code == 404


@pytest.mark.parametrize(
    "host", ["webrd01.is.autonavi.com", "rt0.map.gtimg.com", "maponline0.bdimg.com", "mt1.google.cn"]
)
def test_maps_that_are_shifted_are_refused_by_name(host: str) -> None:
    with pytest.raises(Invalid, match="GCJ-02"):
        demand_template(f"https://{host}/tile?x={{x}}&y={{y}}&z={{z}}", "wgs84")


@pytest.mark.parametrize(
    ("template", "datum"),
    [
        ("http://t.example/{z}/{x}/{y}", "wgs84"),
        ("https://t.example/{z}/{x}", "wgs84"),
        ("https://t.example/{z}/{x}/{y}", None),
    ],
)
def test_an_address_states_everything_that_is_needed(template: str, datum) -> None:
    with pytest.raises(SettingsError):
        configured(Settings(basemap=template, basemap_datum=datum))


def test_a_file_that_cannot_be_drawn_is_refused_when_the_server_starts(tmp_path: Path) -> None:
    (tmp_path / "a.pmtiles").write_bytes(b"no tiles" * 100)
    for path in (
        tmp_path / "a.pmtiles",
        tmp_path / "none.pmtiles",
        archive(tmp_path / "b.pmtiles", "unheard_of"),
    ):
        with pytest.raises(SettingsError, match="REGISTRY_BASEMAP"):
            configured(Settings(basemap=str(path)))


async def test_the_places_of_a_map_tell_whether_it_is_shifted(stored, tmp_path: Path) -> None:
    for n, (name, spot) in enumerate(SEATS.items()):
        await a_place(
            stored,
            f"P{n}",
            point=json.dumps({"type": "Point", "coordinates": spot}),
            level="town",
            name_zh=f"{name}镇",
        )
    straight = await check_shift(stored, archive(tmp_path / "straight.pmtiles", "place"))
    assert (straight.verdict, straight.seats) == ("none", len(SEATS))
    moved = {name: gcj02_of(spot) for name, spot in SEATS.items()}
    shifted = await check_shift(stored, archive(tmp_path / "shifted.pmtiles", "place", moved))
    assert shifted.verdict == "gcj02"
    assert 400 < shifted.distance_m < 560
    askew = {name: (lon + 0.001, lat) for name, (lon, lat) in SEATS.items()}
    assert (await check_shift(stored, archive(tmp_path / "askew.pmtiles", "place", askew))).verdict == "other"
    assert map_shift([(spot, spot) for spot in list(SEATS.values())[:14]]).verdict == "unknown"
