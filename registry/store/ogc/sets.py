"""SQL of what a list of features leaves open: who has no position, and what each condition keeps out."""

from typing import Any

import sqlalchemy as sa

from registry.domain.access.sight import Sight
from registry.domain.completeness import SEVERAL, Excluded, Exclusion
from registry.domain.ogc.cql import CqlFilter, FilterShape
from registry.domain.ogc.set_question import SetQuestion, UnlocatedRecord
from registry.store.database.pool import Reader, Row
from registry.store.database.query import Query, statement
from registry.store.ogc import cql
from registry.store.ogc.collection_source import source
from registry.store.schema.records import place
from registry.store.visibility import Shape, binds, shape

UNLOCATED = "unlocated-resources"
MOST_UNLOCATED = 1_000
"""Records without a position that are looked at one by one; all beyond are `more`."""
SIDES = ("XMin", "YMin", "XMax", "YMax")
_one: Any = sa.literal_column("1")


@statement
def _unlocated(form: Shape, filtered: FilterShape) -> Query:
    """Records that the filter does not refuse: it may be undecided, since they leave a value unknown."""
    rows = source(form, UNLOCATED)
    columns = rows.queryables.columns
    names = ("kind", "name_zh", "name_en", "location_quality", "candidate_places")
    found = sa.select(
        sa.cast(rows.key, sa.Text).label("id"), *(columns[name].label(name) for name in names)
    ).where(rows.seen, cql.expression(filtered, rows.queryables).is_not(sa.false()))
    most: Any = sa.literal_column(str(MOST_UNLOCATED + 1))
    few = found.order_by(rows.key).limit(most).subquery("few")
    sides = [getattr(sa.func, f"ST_{side}")(place.c.extent) for side in SIDES]
    boxes = sa.select(
        sa.func.array_agg(
            sa.case((place.c.extent.is_not(None), sa.func.concat_ws(sa.literal_column("' '"), *sides)))
        )
    )
    boxes = boxes.where(place.c.code == sa.any_(few.c.candidate_places))
    return Query(sa.select(few, boxes.scalar_subquery().label("boxes")))


async def unlocated(reader: Reader, sight: Sight, where: CqlFilter) -> list[UnlocatedRecord]:
    """Records without a position that the conditions do not exclude, one more than are looked at."""
    rows = await reader.rows(_unlocated(shape(sight), where.shape), binds(sight) | cql.values(where.values))
    return [_record(row) for row in rows]


def _record(row: Row) -> UnlocatedRecord:
    named = row["location_quality"] == "candidate_places" and row["boxes"]
    texts = row["boxes"] if named and None not in row["boxes"] else None
    boxes = None if texts is None else tuple(tuple(map(float, text.split())) for text in texts)
    reason = "candidate_places" if row["location_quality"] == "candidate_places" else "no_position"
    name = {"zh": row["name_zh"], "en": row["name_en"]}
    return UnlocatedRecord(row["id"], row["kind"], name, reason, boxes)  # type: ignore[arg-type]


@statement
def _excluded(form: Shape, name: str, within: FilterShape, shapes: tuple[FilterShape, ...]) -> Query:
    """For each condition, the rows that only it keeps out: those of unknown value, and the others."""
    rows = source(form, name)
    met = [cql.expression(one, rows.queryables) for one in shapes]
    misses: Any = sum(
        (sa.cast(one.is_not(sa.true()), sa.Integer) for one in met), start=sa.literal_column("0")
    )
    inner = sa.select(misses.label("misses"), *(one.label(f"c{n}") for n, one in enumerate(met)))
    inner_rows = (
        inner.select_from(rows.table)
        .where(rows.seen, cql.expression(within, rows.queryables))
        .subquery("judged")
    )
    only = inner_rows.c.misses == _one
    tests: dict[str, Any] = {"unknown": sa.null(), "otherwise": sa.false()}
    counts = [
        sa.func.count().filter(only, inner_rows.c[f"c{n}"].is_(value)).label(f"{label}{n}")
        for n in range(len(met))
        for label, value in tests.items()
    ]
    return Query(sa.select(sa.func.count().filter(inner_rows.c.misses > _one).label("several"), *counts))


async def excluded(reader: Reader, sight: Sight, question: SetQuestion) -> Excluded:
    """How many records of the collection each condition alone keeps out, and how many several do."""
    shapes = tuple(one.shape for one in question.conditions)
    query = _excluded(shape(sight), question.collection, question.within, shapes)
    row = await reader.row(query, binds(sight) | cql.values(question.filter.values))
    assert row is not None
    found = {
        one.name: Exclusion(not_stated=row[f"unknown{n}"], otherwise=row[f"otherwise{n}"])
        for n, one in enumerate(question.conditions)
    }
    return found | ({SEVERAL: Exclusion(otherwise=row["several"])} if len(shapes) > 1 else {})
