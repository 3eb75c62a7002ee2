"""Seeding stores the plan documents once, and leaves alone what people made of them."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from pyproj import Geod
from shapely.geometry import shape

from registry.domain.access.sight import PUBLIC
from registry.domain.errors import Invalid, Refused
from registry.services.seeding import seed
from registry.store.database.pool import Writer
from registry.store.database.query import Query
from registry.store.places import places, vocabularies
from registry.store.records import resources

GEOD = Geod(ellps="WGS84")


async def test_seeding_twice_changes_nothing(writer: Writer) -> None:
    first = await seed.seed(writer)
    assert (first.resources, first.added) == (46, 46)
    assert first.quality == {"candidate_places": 45, "unknown": 1}
    second = await seed.seed(writer)
    assert (second.resources, second.added) == (46, 0)


@pytest.mark.parametrize(
    ("name", "at", "wrong", "code"),
    [
        ("vocabularies.json", ("label", "zh"), "\u200b", "empty_text"),
        ("places.geojson", ("properties", "name", "zh"), "\u200b", "empty_text"),
        ("places.geojson", ("properties", "level"), "hamlet", None),
        ("resources.geojson", ("properties", "name", "zh"), "\u200b", "empty_text"),
        ("registers.json", ("place",), "no-such-place", "unknown_place"),
        ("documents.json", ("title", "zh"), "\u200b", "empty_text"),
        ("zones.json", ("name", "zh"), "\u200b", "empty_text"),
        ("rules.json", ("name", "zh"), "\u200b", "empty_text"),
    ],
)
async def test_every_seed_file_passes_the_gate(
    writer: Writer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    at: tuple[str, ...],
    wrong: str,
    code: str | None,
) -> None:
    for file in seed.SEEDS.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    listed = json.loads((tmp_path / name).read_text("utf-8"))
    member = (listed["features"] if isinstance(listed, dict) else listed)[0]
    for step in at[:-1]:
        member = member[step]
    member[at[-1]] = wrong
    (tmp_path / name).write_text(json.dumps(listed), "utf-8")
    monkeypatch.setattr(seed, "SEEDS", tmp_path)
    with pytest.raises(Refused if code else Invalid) as error:
        await seed.seed(writer)
    if isinstance(error.value, Refused):
        assert code in {one.code for one in error.value.findings}


async def test_a_corrected_record_survives_seeding(writer: Writer) -> None:
    await seed.seed(writer)
    record = seed.read_resources()[0]
    await writer.run(
        Query(sa.text("UPDATE resource SET feature = 'corrected' WHERE id = :id")), {"id": record.id}
    )
    await seed.seed(writer)
    found = await resources.get(writer, PUBLIC, record.id)
    assert found is not None
    assert found["feature"] == b"corrected"


async def test_management_areas_are_the_union_of_their_towns(writer: Writer) -> None:
    await seed.seed(writer)
    features = {item["id"]: item for item in seed.read_features("places.geojson")}
    for area in ("qijiang", "wansheng", "science-city"):
        members = features[area]["properties"]["members"]
        extents = [
            shape(features[code]["properties"]["extent"]) for code in members if _extent(features[code])
        ]
        expected = sum(abs(GEOD.geometry_area_perimeter(extent)[0]) for extent in extents)
        stored = await places.get(writer, area)
        assert stored is not None
        area_m2 = abs(GEOD.geometry_area_perimeter(shape(json.loads(stored["extent"])))[0])
        assert area_m2 == pytest.approx(expected, rel=1e-6)


async def test_a_town_lies_in_its_district_and_its_management_area(writer: Writer) -> None:
    await seed.seed(writer)
    under = Query(sa.text("SELECT ancestor FROM place_within WHERE code = :code"))
    ancestors = {row["ancestor"] for row in await writer.rows(under, {"code": "500110113"})}
    assert ancestors == {"500110113", "qijiang", "500110", "500000"}


async def test_progress_reaches_the_end_of_every_step(writer: Writer) -> None:
    last: dict[str, tuple[int, int]] = {}

    def advance(step: str, done: int, total: int) -> None:
        last[step] = (done, total)

    await seed.seed(writer, advance)
    assert {"places", "vocabularies", "resources"} <= set(last)
    assert all(done == total for done, total in last.values())


async def test_vocabularies_carry_both_languages(writer: Writer) -> None:
    await seed.seed(writer)
    stored = await vocabularies.find(writer)
    raw = json.loads((Path(seed.SEEDS) / "vocabularies.json").read_text("utf-8"))
    assert len(stored) == len(raw)
    assert all(row["label_zh"] and row["label_en"] for row in stored)


def _extent(feature: dict[str, object]) -> object:
    return feature["properties"]["extent"]  # type: ignore[index]


async def test_a_new_registry_gets_the_seeds_and_the_demonstration_once(writer: Writer) -> None:
    assert await seed.seed_if_new(writer) is not None
    counted = Query(sa.text("SELECT realm, count(*) AS n FROM resource GROUP BY realm"))
    assert {row["realm"]: row["n"] for row in await writer.rows(counted, {})} == {"live": 46, "demo": 228}
    assert await seed.seed_if_new(writer) is None
