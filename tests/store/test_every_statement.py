"""Every statement of the store is prepared and planned, and what reads resources has a past.

Statements register themselves, and so do the factories that make them for a shape of sight and a set of
conditions. Each factory is called here with every shape, and with every value of its other parameters.
"""

import importlib
import inspect
import itertools
import pkgutil
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, get_args

import pytest
import sqlalchemy as sa

import registry.store
from registry.domain.crs import DEFAULT, SYSTEMS
from registry.domain.ogc import cql, items
from registry.domain.ogc.catalogue import COLLECTIONS, collection
from registry.domain.proximity.ranking import Rank
from registry.store import completeness, filters
from registry.store.access import audit
from registry.store.as_of import INSTANT, RECORDED
from registry.store.database.query import FACTORIES, QUERIES, Query
from registry.store.intake import intake_rows, intakes
from registry.store.ogc import features
from registry.store.proximity.knn_columns import TIERS
from registry.store.proximity.undecided import Way
from registry.store.schema.records import resource
from registry.store.visibility import Shape
from tests.builders import NOW

for found in pkgutil.walk_packages(registry.store.__path__, "registry.store."):
    importlib.import_module(found.name)
AT_IMPORT = sorted({q.text: q.module for q in QUERIES if q.module.startswith("registry.")}.items())
USUAL = [Shape(), Shape(past=True)]
SHAPES = [
    Shape(live, clearance, scoped, past)
    for past, live, clearance, scoped in itertools.product(
        [False, True], [True, False], ["public", "internal", "restricted"], [False, True]
    )
    if not scoped or clearance == "internal"
]
"""Every shape that a sight can have."""
CONDITIONS = [
    frozenset({"kind", "in_service"}),
    frozenset(),
    frozenset(filters.TERMS) - {"wrapped_bbox"},
    *(frozenset({"kind", name}) for name in sorted(filters.TERMS)),
]


def _window(*more: str) -> cql.FilterBuilder:
    wanted = cql.FilterBuilder(collection("shelters"))
    items.add_window(wanted, (106.5, 28.5, 106.55, 28.55))
    for text in more:
        wanted.add(cql.parse_text(text))
    return wanted


FLAG = [False, True]


def _named(name: str) -> cql.FilterBuilder:
    wanted = cql.FilterBuilder(collection("shelters"))
    items.add_name(wanted, name)
    return wanted


CQL = [
    features.EVERYTHING,
    *(
        wanted.build().shape
        for wanted in (
            _window(),
            _window("capacity_persons > 5", "level = 'town'"),
            _named("大河乡"),
            _named("避"),
            cql.FilterBuilder(collection("shelters")).add(cql.parse_text("lifecycle = 'in_service'")),
            cql.FilterBuilder(collection("shelters")).add(
                cql.parse_text("note LIKE 'a%' AND telephone IS NULL AND A_CONTAINS(sources, ('x'))")
            ),
        )
    ),
]


def _pages() -> Iterator[features.Listing]:
    for name in ("shelters", *COLLECTIONS):
        for nested in FLAG:
            yield features.Listing(Shape(), name, features.EVERYTHING, (), None, nested)
    yield features.Listing(Shape(), "shelters", features.EVERYTHING, (items.SortKey(items.DISTANCE),), None)
    by_name = (items.SortKey("name_zh"), items.SortKey("name_en", descending=True))
    for asked, nulls in itertools.product(CQL, [None, (False, False), (True, False)]):
        yield features.Listing(Shape(), "shelters", asked, by_name, nulls)


VALUES: dict[str, Sequence[Any]] = {
    "form": SHAPES,
    "present": CONDITIONS,
    "each": [(CONDITIONS[0],), (frozenset(), frozenset({"tier", "item"})), (frozenset({"q"}),) * 3],
    "ways": [
        (Way(CONDITIONS[0], ranked=True), Way(CONDITIONS[0], inside=True)),
        tuple(
            Way(CONDITIONS[2], *way)
            for way in [(True, False), (False, False), (False, True), (False, False, False)]
        ),
        *((Way(frozenset({name}), ranked=True),) for name in sorted(filters.OPEN)),
    ],
    "tier": TIERS,
    "rank": get_args(Rank),
    "crs": [DEFAULT, *SYSTEMS.values()],
    "name": ["shelters", *COLLECTIONS],
    "names": [("shelters",), tuple(COLLECTIONS), *((name,) for name in COLLECTIONS)],
    "filtered": CQL,
    "within": [features.EVERYTHING],
    "shapes": [(CQL[0],), tuple(CQL[1:4])],
    "how": ["kml", "wkb", "spot"],
    "is_all_located": FLAG,
    **dict.fromkeys(("drawn", "capped", "paged", "vague", "stated_radius", "one_bucket", "bounded"), FLAG),
    **dict.fromkeys(
        (
            "counted",
            "whole",
            "clustered",
            "narrow",
            "extents",
            "by_realm",
            "by_place",
            "located",
            "nested",
            "one",
        ),
        FLAG,
    ),
}
"""What each parameter of a factory may be, the usual value first."""
OWN: dict[str, dict[str, Sequence[Any]]] = {
    "completeness._counts": {"present": [frozenset(), completeness.LISTED]},
    "access.audit._find": {"present": [frozenset(), frozenset(audit.CLAUSES)]},
    "places.places._find": {
        "present": [
            frozenset(),
            frozenset({"level", "parent", "under", "q", "after"}),
            frozenset({"brief_q"}),
        ]
    },
    "plans.plans._find": {"present": [frozenset(), frozenset({"document", "kind", "subject", "place"})]},
    "plans.entries._find": {
        "present": [
            frozenset({"current"}),
            frozenset({"register", "registers", "id", "place", "above", "after", "current", "type", "about"}),
            frozenset({"register", "state", "hazard", "open", "incident", "current"}),
        ]
    },
    "intake.findings._open": {"conditions": [frozenset(), frozenset({"after", "resource", "code"})]},
    "intake.intakes._amend": {
        "columns": [frozenset({"state"}), frozenset({*intakes.AMENDED, *intakes.TIMES})]
    },
    "intake.report._groups": {"measures": [("capacity_persons", "area_m2"), ("personnel",)]},
    "intake.intake_rows._page": {"conditions": [frozenset(), frozenset(intake_rows.CLAUSES)]},
    "records.corrections._find": {
        "present": [frozenset(), frozenset({"subject", "state", "resource_id", "after"})]
    },
}
"""What they may be for the factories that have conditions of their own."""
Factory = Callable[..., Query]


