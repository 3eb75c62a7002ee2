"""Likely doubles among many made records: nearly all are found, and nearly nothing else.

`DOUBLES_RECORDS=100000` takes the full number of records.
"""

import math
import os
import random

import pytest

from registry.domain.identity import new_id
from registry.domain.intake.doubles import CELL_DEG, LIKELY_PERCENT, doubles
from registry.domain.intake.reference import KnownRecord
from registry.domain.intake.territory import KnownPlace, Territory
from registry.domain.values import Name

RECORDS = int(os.environ.get("DOUBLES_RECORDS", "3000"))
SIDE_DEG = 0.45 * math.sqrt(RECORDS / 3_000)
"""3,000 records lie in a district of 2,000 km², and more of them in more districts."""
SYLLABLES = (
    "龙凤石永新安稳东溪赶水打通扶欢郭篆塘三角丁山中峰横古南文惠白云清泉高青柏松林竹梅兰菊荷花桥河江湖海田"
)
ENDINGS = ("小学", "中学", "广场", "公园", "村委会", "体育馆", "敬老院", "文化站")
TERRITORY = Territory(
    [
        KnownPlace("500110", "district", Name("綦江区")),
        KnownPlace("500110113", "town", Name("永新镇"), parent="500110"),
    ]
)
SAME_OR_NOT = [
    ("第一敬老院", "第二敬老院"),
    ("石龙3组避难点", "石龙4组避难点"),
    ("文化广场南区", "文化广场北区"),
    ("安置房A栋", "安置房B栋"),
    ("1号水库", "11号水库"),
    ("东溪中学", "西溪中学区"),
]


def a_record(rng: random.Random) -> KnownRecord:
    name = "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 4))) + rng.choice(ENDINGS)
    lon, lat = 100 + rng.random() * SIDE_DEG, 28.8 + rng.random() * SIDE_DEG
    return KnownRecord(id=new_id(0), name=Name(name), place="500110113", lon=lon, lat=lat)


def as_another_office_writes(name: str, rng: random.Random) -> str:
    """The name with the places before it, with spaces, invisible marks or other brackets."""
    changes = (
        lambda text: f"綦江区永新镇{text}",
        lambda text: f"永新镇{text}",
        lambda text: f"永新{text}",
        lambda text: " ".join(text),
        lambda text: text[:2] + "\u200b" + text[2:],
        lambda text: f"{text}（新）" if len(text) > 7 else text,
    )
    return rng.choice(changes)(name)


def cell(record: KnownRecord) -> tuple[int, int]:
    assert record.lon is not None
    assert record.lat is not None
    return int(record.lon // CELL_DEG), int(record.lat // CELL_DEG)


def test_nearly_all_doubles_are_found_and_nearly_nothing_else() -> None:
    rng = random.Random(24)
    known = [a_record(rng) for _ in range(RECORDS)]
    near: dict[tuple[int, int], list[KnownRecord]] = {}
    for record in known:
        near.setdefault(cell(record), []).append(record)
    missed = wrong = 0
    for record in known:
        column, row = cell(record)
        around = [one for i in (-1, 0, 1) for j in (-1, 0, 1) for one in near.get((column + i, row + j), ())]
        name = as_another_office_writes(str(record.name.zh), rng)
        found = doubles(Name(name), "500110113", around, TERRITORY)
        missed += record.id not in {one.record.id for one in found}
        wrong += any(
            one.percent >= LIKELY_PERCENT and one.record.id != record.id and one.record.name != record.name
            for one in found
        )
    assert missed <= RECORDS * 0.005
    assert wrong <= RECORDS * 0.001


@pytest.mark.parametrize(("one", "other"), SAME_OR_NOT)
def test_a_number_or_a_side_tells_two_things_apart(one: str, other: str) -> None:
    known = KnownRecord(id=new_id(0), name=Name(other), place="500110113", lon=106.65, lat=29.03)
    assert doubles(Name(one), "500110113", [known], TERRITORY) == []
