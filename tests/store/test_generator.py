"""Generated records are real records: what COPY stored is what the write path would have stored."""

from collections.abc import AsyncIterator
from itertools import pairwise

import asyncpg
import pytest
import sqlalchemy as sa

from benchmarks.loadgen import bulk
from benchmarks.loadgen.generator import Generator
from registry.domain.access.sight import EVERYTHING, PUBLIC
from registry.domain.errors import Conflict
from registry.domain.records import feature
from registry.domain.records.change import check
from registry.domain.records.resource import KINDS
from registry.services.seeding import seed
from registry.store.database.pool import Writer
from registry.store.database.query import Query
from registry.store.records import resource_row, resources

COUNT = 3000
DERIVED = {"geom", "public_geom", "footprint", "partner_of"}


def sources(count: int, exercise: str | None) -> bulk.Sources:
    made = list(Generator(count, exercise, seed.read_features("places.geojson")).chunks())

    async def records() -> AsyncIterator[bytes]:
        for chunk in made:
            yield chunk.resources

    async def flat() -> AsyncIterator[bytes]:
        for chunk in made:
            yield chunk.flat

    async def stock() -> AsyncIterator[bytes]:
        for chunk in made:
            yield chunk.stock

    return bulk.Sources(records, flat, stock)


@pytest.fixture
async def loaded(writer: Writer, conn: asyncpg.Connection) -> Writer:
    await seed.seed(writer)
    await bulk.load_exercise(conn, "load-x", sources(COUNT, "load-x"))
    return writer


ALL = Query(
    sa.text("SELECT *, ST_AsGeoJSON(geom)::json AS geojson FROM resource WHERE realm = 'load-x' ORDER BY id")
)


async def test_every_row_is_what_its_feature_would_be_stored_as(loaded: Writer) -> None:
    stored = await loaded.rows(ALL, {})
    assert len(stored) == COUNT
    for row in stored:
        record = feature.parse(row["feature"])
        check(record)
        expected = resource_row.row_of(record, "generator")
        assert {name: row[name] for name in expected if name not in DERIVED} == {
            name: value for name, value in expected.items() if name not in DERIVED
        }
        point = record.geometry
        assert row["geojson"] == (point and {"type": "Point", "coordinates": list(point.coordinates)})


async def test_every_flat_feature_is_what_the_write_path_would_render(loaded: Writer) -> None:
    flat = Query(sa.text("SELECT * FROM flat_feature WHERE realm = 'load-x'"))
    rendered = {row["resource_id"]: dict(row) for row in await loaded.rows(flat, {})}
    for row in await loaded.rows(ALL, {}):
        assert rendered.pop(row["id"]) == resource_row.flat_row(feature.parse(row["feature"]))
    assert not rendered


async def test_every_row_has_the_partner_of_its_place(loaded: Writer) -> None:
    partners = await loaded.rows(Query(sa.text("SELECT code, partner_of FROM place")), {})
    expected = {row["code"]: row["partner_of"] for row in partners}
    found = [(row["partner_of"], expected.get(row["place"])) for row in await loaded.rows(ALL, {})]
    assert any(of_row for of_row, _ in found)
    assert all(of_row == of_place for of_row, of_place in found)


async def test_the_load_may_use_the_indexes_it_has_built(loaded: Writer) -> None:
    """An index over rows that its own transaction updated first is closed to it: key checks would scan."""
    ours = "indrelid = '\"resource_load-x\"'::regclass"
    unready = Query(sa.text(f"SELECT count(*) AS n FROM pg_index WHERE indcheckxmin AND {ours}"))
    assert (await loaded.rows(unready, {}))[0]["n"] == 0


async def test_all_kinds_qualities_and_visibilities_occur(loaded: Writer) -> None:
    stored = await loaded.rows(ALL, {})
    assert {row["kind"] for row in stored} == set(KINDS)
    assert {row["quality"] for row in stored} == {"surveyed", "approximate", "candidate_places", "unknown"}
    assert {row["visibility"] for row in stored} == {"public", "internal", "restricted"}
    assert len({row["name_zh"] for row in stored}) == COUNT


async def test_a_generated_point_lies_in_the_town_it_names(loaded: Writer) -> None:
    astray = Query(
        sa.text(
            "SELECT r.id FROM resource r JOIN place p ON p.code = r.place"
            " WHERE r.realm = 'load-x' AND NOT ST_Covers(p.extent, r.geom)"
        )
    )
    assert await loaded.rows(astray, {}) == []


async def test_generated_records_never_reach_a_live_question(loaded: Writer) -> None:
    first = (await loaded.rows(ALL, {}))[0]
    assert await resources.get(loaded, PUBLIC, first["id"]) is None
    assert await resources.get(loaded, EVERYTHING, first["id"]) is None


async def test_an_exercise_is_loaded_once_and_removed_whole(loaded: Writer, conn: asyncpg.Connection) -> None:
    with pytest.raises(Conflict, match="load-x"):
        await bulk.load_exercise(conn, "load-x", sources(10, "load-x"))
    await bulk.remove_exercise(conn, "load-x")
    assert await loaded.rows(ALL, {}) == []
    stock = Query(sa.text("SELECT count(*) AS n FROM stock_line WHERE realm = 'load-x'"))
    assert (await loaded.rows(stock, {}))[0]["n"] == 0
    await bulk.load_exercise(conn, "load-x", sources(10, "load-x"))
    assert len(await loaded.rows(ALL, {})) == 10


async def test_an_exercise_without_a_partition_of_its_own_can_be_removed(
    writer: Writer, conn: asyncpg.Connection
) -> None:
    await seed.seed_if_new(writer)
    await bulk.remove_exercise(conn, "demo")
    counted = Query(sa.text("SELECT realm, count(*) AS n FROM resource GROUP BY realm"))
    assert {row["realm"]: row["n"] for row in await writer.rows(counted, {})} == {"live": 46}


async def test_live_load_is_refused_where_data_is_kept(
    writer: Writer, conn: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await seed.seed(writer)
    monkeypatch.setattr(bulk, "DISPOSABLE", "SELECT false")
    with pytest.raises(Conflict, match="thrown away"):
        await bulk.load_live(conn, sources(10, None))
    monkeypatch.undo()
    await bulk.load_live(conn, sources(10, None))
    counted = Query(sa.text("SELECT count(*) AS n FROM resource WHERE realm = 'live'"))
    assert (await writer.rows(counted, {}))[0]["n"] == 56


def test_records_come_place_by_place() -> None:
    """Indexes of positions that come in no order are several times slower to read."""
    found = Generator(COUNT, "load-x", seed.read_features("places.geojson")).spots
    steps = [
        abs(a - b) + abs(c - d)
        for (a, b), (c, d) in zip(pairwise(found.lon), pairwise(found.lat), strict=True)
    ]
    across = max(found.lon) - min(found.lon)
    assert sorted(steps)[len(steps) // 2] < across / 50
