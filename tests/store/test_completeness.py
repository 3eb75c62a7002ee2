"""Counts of listings against counts of the records, and the completeness that they lead to."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import NamedTuple

import asyncpg
import msgspec
import pytest
import sqlalchemy as sa

from registry.domain.access.sight import EVERYTHING, PUBLIC, Sight
from registry.domain.completeness import ListingCount
from registry.domain.conditions import Filter
from registry.domain.plans.document import Document
from registry.domain.plans.provision import Provision
from registry.domain.records import change as changing
from registry.domain.records.change import Change
from registry.domain.records.resource import KINDS
from registry.domain.values import Name
from registry.services.completeness import completeness_of, kinds_of
from registry.store import completeness as listings
from registry.store.database.kept import MOST_KEPT, Kept
from registry.store.database.moment import moment
from registry.store.database.pool import SnapshotReader, Writer, prepare
from registry.store.database.query import Query
from registry.store.plans import plans
from registry.store.records import changes
from registry.store.sync.feed import begin_incarnation
from tests.builders import A_CHANGE, NOW, a_place, a_resource, an_inventory, make

ALIKE = """realm, kind, place, partner_of, visibility, lifecycle, force, level, tier, form, ownership,
placeholder, located, public_located"""
GROUPS = "SELECT {0}, sum(n)::int FROM listing GROUP BY {0} HAVING sum(n) <> 0".replace("{0}", ALIKE)
COUNTED = """
SELECT {0}, count(*)::int FROM (
    SELECT *, geom IS NOT NULL AS located, public_geom IS NOT NULL AS public_located FROM resource
     WHERE valid_from IS NULL AND valid_to IS NULL
) undated GROUP BY {0}
""".replace("{0}", ALIKE)
OWN = {
    "rescue_team": {"force": ["mass", "social"], "level": ["district", "town"]},
    "shelter": {"level": ["district", "town"]},
    "fire_watch_point": {"form": ["checkpoint", "watchtower"]},
    "supply_depot": {"tier": ["district", "town"], "ownership": ["government", "social"]},
}
MADE_FROM_TOTAL = [{"kind": "document", "reference": "plan", "confidence": "placeholder"}]


def drawn(rng: random.Random, **given):
    kind = rng.choice(KINDS)
    given |= {name: rng.choice([*values, None]) for name, values in OWN[kind].items()}
    given |= {"place": rng.choice(["T1", "T2", None]), "exercise": rng.choice([None, "drill"])}
    given |= {"visibility": rng.choice(["public", "internal", "restricted"])}
    given |= {"lifecycle": rng.choice(["in_service", "suspended", "retired"])}
    if rng.random() < 0.2:
        given |= {"valid_to": NOW + timedelta(days=rng.choice([-1, 1]))}
    if rng.random() < 0.2:
        given |= {"sources": MADE_FROM_TOTAL}
    return make(kind, rng.choice([None, 106.6, 106.7]), **given)


async def same_counts(conn: asyncpg.Connection) -> None:
    kept, counted = [{tuple(row) for row in await conn.fetch(text)} for text in (GROUPS, COUNTED)]
    assert kept == counted


async def test_the_listing_counts_what_is_stored_after_any_changes(conn, writer) -> None:
    rng = random.Random(7)
    for code in ("T1", "T2"):
        await a_place(writer, code)
    records = [drawn(rng) for _ in range(60)]
    await changes.load(writer, records[:40], A_CHANGE)
    for record in records[40:]:
        await changes.insert(writer, record, A_CHANGE)
    await same_counts(conn)
    for record in records[::2]:
        other = drawn(rng, id=record.id)
        if other.kind == record.kind and other.properties.exercise == record.properties.exercise:
            following = changing.next_version(record, other, NOW)
            await changes.amend(writer, record, following, Change(verb="update", actor="t", at=NOW))
    await same_counts(conn)
    await a_place(writer, "T1", partner={"agreement": "aid"})
    await same_counts(conn)
    await conn.execute("DELETE FROM resource WHERE place = 'T2'")
    await conn.execute("SELECT registry_fold_listing()")
    await same_counts(conn)
    before = await conn.fetchval("SELECT count(*) FROM listing")
    await conn.execute("SELECT registry_recount('live'), registry_recount('drill')")
    await same_counts(conn)
    assert await conn.fetchval("SELECT count(*) FROM listing") == before
    await conn.execute("ALTER TABLE observation DISABLE TRIGGER append_only; TRUNCATE resource CASCADE")
    assert await conn.fetchval("SELECT count(*) FROM listing") == 0


SIGHTS = [
    PUBLIC,
    EVERYTHING,
    Sight(clearance="internal", scope=("T1",)),
    Sight(clearance="restricted", exercise="drill"),
]


@pytest.mark.parametrize("past", [False, True], ids=["now", "as of"])
@pytest.mark.parametrize("sight", SIGHTS)
async def test_what_is_listed_is_what_can_be_seen_and_is_valid(writer, sight, past) -> None:
    rng = random.Random(8)
    for code in ("T1", "T2"):
        await a_place(writer, code)
    records = [drawn(rng) for _ in range(120)]
    await changes.load(writer, records, A_CHANGE)
    if past:
        sight = msgspec.structs.replace(sight, as_of=NOW)

    def seen(record) -> bool:
        properties = record.properties
        shown = {"public": ("public", "internal"), "restricted": ("public", "internal", "restricted")}
        allowed = shown.get(sight.clearance, shown["public"])
        if sight.scope and properties.place == "T1":
            allowed = shown["restricted"]
        return properties.exercise == sight.exercise and properties.visibility in allowed

    for wanted in (
        Filter(kind="rescue_team", lifecycle="in_service", valid_at=NOW),
        Filter(kind="rescue_team", lifecycle="in_service", level="town", place="T1", valid_at=NOW),
        Filter(kind="supply_depot", tier="town", valid_at=NOW),
        Filter(kind="shelter"),
    ):
        among = [
            record
            for record in records
            if seen(record)
            and record.kind == wanted.kind
            and all(
                getattr(record.properties, name) == value
                for name, value in wanted.given().items()
                if name not in ("kind", "valid_at")
            )
            and (wanted.valid_at is None or record.properties.valid_to in (None, NOW + timedelta(days=1)))
        ]
        counts = await listings.counts(writer, sight, wanted, [wanted.kind])
        located = [record for record in among if record.geometry]
        placeholders = [record for record in among if record.is_placeholder]
        assert counts.by_kind[wanted.kind] == ListingCount(len(among), len(located), len(placeholders))
        if wanted.valid_at is not None and any(seen(r) and r.properties.valid_to for r in records):
            assert counts.until == NOW + timedelta(days=1)


async def a_total(writer: Writer, identity: str, total: int, place: str | None, kind: str, **where) -> None:
    await plans.put_documents(writer, [Document(id="plan", kind="plan", title=Name(en="Plan"))])
    provision = {"id": identity, "document": "plan", "locator": "003:156", "kind": "published_total"}
    provision |= {"title": {"en": "t"}, "text": {"zh": "总", "en": "total"}, "place": place}
    provision |= {"subject": {"kind": kind, "where": where}, "as_of_from": "2020-12-31"}
    provision |= {"requirement": {"value": total, "unit": "item", "per": "total"}}
    await plans.put_provisions(writer, [msgspec.convert(provision, Provision)])


async def a_district(writer: Writer) -> None:
    await a_place(writer, "D", level="district")
    for code in ("T1", "T2"):
        await a_place(writer, code, "D")
    await a_place(writer, "E", level="district")


SHELTERS = Filter(kind="shelter", lifecycle="in_service", valid_at=NOW)


def at(place: str | None, wanted: Filter = SHELTERS, **more) -> Filter:
    return msgspec.structs.replace(wanted, place=place, **more)


async def test_54_published_and_none_listed(writer) -> None:
    await a_district(writer)
    await a_total(writer, "shelters", 54, "D", "shelter")
    everywhere = await completeness_of(writer, PUBLIC, SHELTERS)
    assert (everywhere.state, everywhere.listed, everywhere.missing) == ("open", 0, 54)
    (published,) = everywhere.published
    assert (published.total, published.scope, published.locator) == (54, "narrower", "003:156")
    assert published.as_of == "2020-12-31"
    assert (await completeness_of(writer, PUBLIC, at("D"))).published[0].scope == "same"
    town = await completeness_of(writer, PUBLIC, at("T1"))
    assert (town.published[0].scope, town.missing) == ("wider", None)
    assert (await completeness_of(writer, PUBLIC, at("E"))).published == []


async def test_a_total_is_set_beside_the_records_of_its_own_conditions_and_place(writer) -> None:
    await a_district(writer)
    await a_total(writer, "depots", 9, "D", "supply_depot", tier=["town"])
    for place, tier, lifecycle in [
        ("T1", "town", "in_service"), ("T2", "town", "suspended"), ("T2", "town", "retired"),
        ("T1", "district", "in_service"), ("E", "town", "in_service"),
    ]:  # fmt: skip
        await a_resource(writer, "supply_depot", place=place, tier=tier, lifecycle=lifecycle)
    await a_resource(writer, "supply_depot", place="T1", tier="town", sources=MADE_FROM_TOTAL)
    depots = Filter(kind="supply_depot", lifecycle="in_service", valid_at=NOW)
    found = await completeness_of(writer, PUBLIC, at("D", depots, tier="town"))
    (published,) = found.published
    assert (published.scope, published.listed, published.placeholders) == ("same", 3, 1)
    assert (found.listed, found.placeholders, found.missing) == (2, 1, 7)
    every = await completeness_of(writer, PUBLIC, at("D", depots))
    assert (every.published[0].scope, every.listed, every.missing) == ("narrower", 3, 7)
    assert (await completeness_of(writer, PUBLIC, at("D", depots, tier="district"))).published == []


async def test_a_list_is_complete_where_an_inventory_holds_for_all_that_is_asked(writer) -> None:
    await a_district(writer)
    await an_inventory(writer, "shelter", "D")
    await an_inventory(writer, "rescue_team", "T1", where={"specialties": ["mine"]})
    states = {
        place: (await completeness_of(writer, PUBLIC, at(place))).state for place in ("D", "T1", "E", None)
    }
    assert states == {"D": "complete", "T1": "complete", "E": "open", None: "mixed"}
    teams = Filter(kind="rescue_team", lifecycle="in_service", valid_at=NOW)
    mine = at("T1", teams, specialties_any=("registry:mine",))
    assert (await completeness_of(writer, PUBLIC, mine)).state == "complete"
    assert (await completeness_of(writer, PUBLIC, at("T1", teams))).state == "mixed"
    both = at("T1", Filter(kinds=("rescue_team", "shelter"), lifecycle="in_service", valid_at=NOW))
    assert (await completeness_of(writer, PUBLIC, both)).state == "mixed"


def test_only_kinds_that_have_a_condition_are_asked_for() -> None:
    assert kinds_of(Filter()) == [*KINDS]
    assert kinds_of(Filter(tier="town")) == ["supply_depot"]
    assert kinds_of(Filter(level="town", opening="open")) == ["shelter"]
    assert kinds_of(Filter(kind="shelter", tier="town")) == ["shelter"]


def test_an_answer_is_kept_for_its_moment_alone() -> None:
    kept = Kept()
    kept.put("question", "1:1:/0", "answer")
    kept.put("unsure", None, "answer")
    assert kept.get("question", "1:1:/0") == "answer"
    assert kept.get("question", "1:2:/0") is None
    assert kept.get("unsure", None) is None
    for number in range(MOST_KEPT):
        kept.put(number, "1:1:/0", number)
    assert kept.get("question", "1:1:/0") is None
    assert kept.get(MOST_KEPT - 1, "1:1:/0") == MOST_KEPT - 1


def test_an_answer_of_lists_is_kept_until_one_changes_that_it_may_not_show() -> None:
    kept = Kept()
    kept.put("question", "10:14:10,12/9", "answer")
    assert kept.get_of_lists("question", "20:20:/9") == "answer"
    assert kept.get_of_lists("question", "20:20:/10") is None
    assert kept.get_of_lists("question", "10:14:10,12/13") is None
    assert kept.get_of_lists("question", None) is None
    assert kept.get_of_lists("other", "10:14:10,12/9") is None


class Lists(NamedTuple):
    """A reader that keeps answers, and two connections that commit."""

    reader: SnapshotReader
    writer: Writer
    second: asyncpg.Connection

    async def listed(self) -> int:
        return (await completeness_of(self.reader, EVERYTHING, Filter(kind="shelter", valid_at=NOW))).listed

    async def reads(self) -> int:
        """How many statements the answer takes from now on."""
        counting = Counting(self.reader)
        await completeness_of(counting, EVERYTHING, Filter(kind="shelter", valid_at=NOW))
        return counting.statements


class Counting(SnapshotReader):
    """The same reader, counting its statements."""

    def __init__(self, reader: SnapshotReader) -> None:
        super().__init__(reader._connection, kept=reader.kept)
        self.statements = 0

    async def rows(self, query, values):
        self.statements += 1
        return await super().rows(query, values)


@pytest.fixture
def lists_url(new_database) -> str:
    return new_database()


@pytest.fixture
async def lists(lists_url) -> AsyncIterator[Lists]:
    connections = [await asyncpg.connect(lists_url) for _ in range(3)]
    for connection in connections:
        await prepare(connection)
    writer = Writer(connections[1])
    await begin_incarnation(writer)  # the first write of a cloned database would keep all others waiting
    for code in ("T1", "T2"):
        await a_place(writer, code)
    yield Lists(SnapshotReader(connections[0]), writer, connections[2])
    for connection in connections:
        await connection.close()


async def test_a_write_that_changes_no_list_leaves_what_was_worked_out(lists) -> None:
    identity = await a_resource(lists.writer, "shelter", place="T1")
    assert await lists.listed() == 1
    await lists.writer.run(Query(sa.text("UPDATE resource SET opening = 'open'")), {})
    assert await lists.reads() == 0
    await lists.writer.run(Query(sa.text("SELECT registry_fold_listing()")), {})
    assert await lists.reads() == 0
    assert identity


CHANGES = {
    "a record": "INSERT",
    "a state of life": "UPDATE resource SET lifecycle = 'retired'",
    "a position": "UPDATE resource SET geom = NULL, public_geom = NULL, quality = 'unknown'",
    "a date": "UPDATE resource SET valid_to = '2020-01-01T00:00Z'",
    "a date of a dated one": "UPDATE resource SET valid_to = '2021-01-01T00:00Z' WHERE valid_to IS NOT NULL",
    "a removal": "DELETE FROM resource",
    "an inventory": "INVENTORY",
    "a total": "TOTAL",
    "a place": "PLACE",
}


async def test_every_change_of_a_list_is_seen_at_once(lists) -> None:
    for change, text in CHANGES.items():
        await lists.listed()
        assert await lists.reads() == 0
        if text == "INSERT":
            await a_resource(lists.writer, "shelter", place="T1")
        elif text == "INVENTORY":
            await an_inventory(lists.writer, "shelter", "T1")
        elif text == "TOTAL":
            await a_total(lists.writer, "shelters", 54, "T1", "shelter")
        elif text == "PLACE":
            await a_place(lists.writer, "T3", "T1")
        else:
            await lists.second.execute(text)
        assert await lists.reads() > 0, change


async def test_the_latest_change_has_the_greatest_number_and_not_the_last_text(lists) -> None:
    await lists.writer.run(Query(sa.text("DELETE FROM list_change")), {})
    await lists.writer.run(Query(sa.text("INSERT INTO list_change VALUES ('9'), ('10')")), {})
    assert str(await moment(lists.reader)).endswith("/10")


async def test_a_change_that_commits_late_is_seen(lists) -> None:
    late = lists.second.transaction()
    await late.start()
    await a_resource(Writer(lists.second), "shelter", place="T1")
    await a_resource(lists.writer, "shelter", place="T2")
    assert await lists.listed() == 1
    await late.commit()
    assert await lists.listed() == 2
    await lists.writer.run(Query(sa.text("SELECT registry_fold_listing()")), {})
    await a_resource(lists.writer, "shelter", place="T2")
    assert await lists.listed() == 3
