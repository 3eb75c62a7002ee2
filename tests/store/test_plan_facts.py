"""What the checks look at, against counting by hand."""

import json
from collections import Counter

import asyncpg
import pytest

from benchmarks.loadgen import bulk
from registry.domain.access.sight import EVERYTHING, PUBLIC, Sight
from registry.services.seeding import seed
from registry.store.database.pool import Writer
from registry.store.places import places
from registry.store.plans import facts
from tests.store.test_generator import ALL, COUNT, sources


@pytest.fixture
async def loaded(writer: Writer, conn: asyncpg.Connection) -> Writer:
    await seed.seed(writer)
    await bulk.load_exercise(conn, "load-x", sources(COUNT, "load-x"))
    return writer


@pytest.mark.parametrize("clearance", ["public", "internal", "restricted"])
async def test_tallies_count_what_lies_under_the_place(loaded: Writer, clearance: str) -> None:
    under = {row["code"] for row in await places.find(loaded, {"under": "500110"}, 1000)} | {"500110"}
    rows = [json.loads(row["feature"])["properties"] for row in await loaded.rows(ALL, {})]
    shown = ("public", "internal", "restricted")[: 1 + ("public", "internal", "restricted").index(clearance)]
    seen = [said for said in rows if said["place"] in under and said["visibility"] in shown]
    assert len(seen) > 20
    found = await facts.of_place(loaded, Sight(exercise="load-x", clearance=clearance), "500110")
    expected = Counter((said["kind"], said["place"]) for said in seen)
    counted: Counter[tuple[str, str | None]] = Counter()
    for tally in found.tallies:
        counted[tally.kind, tally.place] += tally.count
    assert counted == expected
    depots = [said for said in seen if said["kind"] == "supply_depot"]
    assert sum(t.serves_persons for t in found.tallies) == sum(said["serves_persons"] or 0 for said in depots)
    silent = sum(said["serves_persons"] is None for said in depots)
    assert sum(t.serves_unknown for t in found.tallies) == silent
    teams = [said for said in seen if said["kind"] == "rescue_team" and said["lifecycle"] == "in_service"]
    skills = Counter(f"{s['scheme']}:{s['code']}" for said in teams for s in said["specialties"])
    by_skill: Counter[str] = Counter()
    for skill in found.skills:
        by_skill[skill.specialty] += skill.count
    assert by_skill == skills


async def test_the_public_cannot_tell_an_internal_record_by_its_quality(loaded: Writer) -> None:
    rows = [json.loads(row["feature"])["properties"] for row in await loaded.rows(ALL, {})]
    hidden = [s for s in rows if s["visibility"] == "internal" and s["location"]["quality"] == "surveyed"]
    assert hidden
    for clearance, surveyed in (("public", False), ("internal", True)):
        found = await facts.of_place(loaded, Sight(exercise="load-x", clearance=clearance), "500000")
        total = sum(tally.count for tally in found.tallies if tally.quality == "surveyed")
        shown = [s for s in rows if s["location"]["quality"] == "surveyed" and s["place"]]
        public = [s for s in shown if s["visibility"] == "public"]
        internal = [s for s in shown if s["visibility"] == "internal"]
        assert total == len(public) + (len(internal) if surveyed else 0)


async def test_entries_of_the_places_above_hold_below_where_they_should(writer: Writer) -> None:
    await seed.seed(writer)
    town = await facts.of_place(writer, PUBLIC, "500110113")
    registers = {entry.__struct_config__.tag for entry in town.entries}
    assert registers == {"hotline", "denominator", "responsibility", "event"}
    district = await facts.of_place(writer, EVERYTHING, "qijiang")
    assert len([e for e in district.entries if e.__struct_config__.tag == "organisation"]) == 35


async def test_a_place_has_itself_and_its_towns(writer: Writer) -> None:
    await seed.seed(writer)
    found = await facts.of_place(writer, PUBLIC, "qijiang")
    assert len(found.towns()) == 21
    assert all({"qijiang", "500110", "500000"} <= town.above for town in found.towns())
