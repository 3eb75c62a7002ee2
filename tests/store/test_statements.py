"""Every statement prepares, and the hot ones use their index under a generic plan."""

import itertools
import random

import pytest

from registry.domain.search import Filter
from registry.store import changes, filters, grounds, health, places, proximity, resources, watchers
from registry.store.query import Query
from registry.store.sight import Shape
from tests.builders import A_CHANGE, make

SHAPES = [
    Shape(live, clearance, scoped)
    for live, clearance, scoped in itertools.product(
        [True, False], ["public", "internal", "restricted"], [False, True]
    )
]
WRITES = [changes.INSERT, changes.INSERT_STOCK, changes.INSERT_EXTERNAL, changes.LOG, changes.KEEP]
WRITES += [changes.UPDATE, changes.NOTIFY, changes._lock(Shape()), *changes.FORGET_PARTS]
PRESENT = [frozenset(), frozenset({"kind"}), frozenset({"kind", "lifecycle", "place", "quality", "q"})]


def statements() -> list[Query]:
    shaped = []
    for form, present in itertools.product(SHAPES, PRESENT):
        shaped += [resources._find(form, present | {"bbox"}, True), resources._find(form, present, False)]
        shaped += [resources._get(form), proximity._covering(form, present), proximity._loose(form, present)]
        shaped += [proximity._nearest(form, present, capped) for capped in (True, False)]
        shaped += [proximity._near(form, present, paged) for paged in (True, False)]
        shaped += [watchers._watchers(form, present, stated) for stated in (True, False)]
    named = [places.GET, places.MEMBERS, places.CONTAINING, places.REACH, places.UPSERT, health.LOOK]
    named += [grounds.PLACE, grounds.PARTS, grounds.CROSSED, watchers.EXTENTS]
    return [*shaped, *named, *WRITES]


async def test_every_statement_prepares(conn) -> None:
    for query in statements():
        await conn.prepare(query.text)


def test_every_condition_of_a_filter_has_a_clause() -> None:
    assert set(Filter.__struct_fields__) <= set(filters.CLAUSES)


async def plan(conn, query: Query, given: dict) -> str:
    await conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    await conn.execute("DEALLOCATE ALL")
    types = [str(t.name) for t in (await conn.prepare(query.text)).get_parameters()]
    values = ", ".join(literal(value, kind) for value, kind in zip(query.args(given), types, strict=True))
    await conn.execute(f"PREPARE hot AS {query.text}")
    rows = await conn.fetch(f"EXPLAIN EXECUTE hot({values})")
    return "\n".join(row[0] for row in rows)


def literal(value: object, kind: str) -> str:
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
    await changes.load(writer, made, A_CHANGE)
    await conn.execute("ANALYZE resource")
    await conn.execute("SET LOCAL ROLE registry_app")  # whose row security must not hide an index
    form, kind = Shape(clearance=clearance), frozenset({"kind", "lifecycle"})
    spot = {"lon": 106.5, "lat": 29.0, "kind": "shelter", "lifecycle": "in_service", "k": 10, "max_m": 5000}
    spot |= {"limit": 100, "radius_m": 500, "bbox_w": 106.5, "bbox_s": 29, "bbox_e": 106.51, "bbox_n": 29.01}
    hot = {
        "nearest": proximity._nearest(form, kind, True),
        "within": proximity._near(form, kind, False),
        "covering": proximity._covering(form, kind),
        "bbox": resources._find(form, frozenset({"bbox"}), False),
    }
    for name, query in hot.items():
        shown = await plan(conn, query, spot | {"kind": "fire_watch_point"} if name == "covering" else spot)
        assert "Seq Scan on resource" not in shown, f"{name}\n{shown}"
        assert "resource_exercise" not in shown, f"{name} reads the drills\n{shown}"
        await conn.execute("DEALLOCATE ALL")
