"""Names are found however they are written: width, brackets, spaces, 繁简, variants, pinyin."""

import random
from urllib.parse import quote

import pytest

from registry.domain.places.zone import Zone
from registry.domain.search_key import (
    folded_for_search,
    folded_pattern,
    key_grams,
    key_of,
    key_pattern,
)
from registry.domain.values import Name
from registry.store.places import zones
from tests.api.test_ogc_items import ROOT, pages
from tests.builders import a_place, a_resource

SAME = [
    ("應急避難場所", "应急避难场所"),
    ("臺灣街", "台湾街"),
    ("綦江區（北區）", "綦江区北区"),
    ("３号水库", "3号水库"),
    ("ＡＢＣ站", "abc站"),
    ("大河\u200b乡", "大河乡"),
    ("大 河　乡", "大河乡"),
    ("髙橋", "高桥"),
    ("山﨑", "山崎"),
    ("広場", "廣場"),
    ("ガス", "ガス"),
    ("é", "e\u0301"),
    ("[东]站", "东站"),
    ("《避难所》", "避难所"),
    ("第１２組", "第12组"),
    ("神戸駅", "神户驿"),
]
"""Sixteen pairs that a person takes for one name."""
SPOKEN = {
    "曾家岩": ("zengjiayan", "zjy"),
    "单县": ("shanxian", "sx"),
    "洪洞": ("hongtong", "ht"),
    "繁峙": ("fanshi", "fs"),
    "重庆": ("chongqing", "cq"),
    "綦江": ("qijiang", "qj"),
    "大河乡避难场所3号": ("dahexiangbinanchangsuo3hao", "dhxbncs3h"),
    "石壕镇": ("shihaozhen", "shz"),
    "六安": ("luan", "la"),
    "蔚县": ("yuxian", "yx"),
}


@pytest.mark.parametrize(("one", "other"), SAME)
def test_texts_that_look_alike_are_folded_alike(one: str, other: str) -> None:
    assert folded_for_search(one) == folded_for_search(other) != ""
    assert folded_for_search(folded_for_search(one)) == folded_for_search(one)


@pytest.mark.parametrize("name", SPOKEN)
def test_names_have_their_pinyin_and_initials(name: str) -> None:
    assert set(SPOKEN[name]) < set(key_of(Name(name)).split("|"))


def test_a_key_is_short_and_an_empty_question_finds_nothing() -> None:
    assert len(key_of(Name("重重重重")).split("|")) <= 2 + 2 * 9
    assert len(key_of(Name("重" * 200))) < 2_000
    assert key_pattern(" （）") == "%|||%"
    assert not any(
        "|||" in key_of(Name(*names), ["1"]) for names in [("（）", None), (None, "a"), ("綦", None)]
    )


@pytest.mark.parametrize(
    ("pattern", "folded"),
    [
        ("%應急 避難%", "%应急避难%"),
        ("ＡＢ_ C%", "ab_c%"),
        ("100\\% \\_（x）\\\\", "100\\%\\_x\\\\"),
        ("％", "\\%"),
    ],
)
def test_a_pattern_keeps_its_marks_when_it_is_folded(pattern: str, folded: str) -> None:
    assert folded_pattern(pattern) == folded


async def test_the_database_numbers_characters_and_pairs_as_questions_do(stored) -> None:
    rng = random.Random(11)
    for _ in range(200):
        key = "".join(rng.choice("ab1綦江|𠮷_%\\") for _ in range(rng.randrange(12)))
        grams = set(await stored._connection.fetchval("SELECT registry_grams($1)", key))
        assert grams == {
            gram for n in range(len(key)) for end in (n + 1, n + 2) for gram in grams_of(key[n:end])
        }


def grams_of(text: str) -> list[int]:
    return [ord(text)] if len(text) == 1 else [ord(text[0]) * 2**21 + ord(text[1])]


def test_a_question_asks_for_all_its_pairs_or_its_one_character() -> None:
    assert key_grams("（綦 江 區）") == sorted([*grams_of("綦江"), *grams_of("江区")])
    assert key_grams("Ｑ") == grams_of("q")


