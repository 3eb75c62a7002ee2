"""Looking for a part of a name, in both faces, page by page, against a search of the names here."""

from urllib.parse import quote

import pytest

from registry.domain.values import Name
from registry.store.ogc import features
from registry.store.records import resources
from tests.api.test_ogc_items import ROOT, pages
from tests.builders import a_resource

NAMES = [
    ("大河乡避难场所一", "Dahe shelter 1"),
    ("大河乡避难场所二", "DAHE SHELTER 2"),
    ("小河镇避难场所", "Xiaohe shelter"),
    ("河", None),
    (None, "100 % _full\\"),
    ("ÉLAN", "élan"),
]
PARTS = [
    "河",
    "大河",
    "河乡",
    "大河乡",
    "避难场所",
    "shelter",
    "SHELTER 1",
    "da",
    "é",
    "%",
    "_",
    "\\",
    "0 %",
    "无",
]


@pytest.fixture(params=[1, 10_000], ids=["many", "few"])
def most(request, monkeypatch):
    """How many are still few: found by the index of names, or read in the order of the page."""
    monkeypatch.setattr(features, "EXACT_TO", request.param)
    monkeypatch.setattr(resources, "FEW", request.param)
    for made in (features._page, resources._find):
        made.cache_clear()
    yield request.param
    for made in (features._page, resources._find):
        made.cache_clear()


async def test_each_record_with_such_a_name_is_found_once(client, stored, most) -> None:
    made = {}
    for n, (zh, en) in enumerate(NAMES * 2):
        made[str(await a_resource(stored, "shelter", 106 + n / 100, 29.0, name=Name(zh, en)))] = (zh, en)
    for part in PARTS:
        wanted = [
            identity
            for identity, names in sorted(made.items())
            if any(part.lower() in name.lower() for name in names if name)
        ]
        asked = f"q={quote(part)}&limit=2"
        assert await pages(client, f"/v1/resources?{asked}") == wanted, part
        assert await pages(client, f"{ROOT}/shelters/items?{asked}") == wanted, part
        assert await pages(client, f"{ROOT}/shelters/items?{asked}&count=none") == wanted, part
        backwards = sorted(wanted, key=lambda one: (made[one][0] is None, made[one][0] or "", one))
        assert await pages(client, f"{ROOT}/shelters/items?{asked}&sortby=name_zh") == backwards, part
        matched = (await client.get(f"{ROOT}/shelters/items?{asked}")).json().get("numberMatched")
        assert matched == (None if len(wanted) > most else len(wanted)), part


LIKE = {
    "%河": lambda name: name.endswith("河"),
    "%大河%": lambda name: "大河" in name,
    "大河乡%": lambda name: name.startswith("大河乡"),
    "_河%": lambda name: name[1:2] == "河",
    "%shelter 1": lambda _: False,
}


@pytest.mark.parametrize("pattern", LIKE)
async def test_a_pattern_in_a_filter_finds_what_it_is_like(client, stored, pattern) -> None:
    made = {}
    for zh, en in NAMES[:4]:
        made[str(await a_resource(stored, "shelter", name=Name(zh, en)))] = zh
    filtered = quote(f"name_zh LIKE '{pattern}'")
    assert await pages(client, f"{ROOT}/shelters/items?filter={filtered}") == sorted(
        one for one, name in made.items() if LIKE[pattern](name)
    )