def name_of(factory: Factory) -> str:
    return f"{factory.__module__.removeprefix('registry.store.')}.{factory.__qualname__}"


def arguments(factory: Factory) -> Iterator[dict[str, Any]]:
    """Every shape with every flag; then, now and in the past, every other value in its turn."""
    parameters = inspect.signature(factory).parameters
    values = {name: (VALUES | OWN.get(name_of(factory), {}))[name] for name in parameters}
    usual = {name: some[0] for name, some in values.items()}
    product = {name: some for name, some in values.items() if name == "form" or some is FLAG}
    for some in itertools.product(*product.values()):
        yield usual | dict(zip(product, some, strict=True))
    for name in values.keys() - product.keys():
        for value, form in itertools.product(values[name][1:], USUAL):
            yield usual | {name: value} | ({"form": form} if "form" in values else {})


def every(factory: Factory) -> Iterator[tuple[Shape | None, Query]]:
    if factory is features._page:
        for n, page in enumerate(_pages()):
            for form in USUAL if n % 10 else SHAPES:
                yield form, factory(page._replace(sight=form), DEFAULT, True)
        return
    for given in arguments(factory):
        yield given.get("form"), factory(**given)


async def plan(conn: Any, text: str, count: int) -> str:
    """The one plan of a statement for whatever values."""
    await conn.execute(f"PREPARE tried AS {text}")
    nulls = f"({', '.join(['NULL'] * count)})" if count else ""
    rows = await conn.fetch(f"EXPLAIN EXECUTE tried{nulls} /* {hash(text)}, asked once */")
    await conn.execute("DEALLOCATE tried")
    return "\n".join(row[0] for row in rows)


def common_tables(text: str) -> Iterator[str]:
    """The common table expressions of a statement, each with its name and its text."""
    for found in re.finditer(r"\w+ AS (MATERIALIZED )?\n?\(", text):
        end, depth = found.end(), 1
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        if "SELECT" in text[found.end() : found.end() + 10]:
            yield text[found.start() : end]


@pytest.mark.parametrize("factory", FACTORIES, ids=name_of)
async def test_every_statement_of_a_factory_is_planned(conn, factory) -> None:
    """A question about real life reads nothing of the exercises, and no statement computes anything twice."""
    made = {query.text: (form, query) for form, query in every(factory)}
    await conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    for text, (form, query) in made.items():
        if "FOR UPDATE" in text and form is not None and form.past:
            continue  # no one may lock the past
        repeated = [once for once, n in Counter(common_tables(text)).items() if n > 1]
        assert not repeated, f"written out again wherever it is used: {repeated[0][:200]}"
        shown = await plan(conn, text, len(query.names))
        if form is not None and form.live and query.names.count("realm") == 0:
            assert "resource_exercise" not in shown, shown


@pytest.mark.parametrize("module", sorted({module for _, module in AT_IMPORT}))
async def test_every_other_statement_is_planned(conn, module) -> None:
    for text in [text for text, made_by in AT_IMPORT if made_by == module]:
        if text.startswith(("ALTER ", "SET ")):
            continue  # PREPARE takes no utility statement
        await conn.execute(f"PREPARE tried AS {text}")
        await conn.execute("DEALLOCATE tried")


def test_the_modules_make_as_many_statements_as_they_ever_did() -> None:
    assert len(AT_IMPORT) > 100
    assert len(FACTORIES) > 40


@pytest.mark.parametrize(
    "factory", [f for f in FACTORIES if "form" in inspect.signature(f).parameters], ids=name_of
)
def test_what_reads_resources_has_a_past(factory) -> None:
    made = dict(every(factory))
    present, past = (made[form] for form in USUAL)
    if present.present:
        assert not past.present
        assert INSTANT.key in past.names
        assert "FROM resource_past" in past.text


def test_a_statement_cannot_read_the_present_for_the_past() -> None:
    present = Query(sa.select(resource.c.id))
    assert present.args({INSTANT.key: None}) == []
    with pytest.raises(ValueError, match="reads the present"):
        present.args({INSTANT.key: NOW})
    with pytest.raises(ValueError, match="reads the present"):
        Query(sa.text("SELECT count(*) FROM resource")).args({INSTANT.key: NOW})
    assert Query(sa.select(RECORDED.c.id)).args({INSTANT.key: NOW}) == [NOW]


@pytest.mark.parametrize(
    "mixed",
    [
        sa.select(RECORDED.c.id).where(resource.c.id == RECORDED.c.id),
        sa.union_all(sa.select(RECORDED.c.id), sa.select(resource.c.id)),
        sa.select(RECORDED.c.id, sa.select(sa.func.count()).select_from(resource).scalar_subquery()),
        sa.select(RECORDED.c.id).where(sa.exists().where(resource.c.kind == "shelter")),
    ],
)
def test_a_statement_cannot_mix_the_past_with_the_present(mixed) -> None:
    with pytest.raises(ValueError, match="the present and the past"):
        Query(mixed)
