"""The hot statements use their index, most of them under a generic plan."""

import itertools
import random

import pytest
import shapely
import sqlalchemy as sa

from registry.domain.conditions import Filter
from registry.domain.crs import DEFAULT
from registry.domain.ogc import cql, items
from registry.domain.ogc.catalogue import collection
from registry.domain.ogc.cql import FilterBuilder
from registry.domain.ogc.items import SortKey
from registry.domain.ogc.tiling import Tile
from registry.runtime.settings import Settings
from registry.store import filters
from registry.store.database.pool import reading
from registry.store.database.query import Query
from registry.store.ogc import cql as compiled
from registry.store.ogc import features, tiles
from registry.store.proximity import covering, nearest, within
from registry.store.records import changes, resources
from registry.store.visibility import Shape
from tests.builders import A_CHANGE, NOW, a_place, make

AREA = dict.fromkeys(("shape", "outline"), shapely.to_wkb(shapely.box(106.4, 28.9, 106.6, 29.1)))


def test_every_condition_of_a_filter_has_a_clause() -> None:
    values = {"bbox": (1.0, 2.0, 3.0, 4.0), "item": "a:b", "partners": "only"}
    for name in Filter.__struct_fields__:
        present, _ = filters.key_and_values(Filter(**{name: values.get(name, "x")}))
        assert present
        assert present <= set(filters.TERMS), name


async def plan(conn, query: Query, given: dict, mode: str = "force_generic_plan") -> str:
    await conn.execute(f"SET LOCAL plan_cache_mode = {mode}")
    await conn.execute("DEALLOCATE ALL")
    types = [str(t.name) for t in (await conn.prepare(query.text)).get_parameters()]
    values = ", ".join(literal(value, kind) for value, kind in zip(query.args(given), types, strict=True))
    await conn.execute(f"PREPARE hot AS {query.text}")
    rows = await conn.fetch(f"EXPLAIN EXECUTE hot({values}) /* {hash(query.text)}, asked once */")
    return "\n".join(row[0] for row in rows)


async def known_to_the_planner(conn, writer, made: list) -> None:
    """Store records, and have the server look at how they are spread."""
    await changes.load(writer, made, A_CHANGE)
    await conn.execute("ANALYZE resource")


def scattered(count: int, lon: tuple[float, float], lat: tuple[float, float]) -> list:
    """Shelters spread evenly over a window, the same in every run."""
    rng = random.Random(7)
    return [make("shelter", rng.uniform(*lon), rng.uniform(*lat)) for _ in range(count)]


def literal(value: object, kind: str) -> str:
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'::bytea"
    if isinstance(value, list):
        return f"'{{{','.join(map(str, value))}}}'::{kind}"
    return "NULL" if value is None else f"'{value}'::{kind}"


@pytest.mark.parametrize("clearance", ["public", "internal"])
async def test_hot_questions_use_their_index(conn, writer, clearance) -> None:
    rng = random.Random(7)
    spots = [(rng.uniform(106, 107), rng.uniform(28.5, 29.5)) for _ in range(4000)]
    kinds = itertools.cycle(["shelter", "fire_watch_point"])
    made = [
        make(kind, lon, lat, **({"watch_radius_m": 5000} if kind != "shelter" else {}))
        for (lon, lat), kind in zip(spots, kinds, strict=False)
    ]
    await known_to_the_planner(conn, writer, made)
    await conn.execute("SET LOCAL ROLE registry_app")  # whose row security must not hide an index
    form, kind = Shape(clearance=clearance), frozenset({"kind", "in_service"})
    spot = {"lon": 106.5, "lat": 29.0, "kind": "shelter", "lifecycle": "in_service", "k": 10, "max_m": 5000}
    spot |= {
        "limit": 100,
        "fetch": 16,
        "margin_m": 0,
        "radius_m": 500,
        "bbox_w": 106.5,
        "bbox_s": 29,
        "bbox_e": 106.51,
        "bbox_n": 29.01,
    }
    hot = {
        "nearest": nearest._candidates(form, kind, False, True, 16),
        "within": within._near(form, kind, False, False, None),
        "a page of within": within._near(form, kind, False, False, 128),
        "covering": covering._covering(form, kind),
        "bbox": resources._find(form, frozenset({"bbox"}), False),
    }
    for name, query in hot.items():
        shown = await plan(conn, query, spot | {"kind": "fire_watch_point"} if name == "covering" else spot)
        assert "Seq Scan on resource" not in shown, f"{name}\n{shown}"
        assert "resource_exercise" not in shown, f"{name} reads the drills\n{shown}"
        assert ("<->" in shown) == (name in ("nearest", "a page of within")), f"{name}\n{shown}"
        await conn.execute("DEALLOCATE ALL")


