"""Names are found however they are written: width, brackets, spaces, 繁简, variants, pinyin."""

from urllib.parse import quote

import pytest

from registry.domain.search_key import folded_for_search, key_pattern, name_parts
from registry.domain.values import Name
from tests.api.test_ogc_items import ROOT, pages
from tests.builders import a_resource

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
    assert set(SPOKEN[name]) < set(name_parts(Name(name)))


def test_a_key_is_short_and_an_empty_question_finds_nothing() -> None:
    assert len(list(name_parts(Name("重重重重")))) <= 1 + 2 * 9
    assert len("|".join(name_parts(Name("重" * 200)))) < 2_000
    assert key_pattern(" （）") == "%||%"


async def test_records_are_found_over_every_list(client, stored) -> None:
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
    assert await pages(client, "/v1/resources?q=shanxian") == [str(hidden)]
    for part in ("zx-008", "（）", "|"):
        assert await pages(client, f"/v1/resources?q={quote(part)}") == [], part