async def test_records_are_found_over_every_list(client, stored, signed) -> None:
    shelter = await a_resource(
        stored, "shelter", 106.5, 29.0, name=Name("綦江區應急避難場所（北區）", "North shelter"),
        external_ids=[{"system": "erp", "id": "ＺＸ-007"}],
    )  # fmt: skip
    hidden = await a_resource(
        stored, "shelter", 106.6, 29.0, name=Name("单县一号"), visibility="internal",
        external_ids=[{"system": "erp", "id": "ZX-008"}],
    )  # fmt: skip
    for part in ("应急避难", "應急避難", "綦江 区", "qijiang", "qjqyj", "NORTH", "zx-007", "（北区）", "北"):
        for path in ("/v1/resources?", f"{ROOT}/shelters/items?"):
            assert await pages(client, f"{path}q={quote(part)}") == [str(shelter)], (path, part)
    for part in ("zx-008", "（）", "|", "shanxian", "单县", "避难场所"):
        for path in ("/v1/resources?", f"{ROOT}/shelters/items?"):
            found = await pages(client, f"{path}q={quote(part)}")
            assert str(hidden) not in found, "the public reads no name of it, and finds it by none"
    client.headers.update(await signed("viewer"))
    assert await pages(client, "/v1/resources?q=shanxian") == [str(hidden)]
    assert await pages(client, "/v1/resources?q=zx-008") == [], "its identities elsewhere could be guessed"
    del client.headers["Authorization"]


PLACES = [("510104020", "春熙路街道", "Chunxi Road"), ("510104030", "牛市口", None), ("11-Ａ", "髙松", None)]
"""Codes and names of places and, with another code, of zones."""
FOUND_BY = {
    "春熙": [0], "春": [0], "cxl": [0], "CHUNXI": [0], "chunxi road": [0], "春 熙（路）": [0], "牛市": [1],
    "nsk": [1], "x": [0], "高松": [2], "高": [2], "gs": [2], "11-a": [2],
}  # fmt: skip
CODES = {"510104020000": [0], "510104030": [1], "510104": [0, 1], "51": [0, 1]}


async def test_places_and_zones_are_found_over_every_list(client, stored) -> None:
    codes = [code for code, _, _ in PLACES]
    for code, zh, en in PLACES:
        await a_place(stored, code, name_zh=zh, name_en=en)
        zone = Zone(id=code, name=Name(zh, en), kind="river_shore")
        await zones.put(stored, [zone], "test")
    lists = ("/v1/places?", f"{ROOT}/places/items?", f"{ROOT}/zones/items?")
    for part, wanted in (FOUND_BY | CODES).items():
        for path in lists if part in FOUND_BY else lists[:2]:
            found = await pages(client, f"{path}q={quote(part)}")
            assert found == sorted(codes[n] for n in wanted), (path, part)


CASEI = [
    ("CASEI(name_zh) LIKE CASEI('%應急 避難%')", [0]),
    ("CASEI(name_zh) LIKE '%避難場所（%'", [0]),
    ("CASEI(name_zh) LIKE '%場_'", []),
    ("CASEI(name_zh) LIKE CASEI('單縣％')", []),
    ("CASEI(name_zh) LIKE CASEI('單縣%')", [1]),
    ("CASEI(name_zh) LIKE CASEI('單%')", [1]),
    ("CASEI(name_zh) = CASEI('单县 一號')", [1]),
    ("CASEI(name_zh) IN (CASEI('单县 一號'), CASEI('無'))", [1]),
    ("CASEI(name_zh) IN ('單縣一号', '無')", [1]),
    ("CASEI(name_en) LIKE CASEI('north%')", [0]),
    ("CASEI(name_en) = CASEI('NORTH  SHELTER')", [0]),
    ("CASEI(name_en) = 'NORTH SHELTER'", []),
    ("CASEI(name_zh) = CASEI('North shelter')", []),
    ("name_zh LIKE '%避难%'", []),
    ("NOT CASEI(name_en) = CASEI('x')", [0]),
]
"""CASEI folds as search does; a LIKE without it compares what is written."""


@pytest.mark.parametrize(("condition", "wanted"), CASEI)
async def test_casei_folds_names_as_search_does(client, stored, condition, wanted) -> None:
    made = [
        str(await a_resource(stored, "shelter", name=name))
        for name in (Name("綦江區應急避難場所（北區）", "North shelter"), Name("单县一号"))
    ]
    for path in ("shelters", "places", "zones", "unlocated-resources", "coverage-footprints"):
        found = await pages(client, f"{ROOT}/{path}/items?filter={quote(condition)}")
        assert found == ([made[n] for n in wanted] if path == "shelters" else []), path