CONDITIONS = {
    "specialties_any": ["registry:rare"],
    "specialties_all": ["registry:rare"],
    "hazards_any": ["registry:rare"],
    "hazards_all": ["registry:rare"],
    "level": "district",
    "operational": "degraded",
    "kinds": ["supply_depot"],
    "lifecycle": "planned",
    "readiness": "available",
    "opening": "open",
    "free_persons": 999,
    "verified_since": NOW.replace(year=2030),
    "tier": "district",
    "ownership": "social",
    "form": "checkpoint",
    "force": "social",
    "place": "town",
    "item": None,
}
VALUES = {"sight_realm": "live", "item_scheme": "s", "item_code": "c", "quantity": 1.0, "fetch": 16}
VALUES |= {"stock_on": None}
VALUES |= {"lon": 106.5, "lat": 29.0, "max_m": 5000, "valid_at": NOW}


@pytest.mark.parametrize("drawn", [False, True], ids=["spot", "area"])
async def test_each_condition_looks_near_first_and_finds_the_rare_by_its_index(conn, writer, drawn) -> None:
    await known_to_the_planner(conn, writer, scattered(4000, (106, 107), (28.5, 29.5)))
    for name, value in CONDITIONS.items():
        usual = {"valid_at"} if name == "lifecycle" else {"in_service", "valid_at"}
        case = Shape(), frozenset({name, *usual}), drawn, False
        given = VALUES | AREA | {name: value}
        looked = await plan(conn, nearest._looked_through(*case), given)
        assert "Order By: ((public_geom)::geography <->" in looked, f"{name}\n{looked}"
        await conn.execute("DEALLOCATE ALL")
        rare = await plan(conn, nearest._rare(*case), given, "force_custom_plan")
        assert "Seq Scan on resource_live" not in rare, f"{name}\n{rare}"
        await conn.execute("DEALLOCATE ALL")


@pytest.mark.parametrize("clearance", ["public", "internal"])
async def test_a_window_of_one_kind_is_found_by_one_index(conn, writer, clearance) -> None:
    """Beside an index of positions alone, that of a whole kind would be read for every window."""
    await known_to_the_planner(conn, writer, scattered(6000, (106, 107), (28, 29)))
    given = {
        "kind": "shelter",
        "limit": 100,
        "bbox_w": 106.5,
        "bbox_s": 28.5,
        "bbox_e": 106.55,
        "bbox_n": 28.55,
    }
    query = resources._find(Shape(clearance=clearance), frozenset({"bbox", "kind"}), False)
    shown = await plan(conn, query, VALUES | given, "force_custom_plan")
    assert "BitmapAnd" not in shown, shown
    of_records = shown.partition("on resource_live")[2].partition("Index Cond:")[2]
    assert "(kind = " in of_records.partition("\n")[0], shown


async def test_the_past_is_found_by_the_same_indexes(conn, writer) -> None:
    await known_to_the_planner(conn, writer, scattered(4000, (106, 107), (28, 29)))
    usual = frozenset({"kind", "in_service", "valid_at"})
    given = VALUES | {"kind": "shelter", "limit": 10, "sight_as_of": NOW}
    then = Shape(past=True)
    page = features._page(features.Listing(then, "shelters", features.EVERYTHING, (), None), DEFAULT, False)
    asked = {
        "Order By: ((public_geom)::geography <->": nearest._candidates(then, usual, False, False, 16),
        "using resource_live_pkey": resources._find(then, frozenset(), False),
        "(id = page.identity)": page,
    }
    for wanted, query in asked.items():
        shown = await plan(conn, query, given)
        assert wanted in shown, shown
        assert "Seq Scan on resource_live" not in shown, shown
        assert "Merge Append" in shown, shown
        await conn.execute("DEALLOCATE ALL")


