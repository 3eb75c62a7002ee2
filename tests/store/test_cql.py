"""CQL2 conditions in the database against an evaluator written here, in three-valued logic."""

import json
import operator
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import shapely

from registry.domain.access.sight import PUBLIC
from registry.domain.crs import DEFAULT
from registry.domain.errors import InvalidQuery
from registry.domain.ogc import cql
from registry.domain.ogc.catalogue import collection
from registry.domain.ogc.items import ItemsQuery
from registry.store.ogc import features
from tests.builders import a_resource

SHELTERS = collection("shelters")
COMPARE = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
SPATIAL = ("intersects", "disjoint", "within", "contains", "touches", "equals")
BASE = datetime(2025, 1, 1, tzinfo=UTC)
LEVELS = ("town", "community", "district", None)
HAZARDS = ("flood", "fire", "quake")


def record(rng: random.Random) -> dict[str, Any]:
    begin = rng.choice([None, BASE + timedelta(days=rng.randrange(10))])
    end = rng.choice([None, BASE + timedelta(days=10 + rng.randrange(10))])
    return {
        "name_zh": rng.choice(["甲A", "乙b", "é门", "%_\\"]),
        "level": rng.choice(LEVELS),
        "capacity_persons": rng.choice([None, 0, 1, 5, 50]),
        "area_m2": rng.choice([None, 0.5, 1.0, 5.0]),
        "valid_from": begin,
        "valid_to": end,
        "hazards": rng.sample([f"registry:{name}" for name in HAZARDS], rng.randrange(4)),
        "geometry": (rng.randrange(100, 104), rng.randrange(20, 24)),
    }


def both(a: bool | None, b: bool | None) -> bool | None:
    return False if a is False or b is False else None if a is None or b is None else True


def inverse(a: bool | None) -> bool | None:
    return None if a is None else not a


def value(node: Any, row: dict[str, Any]) -> Any:
    if isinstance(node, dict) and "property" in node:
        return row[node["property"]]
    if isinstance(node, dict) and "timestamp" in node:
        return datetime.fromisoformat(node["timestamp"])
    if isinstance(node, dict) and "op" in node:
        found = [value(arg, row) for arg in node["args"]]
        if None in found:
            return None
        if node["op"] == "casei":
            return found[0].lower()
        a, b = found
        return {"+": a + b, "-": a - b, "*": a * b}[node["op"]]
    return node


