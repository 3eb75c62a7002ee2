"""No answer holds up the others while it is made, however large it is: the loop turns meanwhile.

Measured is the processor time of the loop's thread between two turns, in pages of a thousand features:
neither grows when the machine is busy with something else.
"""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from registry.api.ogc import pages
from registry.app import create_app
from registry.runtime.database import as_role
from registry.runtime.settings import Settings
from tests.api.conftest import PEPPER, Client, serving, signing

ITEMS = "/ogc/collections/shelters/items?limit=10000"
FILE = "/ogc/collections/shelters/items?f="
LARGE = {
    "page": f"{ITEMS}&f=html",
    "features": ITEMS,
    "nested features": f"{ITEMS}&profile=nested",
    "features elsewhere": f"{ITEMS}&crs=http://www.opengis.net/def/crs/EPSG/0/4545",
    "some members": f"{ITEMS}&properties=kind",
    "csv": f"{FILE}csv",
    "kml": f"{FILE}kml",
    "flatgeobuf": f"{FILE}fgb",
    "geopackage": f"{FILE}gpkg",
    "workbook": f"{FILE}xlsx",
    "lines": f"{FILE}geojsonseq",
    "records": "/v1/resources?kind=shelter&limit=1000",
    "within": "/v1/proximity/within?lon=106.65&lat=29.03&radius_m=90000&limit=1000",
    "template": "/v1/templates/shelter?place=qijiang",
    "report": "/v1/reports/kind?kind=shelter&place=qijiang&f=xlsx",
    "document": "/v1/reports/kind?kind=shelter&place=qijiang&f=docx",
    "printed": "/v1/reports/kind?kind=shelter&place=qijiang&f=html",
    "snapshot": "/v1/sync/snapshot",
    "feed": "/v1/changes?limit=500",
    "tile": "/ogc/tiles/WebMercatorQuad/5/13/25",
}


@pytest.fixture(scope="module")
async def many(filled_url: str) -> AsyncIterator[Client]:
    settings = Settings(
        pool_size=4, key_pepper=PEPPER, acquire_timeout_s=20, statement_timeout_s=60, request_timeout_s=300
    )
    async with serving(create_app(settings, as_role(filled_url))) as opened:
        opened.headers.update(await signing(filled_url)("planner"))
        yield opened


class Turns:
    """Counts the turns of the loop, and keeps the longest in processor time of its thread."""

    def __init__(self) -> None:
        self.count, self.longest_s = 0, 0.0

    async def watch(self) -> None:
        while True:
            begun_s = time.thread_time()
            await asyncio.sleep(0)
            self.count += 1
            self.longest_s = max(self.longest_s, time.thread_time() - begun_s)


@pytest.fixture(scope="module")
async def page_s(many: Client) -> float:
    """Processor time that a page of a thousand features takes when it is made at once."""
    found = (await many.get("/ogc/collections/shelters/items?limit=1000")).json()["features"]
    content = {"features": [msgspec.json.encode(feature) for feature in found]}
    pages._page(content, "warm")
    begun_s = time.thread_time()
    pages._page(content, "measured")
    return time.thread_time() - begun_s


@pytest.mark.parametrize("name", LARGE)
async def test_a_large_answer_is_made_in_short_turns(many: Client, page_s: float, name: str) -> None:
    first = await many.get(LARGE[name])
    assert first.status_code == 200, first.text[:500]
    gc.collect()
    turns = Turns()
    watching = asyncio.create_task(turns.watch())
    await asyncio.sleep(0)
    await many.get(LARGE[name])
    for _ in range(2):  # what was done last is part of a turn too
        await asyncio.sleep(0)
    watching.cancel()
    assert turns.longest_s < page_s, f"{turns.longest_s:.3f} s of {turns.count} turns"


async def test_the_measure_sees_a_page_that_is_made_at_once(
    many: Client, page_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(function: Callable[..., bytes], *given: object) -> bytes:
        return function(*given)

    monkeypatch.setattr("registry.api.ogc.pages.asyncio.to_thread", at_once)
    with pytest.raises(AssertionError, match="turns"):
        await test_a_large_answer_is_made_in_short_turns(many, page_s, "page")