LISTED = [
    "capacity_persons > 5",
    "level = 'town'",
    "opening = 'open' AND lifecycle = 'in_service'",
]
TRIANGLE = "S_INTERSECTS(geometry, POLYGON((106.5 28.5, 106.6 28.5, 106.5 28.6, 106.5 28.5)))"


@pytest.mark.parametrize(
    ("clearance", "scoped"), [("public", False), ("internal", False), ("internal", True)]
)
async def test_a_window_is_counted_and_sorted_without_reading_its_records(
    conn, writer, clearance, scoped
) -> None:
    await known_to_the_planner(conn, writer, scattered(6000, (106, 107), (28, 29)))
    await conn.execute("SET LOCAL enable_bitmapscan = off")  # nothing is vacuumed here
    await conn.execute("SET LOCAL ROLE registry_app")
    shelters = collection("shelters")
    prefix = "public_" if clearance == "public" else ""
    for filtered in (None, *LISTED):
        wanted = FilterBuilder(shelters)
        items.add_window(wanted, (106.5, 28.5, 106.55, 28.55))
        if filtered is not None:
            wanted.add(cql.parse_text(filtered))
        where = wanted.build()
        form = features.Listing(Shape(clearance=clearance, scoped=scoped), "shelters", where.shape, (), None)
        given = VALUES | {"limit": 10, "sight_scope": ["town"]} | compiled.values(where.values)
        shown = await plan(conn, features._page(form, DEFAULT, True), given)
        assert shown.count(f"Index Only Scan using resource_live_{prefix}spot_kind") == 2, shown
        assert "Index Scan using resource_live_pkey" in shown, shown


@pytest.mark.parametrize(
    ("text", "index"), [("大河", "grams"), ("避", "grams"), ("a_b", "grams"), ("大河乡", "search_key")]
)
async def test_an_index_is_asked_for_what_it_knows(conn, writer, text, index) -> None:
    """Asked for two letters, the index of trigrams reads all of itself."""
    await known_to_the_planner(conn, writer, scattered(4000, (106, 107), (28, 29)))
    wanted = FilterBuilder(collection("shelters"))
    items.add_name(wanted, text)
    where = wanted.build()
    form = features.Listing(Shape(), "shelters", where.shape, (), None)
    given = VALUES | {"limit": 10} | compiled.values(where.values)
    present, values = filters.key_and_values(Filter(q=text))
    in_list = resources._find(Shape(), present, False)
    for query, more in ((features._page(form, DEFAULT, True), given), (in_list, given | values)):
        shown = await plan(conn, query, more)
        assert ("search_key_idx" in shown) is (index == "search_key"), shown
        assert ("registry_grams_idx" in shown) is (index == "grams"), shown
        await conn.execute("DEALLOCATE ALL")


async def test_what_a_shape_meets_is_looked_for_in_its_box(conn, writer) -> None:
    await known_to_the_planner(conn, writer, scattered(6000, (106, 107), (28, 29)))
    where = cql.parse(cql.parse_text(TRIANGLE), collection("shelters"))
    form = features.Listing(Shape(), "shelters", where.shape, (SortKey("name_zh"),), None)
    given = VALUES | {"limit": 10} | compiled.values(where.values)
    shown = await plan(conn, features._page(form, DEFAULT, False), given, "force_custom_plan")
    assert "(public_spot <@ " in shown.partition("Index Cond:")[2].partition("\n")[0], shown


@pytest.mark.parametrize("clearance", ["public", "internal"])
async def test_a_tile_of_many_is_counted_by_the_cells_in_it(conn, writer, clearance) -> None:
    await known_to_the_planner(conn, writer, scattered(4000, (100, 110), (20, 30)))
    query = tiles._tile(Shape(clearance=clearance), ("shelters", "rescue-teams"), True, True)
    shown = await plan(conn, query, VALUES | tiles.frame(Tile(8, 106, 203)), "force_custom_plan")
    prefix = "public_" if clearance == "public" else ""
    assert f"Index Cond: (({prefix}cell >= " in shown, shown
    assert "Seq Scan on resource" not in shown, shown