def like(text: str, pattern: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(like(text[n:], pattern[1:]) for n in range(len(text) + 1))
    if pattern[0] == "\\":
        return text[:1] == pattern[1:2] and like(text[1:], pattern[2:])
    return bool(text) and pattern[0] in ("_", text[0]) and like(text[1:], pattern[1:])


def holds(node: Any, row: dict[str, Any]) -> bool | None:
    op, args = node["op"], node["args"]
    if op in ("and", "or"):
        parts = [holds(arg, row) if op == "and" else inverse(holds(arg, row)) for arg in args]
        whole: bool | None = True
        for part in parts:
            whole = both(whole, part)
        return whole if op == "and" else inverse(whole)
    if op == "not":
        return inverse(holds(args[0], row))
    if op == "isNull":
        return value(args[0], row) is None
    if op.startswith("s_"):
        here = shapely.Point(row["geometry"])
        return bool(getattr(shapely, op[2:])(here, shapely.geometry.shape(args[1])))
    if op.startswith("a_"):
        mine, theirs = set(row["hazards"]), set(args[1])
        return {
            "a_contains": mine >= theirs,
            "a_containedBy": mine <= theirs,
            "a_overlaps": bool(mine & theirs),
            "a_equals": mine == theirs,
        }[op]
    if op.startswith("t_"):
        return temporal(op, args, row)
    found = [value(arg, row) for arg in args] if op != "in" else [value(args[0], row)]
    if None in found:
        return None
    if op == "like":
        return like(*found)
    if op == "between":
        return found[1] <= found[0] <= found[2]
    if op == "in":
        return found[0] in args[1]
    return bool(COMPARE[op](*found))


def temporal(op: str, args: list, row: dict[str, Any]) -> bool:
    a, b = (
        row["valid_from"] or datetime.min.replace(tzinfo=UTC),
        row["valid_to"] or datetime.max.replace(tzinfo=UTC),
    )
    c, d = (datetime.fromisoformat(end) for end in args[1]["interval"])
    return {
        "t_after": a > d,
        "t_before": b < c,
        "t_during": c < a and b < d,
        "t_intersects": a <= d and c <= b,
        "t_disjoint": b < c or d < a,
        "t_overlaps": a < c < b < d,
        "t_contains": a < c and d < b,
    }[op]


def a_tree(rng: random.Random, depth: int) -> dict[str, Any]:
    if depth and rng.random() < 0.6:
        op = rng.choice(["and", "or", "not"])
        return {
            "op": op,
            "args": [a_tree(rng, depth - 1) for _ in range(1 if op == "not" else rng.randrange(2, 4))],
        }
    return rng.choice([a_comparison, a_text, a_place, a_time, an_array, a_null])(rng)


def a_number(rng: random.Random) -> Any:
    name = {"property": rng.choice(["capacity_persons", "area_m2"])}
    plain = rng.choice([0, 1, 4.5, 5, 50])
    return rng.choice([name, plain, {"op": rng.choice("+-*"), "args": [name, plain]}])


def a_comparison(rng: random.Random) -> dict[str, Any]:
    number = {"property": "capacity_persons"}
    if rng.random() < 0.2:
        return {"op": "between", "args": [number, 1, 10]}
    if rng.random() < 0.2:
        return {"op": "in", "args": [number, rng.sample([0, 1, 5, 50, 7], 3)]}
    return {"op": rng.choice(list(COMPARE)), "args": [number, a_number(rng)]}


def a_text(rng: random.Random) -> dict[str, Any]:
    name = {"property": "name_zh"}
    folded = [{"op": "casei", "args": [name]}, {"op": "casei", "args": [rng.choice(["甲a", "乙B"])]}]
    return rng.choice(
        [
            {"op": "like", "args": [name, rng.choice(["甲%", "_B", "%b", "\\%%", "é_", "%\\\\"])]},
            {
                "op": rng.choice(["=", "<>"]),
                "args": [{"property": "level"}, rng.choice(["town", "community"])],
            },
            {"op": "=", "args": folded},
            {"op": "in", "args": [{"property": "level"}, ["town", "district"]]},
        ]
    )


def a_place(rng: random.Random) -> dict[str, Any]:
    west, south = rng.randrange(100, 103), rng.randrange(20, 23)
    east, north = west + rng.randrange(1, 3), south + rng.randrange(1, 3)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    shape = rng.choice(
        [{"type": "Point", "coordinates": [west, south]}, {"type": "Polygon", "coordinates": [ring]}]
    )
    return {"op": f"s_{rng.choice(SPATIAL)}", "args": [{"property": "geometry"}, shape]}


def a_time(rng: random.Random) -> dict[str, Any]:
    begin = BASE + timedelta(days=rng.randrange(20))
    interval = [begin.isoformat(), (begin + timedelta(days=rng.randrange(1, 9))).isoformat()]
    mine = {"interval": [{"property": "valid_from"}, {"property": "valid_to"}]}
    names = ["after", "before", "during", "intersects", "disjoint", "overlaps", "contains"]
    return {"op": f"t_{rng.choice(names)}", "args": [mine, {"interval": interval}]}


def an_array(rng: random.Random) -> dict[str, Any]:
    some = rng.sample([f"registry:{name}" for name in HAZARDS], rng.randrange(1, 3))
    op = rng.choice(["a_contains", "a_containedBy", "a_overlaps", "a_equals"])
    return {"op": op, "args": [{"property": "hazards"}, some]}


def a_null(rng: random.Random) -> dict[str, Any]:
    return {"op": "isNull", "args": [{"property": rng.choice(["level", "capacity_persons", "valid_to"])}]}


@pytest.mark.parametrize("seed", range(3))
async def test_random_conditions_against_brute_force(writer, seed) -> None:
    rng = random.Random(seed)
    rows = {}
    for _ in range(60):
        row = record(rng)
        given = {
            name: row[name] for name in ("level", "capacity_persons", "area_m2", "valid_from", "valid_to")
        }
        hazards = [{"code": name.split(":")[1]} for name in row["hazards"]]
        identity = await a_resource(
            writer, "shelter", *row["geometry"], name={"zh": row["name_zh"]}, hazards=hazards, **given
        )
        rows[str(identity)] = row
    for _ in range(150):
        tree = a_tree(rng, 3)
        asked = ItemsQuery(filter=cql.parse(tree, SHELTERS), limit=100)
        found = await features.find(writer, PUBLIC, "shelters", asked, DEFAULT)
        wanted = {identity for identity, row in rows.items() if holds(tree, row) is True}
        shown = map(json.loads, found.features)
        assert {one["id"] for one in shown} == wanted, f"seed {seed}: {tree}"


async def test_accents_and_case_can_be_left_aside(writer) -> None:
    await a_resource(writer, "shelter", name={"zh": "x", "en": "Élan"})
    tree = cql.parse_text("ACCENTI(CASEI(name_en)) = ACCENTI(CASEI('elan'))")
    asked = ItemsQuery(filter=cql.parse(tree, SHELTERS))
    assert len((await features.find(writer, PUBLIC, "shelters", asked, DEFAULT)).features) == 1


@pytest.mark.parametrize(("point", "met"), [("POINT(0 0)", True), ("POINT(5 5)", False)])
async def test_two_shapes_of_the_question_are_compared_wherever_the_records_are(writer, point, met) -> None:
    await a_resource(writer, "shelter", 106.4, 29.6)
    text = f"S_INTERSECTS({point}, POLYGON((-1 -1, 1 -1, 1 1, -1 1, -1 -1)))"
    for asked, wanted in ((text, met), (f"NOT {text}", not met)):
        where = ItemsQuery(filter=cql.parse(cql.parse_text(asked), SHELTERS))
        found = await features.find(writer, PUBLIC, "shelters", where, DEFAULT)
        assert len(found.features) == wanted, asked


REFUSED = [
    "level = 5",
    "nothing = 1",
    "version = 'x'",
    "hazards = 'x'",
    "A_CONTAINS(level, ('x'))",
    "S_INTERSECTS(geometry, POINT(200 0))",
    "S_INTERSECTS(geometry, GEOMETRYCOLLECTION(POINT(0 91)))",
    "S_INTERSECTS(geometry, POINT EMPTY)",
    "S_INTERSECTS(geometry, LINESTRING EMPTY)",
    "S_INTERSECTS(geometry, POLYGON((0 0, 1 1, 1 0, 0 1, 0 0)))",
    "S_INTERSECTS(geometry, LINESTRING(1 1, 1 1))",
    "T_AFTER(level, TIMESTAMP('2025-01-01T00:00:00Z'))",
    "T_AFTER(updated_at, TIMESTAMP('2025-13-01T00:00:00Z'))",
    "pg_sleep(5) = 1",
    "level",
    "level = 'a' AND",
    "feature = 'x'",
    "public_feature IS NULL",
    "S_INTERSECTS(geom, POINT(0 0))",
    "level LIKE 5",
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_asked_is_refused(text) -> None:
    with pytest.raises(InvalidQuery):
        cql.parse(cql.parse_text(text), SHELTERS)


BOMBS = {
    "parentheses": "(" * 1900 + "level='a'" + ")" * 1900,
    "not": "NOT " * 900 + "level='a'",
    "minus": "version = " + "-" * 3000 + "1",
    "power": "version = " + "1^" * 1500 + "1",
    "functions": "CASEI(" * 600 + "level" + ")" * 600 + "='a'",
    "and": " AND ".join(["version=1"] * 390),
    "sum": "version=" + "+".join(["1"] * 1900),
    "long": "level='" + "x" * 5000 + "'",
    "list": "version IN (" + ",".join(["1"] * 1900) + ")",
    "spaced minus": "version = " + "- " * 1900 + "1",
    "case": "CASE" * 900,
    "brackets": "A_EQUALS(hazards," + "(" * 1900 + ")" * 1900,
    "polygon": "S_INTERSECTS(geometry,POLYGON(" + "(" * 1900,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_before_they_recurse(name) -> None:
    with pytest.raises(InvalidQuery):
        cql.parse(cql.parse_text(BOMBS[name]), SHELTERS)


def test_json_bombs_are_refused() -> None:
    deep = '{"op":"not","args":[' * 90 + "true" + "]}" * 90
    for text in (deep, "[" * 3000, "{" * 3000, '{"op":"not","args":[]}', '{"op":1,"args":{}}', "5", "null"):
        with pytest.raises(InvalidQuery):
            cql.parse(cql.parse_json(text), SHELTERS)


def test_a_statement_is_kept_by_its_shape_and_not_by_its_values() -> None:
    shapes = {
        cql.parse(cql.parse_text(f"version > {n} AND manager = 'a{n}'"), SHELTERS).shape for n in range(9)
    }
    lists = {cql.parse(cql.parse_text(f"version IN (1{',2' * n})"), SHELTERS).shape for n in range(9)}
    assert len(shapes) == len(lists) == 1