@pytest.mark.parametrize("clearance", ["public", "internal"])
async def test_the_nearest_partners_have_an_index_of_their_own(conn, writer, clearance) -> None:
    await a_place(writer, "theirs", partner={"since": "2020"})
    rng = random.Random(7)
    made = [
        make("shelter", rng.uniform(106, 107), rng.uniform(28, 29), place="theirs" if n % 20 == 0 else None)
        for n in range(4000)
    ]
    await known_to_the_planner(conn, writer, made)
    present = frozenset({"partners_only", "in_service", "valid_at"})
    query = nearest._candidates(Shape(clearance=clearance), present, False, False, 16)
    shown = await plan(conn, query, VALUES)
    prefix = "public_" if clearance == "public" else ""
    assert f"Index Scan using resource_live_{prefix}geom_idx" in shown, shown
    assert "Order By" in shown


@pytest.mark.parametrize("clearance", ["public", "internal"])
async def test_the_nearest_of_our_own_are_found_among_partners(conn, writer, clearance) -> None:
    """Far inside a partner's ground, all of the partner's records are nearer."""
    await known_to_the_planner(conn, writer, scattered(4000, (106, 107), (28, 29)))
    present = frozenset({"kind", "tier", "partners_exclude", "in_service", "valid_at"})
    query = nearest._looked_through(Shape(clearance=clearance), present, False, False)
    shown = await plan(conn, query, VALUES | {"kind": "supply_depot", "tier": "town"})
    by = "(((partner_of IS NULL))::integer = 1)"
    assert any(by in line for line in shown.splitlines() if "Index Cond:" in line), shown
    assert "Order By" in shown


async def test_a_snapshot_may_plan_once_and_still_plans_by_value_what_must_be(role_url) -> None:
    rare = nearest._rare(Shape(), frozenset({"readiness"}), False, False)
    near = nearest._candidates(Shape(), frozenset(), False, False, 16)
    mode = Query(sa.text("SELECT current_setting('plan_cache_mode') AS mode"))
    counts = Query(
        sa.text("SELECT custom_plans AS custom FROM pg_prepared_statements WHERE statement = :text")
    )
    async with reading(Settings(pool_size=1), role_url) as reader:
        async with reader.snapshot(one_plan=True) as snapshot:
            for query in (near, rare):
                await snapshot.rows(query, VALUES | {"readiness": "available"})
            assert (await snapshot.row(mode, {}))["mode"] == "force_generic_plan"
            custom = [(await snapshot.row(counts, {"text": query.text}))["custom"] for query in (near, rare)]
        assert custom == [0, 1]
        assert (await reader.row(mode, {}))["mode"] == "auto"


async def test_a_long_statement_is_planned_once_too(role_url) -> None:
    """Drivers forget statements of more than 15 kB after every run unless they are told otherwise."""
    long = sa.select(sa.func.length(sa.literal_column(f"'{'x' * 20_000}'")).label("length"))
    async with reading(Settings(pool_size=1), role_url) as reader:
        query = Query(long)
        for _ in range(3):
            assert (await reader.row(query, {}))["length"] == 20_000
        kept = Query(sa.text("SELECT count(*) AS n FROM pg_prepared_statements WHERE statement = :text"))
        assert (await reader.row(kept, {"text": query.text}))["n"] == 1


async def test_a_question_by_value_is_planned_for_its_value(conn, writer) -> None:
    query = nearest._rare(Shape(), frozenset({"readiness"}), False, False)
    for _ in range(7):
        await writer.rows(query, VALUES | {"readiness": "available"})
    counted = "SELECT custom_plans, generic_plans FROM pg_prepared_statements WHERE statement = $1"
    assert tuple(await conn.fetchrow(counted, query.text)) == (7, 0)
    assert await conn.fetchval("SHOW plan_cache_mode") == "auto"
